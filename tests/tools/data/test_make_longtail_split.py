"""The split tool: files written, refusals, the published list."""

from __future__ import annotations

import json
import os
import pickle
import subprocess
import sys
from pathlib import Path

import make_longtail_split
import numpy as np
import pytest
from make_longtail_split import BENCHMARK_NAMES, main

from shapmix_mm.datasets import BENCHMARKS, names_digest, read_name_list


@pytest.fixture
def names(tmp_path):
    """Three classes of 20, 12 and 5 training samples, 4 others each."""
    path = tmp_path / 'all.txt'
    lines = [
        f'S001C001P{p:03d}R{r:03d}A{a:03d}'
        for a, sizes in enumerate([(20, 4), (12, 4), (5, 4)], 1)
        for p, size in zip((1, 3), sizes)
        for r in range(1, size + 1)
    ]
    path.write_text('\n'.join(lines))
    return path


def run(*args):
    return main([str(arg) for arg in args])


def test_three_files(names, tmp_path, capsys):
    out = tmp_path / 'new' / 'list.txt'
    code = run(
        '--names', names, '--benchmark', 'ntu60_xsub', '--num-classes',
        3, '--n-max', 18, '--imbalance', 9, '--thresholds', 5, 10,
        '--out', out,
    )  # fmt: skip
    assert code == 0
    kept = read_name_list(out)
    manifest = json.loads((tmp_path / 'new' / 'list.txt.json').read_text())
    plot = (tmp_path / 'new' / 'list.txt.png').read_bytes()
    assert len(kept) == len(set(kept)) == 18 + 6 + 2
    assert all('P001' in name for name in kept)
    assert manifest['counts'] == [18, 6, 2]
    assert manifest['groups'] == dict(many=1, medium=1, few=1)
    assert manifest['thresholds'] == dict(few=5, many=10)
    assert manifest['imbalance_achieved'] == 9
    assert manifest['longtail']['names'] == 'performer'
    assert manifest['names_sha256'] == names_digest(kept)
    assert manifest['source']['file'] == 'all.txt'
    assert plot.startswith(b'\x89PNG')
    table = capsys.readouterr().out
    assert '26 of 37' in table
    assert manifest['names_sha256'] in table
    assert sorted(os.listdir(out.parent)) == [
        'list.txt',
        'list.txt.json',
        'list.txt.png',
    ]
    # On a bound is between them.
    run(
        '--names', names, '--benchmark', 'ntu60_xsub', '--num-classes',
        3, '--n-max', 18, '--imbalance', 9, '--thresholds', 6, 18,
        '--out', out, '--overwrite',
    )  # fmt: skip
    manifest = json.loads((tmp_path / 'new' / 'list.txt.json').read_text())
    assert manifest['groups'] == dict(many=0, medium=2, few=1)


def test_same_command_same_bytes(names, tmp_path):
    for i in range(2):
        args = ['--names', names, '--imbalance', 4, '--seed', 5]
        assert run(*args, '--out', tmp_path / f'{i}.txt') == 0
    first, second = (tmp_path / f'{i}.txt' for i in range(2))
    assert first.read_bytes() == second.read_bytes()
    manifests = [Path(f'{path}.json').read_text() for path in (first, second)]
    assert manifests[0] == manifests[1]


@pytest.mark.parametrize('there', ['', '.json', '.png'])
def test_overwrites_on_request_only(names, tmp_path, capsys, there):
    out = tmp_path / 'list.txt'
    old = Path(f'{out}{there}')
    old.write_text('precious')
    args = ['--names', names, '--imbalance', 2, '--out', out]
    assert run(*args) == 2
    assert f'{old} is there already' in capsys.readouterr().err
    assert old.read_text() == 'precious'
    assert sorted(os.listdir(tmp_path)) == sorted(['all.txt', old.name])
    assert run(*args, '--overwrite') == 0
    assert old.read_bytes() != b'precious'


def test_failure_leaves_nothing(names, tmp_path, capsys, monkeypatch):
    def fail(*args, **kwargs):
        raise ValueError('no plot today')

    monkeypatch.setattr('shapmix_mm.visualization.plot_class_counts', fail)
    out = tmp_path / 'list.txt'
    assert run('--names', names, '--out', out, '--imbalance', 2) == 2
    assert 'error: no plot today' in capsys.readouterr().err
    assert os.listdir(tmp_path) == ['all.txt']


@pytest.mark.parametrize(
    ('extra', 'message'),
    [
        (['--imbalance', '0.5'], 'imbalance=0.5 should be'),
        (['--profile', 'counts', '--counts', '3,2'], '2 entries where'),
        (['--order', '0,1'], 'order names 2 classes where the data have 3'),
        (['--benchmark', 'ntu60_xsub'], 'without a sample'),
        (['--names', 'none.txt'], 'none.txt does not exist'),
        (['--seed', '-1'], 'seed'),
    ],
)
def test_bad_input(names, tmp_path, capsys, extra, message):
    out = tmp_path / 'list.txt'
    assert run('--names', names, '--out', out, *extra) == 2
    error = capsys.readouterr().err
    assert error.startswith('error: ')
    assert message in error
    assert not out.exists()


def test_annotation_file(tmp_path, capsys):
    names = [f'n{k}_{i}' for k in range(3) for i in range(4 + 3 * k)]
    content = dict(
        split=dict(train=names[:-2], val=names[-2:]),
        annotations=[
            dict(
                frame_dir=name,
                label=int(name[1]),
                total_frames=2,
                keypoint=np.zeros((1, 2, 5, 3), np.float32),
            )
            for name in names
        ],
        classes=['sit', 'run', 'fall'],
    )
    path = tmp_path / 'mine.pkl'
    path.write_bytes(pickle.dumps(content))
    args = ['--ann-file', path, '--split', 'train', '--order', 'descending']
    out = tmp_path / 'list.txt'
    assert run(*args, '--imbalance', 4, '--out', out) == 0
    manifest = json.loads(Path(f'{out}.json').read_text())
    # 4, 7 and 8 samples are there; 8, 4, 2 is the largest fit.
    assert manifest['counts'] == [2, 4, 8]
    assert manifest['split'] == 'train'

    listed = ['--profile', 'list', '--list', out]
    again = tmp_path / 'again.txt'
    assert run(*args, *listed, '--out', again) == 0
    assert again.read_bytes() == out.read_bytes()

    assert run('--ann-file', path, '--split', 'tr', '--out', 'x') == 2
    assert "has no split 'tr'" in capsys.readouterr().err


def test_names_are_written_as_they_are_read_whatever_the_locale(tmp_path):
    listed = [f'geh\u00f6rt_{i}' for i in range(4)]
    source, out = tmp_path / 'all.txt', tmp_path / 'list.txt'
    lines = (f'{name} {i % 2}' for i, name in enumerate(listed))
    source.write_text('\n'.join(lines), encoding='utf-8')
    plain = dict(LC_ALL='C', PYTHONUTF8='0', PYTHONCOERCECLOCALE='0')
    tool = make_longtail_split.__file__
    args = ['--names', source, '--imbalance', '1', '--out', out]
    subprocess.run(
        [sys.executable, tool, *args], check=True, env={**os.environ, **plain}
    )
    assert sorted(read_name_list(out)) == listed


def test_without_a_split_no_validation_sample_is_drawn(tmp_path, capsys):
    """Training and validation samples were once drawn from together."""
    names = [f'c{i}' for i in range(12)]
    content = dict(
        split=dict(my_train=names[:8], my_val=names[8:]),
        annotations=[
            dict(frame_dir=name, label=i % 2) for i, name in enumerate(names)
        ],
    )
    path, out = tmp_path / 'a.pkl', tmp_path / 'o.txt'
    path.write_bytes(pickle.dumps(content))
    args = ['--ann-file', path, '--imbalance', '2', '--out', out]
    assert run(*args) == 0
    assert set(read_name_list(out)) <= set(names[:8])
    manifest = json.loads(Path(f'{out}.json').read_text())
    assert manifest['split'] == 'my_train'
    content['split'] = dict(xsub_train=names[:8], xview_train=names[4:])
    path.write_bytes(pickle.dumps(content))
    assert run(*args, '--overwrite') == 2
    err = capsys.readouterr().err
    assert "--split; it has ['xsub_train', 'xview_train']" in err
    # A file without splits has nothing to keep apart.
    del content['split']
    path.write_bytes(pickle.dumps(content))
    assert run(*args, '--overwrite') == 0
    assert json.loads(Path(f'{out}.json').read_text())['split'] is None


def test_names_have_no_split(names, capsys):
    with pytest.raises(SystemExit):
        run('--names', names, '--split', 'train', '--out', 'x')
    assert '--split goes with --ann-file' in capsys.readouterr().err


def test_benchmarks_are_those_of_the_package():
    assert set(BENCHMARK_NAMES) == set(BENCHMARKS)


@pytest.mark.real_data
def test_published_list(shared_dir, tmp_path, capsys):
    listed = shared_dir / 'data' / 'ntu120_sample_names.txt.xz'
    out = tmp_path / 'list.txt'
    args = ['--names', listed, '--benchmark', 'ntu120_xsub']
    assert run(*args, '--imbalance', 100, '--out', out) == 0
    manifest = json.loads(Path(f'{out}.json').read_text())
    assert manifest['num_samples'] == len(read_name_list(out)) == 15600
    assert manifest['groups'] == dict(many=47, medium=41, few=32)
    assert manifest['names_sha256'].startswith('bf56891da138b160')
    assert '15600 of 63026' in capsys.readouterr().out
