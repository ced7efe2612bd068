"""The tool on dumped results with figures worked out by hand."""

import csv
import json
import pickle
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from fuse_scores import main
from mmengine.evaluator import DumpResults

ROOT = Path(__file__).resolve().parents[3]
TOOL = ROOT / 'tools/analysis/fuse_scores.py'
# Class 0 is many-shot, 1 medium, 2 few; two samples of each.
NAMES = ('a0', 'a1', 'b0', 'b1', 'c0', 'c1')
LABELS = (0, 0, 1, 1, 2, 2)
JOINT = [
    *([0.9, 0.1, 0.0], [0.6, 0.4, 0.0], [0.6, 0.4, 0.0]),
    *([0.3, 0.7, 0.0], [0.5, 0.1, 0.4], [0.8, 0.1, 0.1]),
]
BONE = [
    *([0.5, 0.5, 0.0], [0.3, 0.7, 0.0], [0.1, 0.9, 0.0]),
    *([0.6, 0.4, 0.0], [0.2, 0.1, 0.7], [0.5, 0.3, 0.2]),
]


def dump(path, scores, names=NAMES, labels=LABELS, order=None):
    """As a test with the stock metric leaves it."""
    batch = torch.tensor(scores)
    samples = [
        dict(
            pred_score=batch[i],
            gt_label=torch.tensor([labels[i]]),
            **(dict(frame_dir=names[i]) if names else {}),
        )
        for i in (order or range(len(scores)))
    ]
    metric = DumpResults(str(path))
    metric.process(None, samples)
    metric.evaluate(len(samples))
    return str(path)


@pytest.fixture
def files(tmp_path):
    return (
        dump(tmp_path / 'joint.pkl', JOINT),
        dump(tmp_path / 'bone.pkl', BONE, order=[5, 3, 1, 0, 2, 4]),
    )


@pytest.fixture
def counts(tmp_path):
    path = tmp_path / 'list.json'
    path.write_text(json.dumps(dict(counts=[200, 50, 5])))
    return str(path)


def test_streams_and_fusion_by_hand(files, counts, tmp_path, capsys):
    out = [str(tmp_path / 'deep' / name) for name in ('f.csv', 'f.json')]
    given = [*files, '--preset', '2s', '--class-counts', counts]
    assert main([*given, '--out', *out]) == 0
    with open(out[0]) as stream:
        joint, bone, fused = csv.DictReader(stream)
    figures = ('overall', 'mean_class', 'many', 'medium', 'few')
    # Joint: both of a, one of b, none of c.
    assert [float(joint[k]) for k in figures] == [0.5, 0.5, 1, 0.5, 0]
    # Bone: a0 is a tie, which the lower class wins; b0; c0.
    assert [float(bone[k]) for k in figures] == [0.5, 0.5, 0.5, 0.5, 0.5]
    # a0 1.4:.6, a1 .9:1.1, b0 .7:1.3, b1 .9:1.1, c0 .7:.2:1.1, c1 1.3:.4:.3
    values = [float(fused[k]) for k in figures]
    assert values == pytest.approx([4 / 6, 4 / 6, 0.5, 1, 0.5])
    assert fused['stream'] == 'fused' and joint['stream'] == 'joint'
    written = json.loads(Path(out[1]).read_text())
    assert written['samples'] == 6 and written['files'][1] == 'bone.pkl'
    assert written['rows'][2]['medium'] == 1
    printed = re.sub(' +', ' ', capsys.readouterr().out)
    assert '| fused | | 66.67 |' in printed
    # As every output with groups, it says what they are.
    assert 'groups: many > 100 training samples, few < 20' in printed


def test_groups_from_a_per_class_file_and_thresholds(files, tmp_path):
    path = tmp_path / 'per_class.csv'
    path.write_text('class,training_count\n0,9\n1,5\n2,1\n')
    out = str(tmp_path / 'f.json')
    given = [*files, '--class-counts', str(path), '--many', '6', '--few', '2']
    assert main([*given, '--out', out]) == 0
    joint = json.loads(Path(out).read_text())['rows'][0]
    assert (joint['many'], joint['medium'], joint['few']) == (1, 0.5, 0)
    assert main([*files, '--out', out]) == 0
    assert json.loads(Path(out).read_text())['rows'][0]['many'] is None


def test_groups_of_a_per_class_file_are_those_of_its_run(
    files, tmp_path, capsys
):
    """A run with thresholds of its own, by which class 1 is few-shot."""
    path = tmp_path / 'per_class.csv'
    out = str(tmp_path / 'f.json')
    text = 'class,training_count,group\n0,9,many\n1,5,few\n2,1,few\n'
    path.write_text(text)
    given = [*files, '--class-counts', str(path), '--out', out]
    assert main(given) == 0
    joint = json.loads(Path(out).read_text())['rows'][0]
    assert (joint['many'], joint['medium'], joint['few']) == (1, None, 0.25)
    told = 'groups: those of per_class.csv: many 9 to 9, few 1 to 5 training'
    assert told in capsys.readouterr().out
    # What is given overrides them.
    assert main([*given, '--many', '6', '--few', '2']) == 0
    joint = json.loads(Path(out).read_text())['rows'][0]
    assert (joint['many'], joint['medium'], joint['few']) == (1, 0.5, 0)
    assert 'groups: many > 6 training' in capsys.readouterr().out
    path.write_text(text.replace('1,few', '1,many'))
    assert main(given) == 2
    assert 'do not follow its training counts' in capsys.readouterr().err


def test_groups_from_the_config_that_was_tested(files, tmp_path):
    clips = [
        dict(
            frame_dir=f'{part}{k}_{i}',
            label=k,
            total_frames=1,
            keypoint=np.ones((1, 1, 25, 3), np.float32),
        )
        for part, num in (('train', (7, 4, 1)), ('test', (1, 1, 1)))
        for k in range(3)
        for i in range(num[k])
    ]
    split = {
        part: [c['frame_dir'] for c in clips if c['frame_dir'][:4] == part[:4]]
        for part in ('train', 'test')
    }
    data = tmp_path / 'data.pkl'
    data.write_bytes(pickle.dumps(dict(split=split, annotations=clips)))
    config = tmp_path / 'config.py'
    config.write_text(
        "test_dataloader = dict(dataset=dict(type='LongTailedPoseDataset',"
        f" ann_file={str(data)!r}, split='test', test_mode=True,"
        ' pipeline=[]))\n'
        "test_evaluator = dict(type='LongTailMetric', many=5, few=2)\n"
    )
    out = str(tmp_path / 'f.json')
    given = [*files, '--class-counts', str(config)]
    assert main([*given, '--out', out]) == 0
    joint = json.loads(Path(out).read_text())['rows'][0]
    assert (joint['many'], joint['medium'], joint['few']) == (1, 0.5, 0)


def test_weights_come_from_held_out_samples_alone(files, tmp_path):
    names = tmp_path / 'held.txt'
    # On these bone is right and joint is not.
    names.write_text('b0\nc0\n')
    out = str(tmp_path / 'f.json')
    given = [*files, '--search', '--held-out', str(names), '--steps', '2']
    assert main([*given, '--out', out]) == 0
    found = json.loads(Path(out).read_text())
    assert found['samples'] == 4
    # Even weights are right too, and are the most even.
    assert [row['weight'] for row in found['rows']] == [0.5, 0.5, None]
    assert found['rows'][0]['overall'] == 0.75


def test_weights_from_dumps_of_another_part(files, tmp_path, capsys):
    other = [f'held_{name}' for name in NAMES]
    held = [
        dump(tmp_path / 'j.pkl', JOINT, other),
        dump(tmp_path / 'b.pkl', BONE, other),
    ]
    assert main([*files, '--search', '--held-out', *held]) == 0
    assert '6 samples; weights searched on 6' in capsys.readouterr().out
    assert main([*files, '--search', '--held-out', *files]) == 2
    assert "among the results, 'a0'" in capsys.readouterr().err
    assert main([*files, '--search', '--held-out', held[0]]) == 2
    told = 'error: held-out results have {}, the others {}\n'
    message = told.format('1 streams', '2 streams')
    assert capsys.readouterr().err == message
    # Scores of another kind would be weighed by their size.
    for path, scores in zip(held, (JOINT, BONE)):
        dump(path, [[9 * score for score in row] for row in scores], other)
    assert main([*files, '--search', '--held-out', *held]) == 2
    message = told.format('raw scores', 'probabilities')
    assert capsys.readouterr().err == message


@pytest.mark.parametrize(
    'change, words',
    [
        (dict(names=(*NAMES[:5], 'c9')), "lacks sample 'c1'"),
        (dict(labels=(*LABELS[:5], 1)), "'c1' has label 2 in"),
        (dict(names=None), 'holds no names of samples'),
    ],
)
def test_other_samples_are_refused(files, tmp_path, change, words, capsys):
    other = dump(tmp_path / 'other.pkl', BONE, **change)
    assert main([files[0], other]) == 2
    message = capsys.readouterr().err
    assert message.startswith('error: ') and message.count('\n') == 1
    assert words in message and 'other.pkl' in message


@pytest.mark.parametrize(
    'more, words',
    [
        (['--preset', '4s'], '4 weights for 2 results'),
        (['--weights', '1'], '1 weights for 2 results'),
        (['--many', '5'], 'go with --class-counts'),
        (['--class-counts', 'absent.json'], 'absent.json does not exist'),
        (['--out', 'f.txt'], 'end in .csv or .json'),
        (['--scores', 'softmax'], 'holds probabilities already'),
        (
            ['--by-order', '--search', '--held-out', 'x.txt'],
            'bone.pkl',  # its order is another one
        ),
    ],
)
def test_options_that_do_not_fit_end_in_one_line(files, more, words, capsys):
    assert main([*files, *more]) == 2
    message = capsys.readouterr().err
    assert words in message and message.count('\n') == 1


def test_by_order_goes_where_names_are_missing(tmp_path, capsys):
    same = [
        dump(tmp_path / 'j.pkl', JOINT, None),
        dump(tmp_path / 'b.pkl', BONE, None),
    ]
    assert main([*same, '--by-order']) == 0
    assert main([*same, '--by-order', '--search', '--held-out', 'x.txt']) == 2
    assert 'does not go with --by-order' in capsys.readouterr().err
    assert main([same[0], same[0], '--by-order']) == 2
    assert 'named twice' in capsys.readouterr().err


def test_help_needs_nothing_but_python():
    done = subprocess.run(
        [sys.executable, '-S', str(TOOL), '--help'],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0 and '--held-out' in done.stdout


@pytest.mark.parametrize('steps', ['0', '-1', '1.5', 'x'])
def test_steps_are_a_positive_integer(files, capsys, steps):
    with pytest.raises(SystemExit) as caught:
        main([*files, '--search', '--held-out', 'x.txt', '--steps', steps])
    assert caught.value.code == 2
    told = f'--steps: expected a positive integer, got {steps}'
    assert told in capsys.readouterr().err


@pytest.mark.parametrize(
    'text, words',
    [
        ('a = dict(\nb = 1\n', ', or a file that it builds on, is no valid'),
        ('model = dict()\n', ' has no test_dataloader'),
    ],
)
def test_a_config_without_counts_ends_in_one_line(
    files, tmp_path, capsys, text, words
):
    path = tmp_path / 'bad.py'
    path.write_text(text)
    assert main([*files, '--class-counts', str(path)]) == 2
    message = capsys.readouterr().err
    assert message.startswith('error: ') and message.count('\n') == 1
    assert f'config {path}{words}' in message
