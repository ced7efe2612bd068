"""A search sees training samples only, and gives every method the same."""

from __future__ import annotations

import csv
import importlib.util
import json
import lzma
import pickle
import shutil
from pathlib import Path

import numpy as np
import pytest
import yaml
from mmengine.config import Config
from scipy import stats

from shapmix_mm.config.mixins import load_config
from shapmix_mm.datasets.prepare.command import prepare
from shapmix_mm.datasets.prepare.nw_ucla import convert_nw_ucla
from shapmix_mm.datasets.prepare.penn_action import convert_penn_action
from shapmix_mm.datasets.prepare.sbu import FOLDS, convert_sbu
from shapmix_mm.datasets.prepare.utd_mhad import convert_utd_mhad
from shapmix_mm.runs.search import (
    Search,
    compare_values,
    hold_out,
    joint_trial,
    names_digest,
    rank_trials,
    read_searches,
    star_trials,
    suite_of,
)

ROOT = Path(__file__).resolve().parents[2]
RESULTS = ROOT / 'docs' / 'results'
TOOL = ROOT / 'tools' / 'benchmark' / 'search.py'
SEARCHES = [
    pytest.param(path, name, id=f'{path.stem}-{name}' if name else path.stem)
    for path in sorted((TOOL.parent / 'searches').glob('*.yaml'))
    for name in read_searches(path)
]
# Settings of a blend or hook that the plain leaf has not.
MIXING = ('+model.data_preprocessor.blending.', '+custom_hooks.')
FAKE = next(ROOT.glob('tests/*/fake_trainer.py'))


def make(**changes):
    content = dict(
        dataset='tiny',
        train_split='xsub_train',
        group='subject',
        every=3,
        longtail=dict(n_max=4, imbalance=2),
        methods=['ce', {'mix': {'leaf': 'ce', 'options': {'b': 1}}}],
        seeds=[0, 1],
        space={
            'width': {16: {}, 32: {'model.width': 32}},
            'rate': {0.1: {}, 0.2: {'lr': 0.2}, 0.3: {'lr': 0.3}},
            'passes': {10: {'epochs': 10}, 20: {'epochs': 20}},
        },
    )
    return Search.model_validate({**content, **changes})


def find_search(name):
    return read_searches(TOOL.parent / 'searches' / f'{name}.yaml')['']


def load_tool():
    spec = importlib.util.spec_from_file_location('search', TOOL)
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    return tool


@pytest.fixture
def source(tmp_path):
    """Subjects 1 to 12 with four clips each; the even ones test."""
    annotations = [
        dict(
            frame_dir=f's{subject:02d}_{take}',
            label=take % 2,
            total_frames=3,
            keypoint=np.ones((1, 3, 25, 3), dtype=np.float32),
            subject=subject,
        )
        for subject in range(1, 13)
        for take in range(4)
    ]
    names = [a['frame_dir'] for a in annotations]
    split = dict(
        xsub_train=[n for n in names if int(n[1:3]) % 2],
        xsub_val=[n for n in names if not int(n[1:3]) % 2],
    )
    path = tmp_path / 'tiny.pkl'
    path.write_bytes(
        pickle.dumps(
            dict(split=split, annotations=annotations, classes=['a', 'b'])
        )
    )
    return path


def test_whole_subjects_of_the_training_split_are_held_out(source):
    data, manifest = hold_out(make(), source)
    subjects = {a['frame_dir']: a['subject'] for a in data['annotations']}
    split = {k: {subjects[n] for n in v} for k, v in data['split'].items()}
    assert split == dict(train={1, 3, 7, 9}, val={5, 11})
    assert set(subjects.values()) == {1, 3, 5, 7, 9, 11}
    assert manifest['held_out'] == [5, 11]
    assert manifest['trained_on'] == [1, 3, 7, 9]
    assert manifest['samples'] == dict(train=16, val=8)
    assert manifest['sha256']['val'] == names_digest(
        reversed(data['split']['val'])
    )
    assert data['classes'] == ['a', 'b']


def test_a_search_may_be_kept_from_groups_that_another_fold_tests(source):
    data, manifest = hold_out(make(keep=[1, 3, 5], every=2), source)
    assert manifest['held_out'] == [3] and manifest['trained_on'] == [1, 5]
    assert {a['subject'] for a in data['annotations']} == {1, 3, 5}


def test_without_subjects_successive_names_stay_together(source):
    data, manifest = hold_out(make(group=None, every=2), source)
    names = sorted(a['frame_dir'] for a in data['annotations'])
    assert data['split']['val'] == names[10:20]
    assert manifest['held_out'] == [1] and manifest['trained_on'] == [0, 2]


def test_too_few_groups_are_refused(source):
    with pytest.raises(ValueError, match='6 groups .* one in 7'):
        hold_out(make(every=7), source)


def test_each_value_is_tried_by_itself_once():
    trials = star_trials(make())
    first = dict(width='16', rate='0.1', passes='10')
    assert [t.labels for t in trials] == [
        first,
        {**first, 'width': '32'},
        {**first, 'rate': '0.2'},
        {**first, 'rate': '0.3'},
        {**first, 'passes': '20'},
    ]
    assert [t.number for t in trials] == [0, 1, 2, 3, 4]
    assert trials[3].options == {'lr': 0.3, 'epochs': 10}


def rows(scores):
    """Both methods' accuracies of each trial."""
    return [
        dict(method=f'{method}-t{number:02d}', seed=0, mean_class=value)
        for number, pair in enumerate(scores)
        for method, value in zip(('ce', 'mix'), pair)
    ]


def test_trials_are_ranked_by_the_mean_over_methods():
    trials = star_trials(make())
    scores = [(0.5, 0.7), (0.9, 0.1), ('0.6', 0.64), (0.7, 0.72), ('', 0.9)]
    ranked = rank_trials(rows(scores), trials)
    # What is not finished has no place.
    assert [entry['trial'] for entry in ranked] == [3, 2, 0, 1]
    assert ranked[0]['score'] == pytest.approx(0.71)
    assert ranked[0]['methods'] == dict(ce=0.7, mix=0.72)


def test_the_best_value_of_every_dimension_is_taken_together():
    search = make()
    trials = star_trials(search)
    scores = [(0.5, 0.5), (0.4, 0.4), (0.6, 0.6), (0.7, 0.7), (0.55, 0.55)]
    joint = joint_trial(search, trials, rank_trials(rows(scores), trials))
    assert joint.labels == dict(width='16', rate='0.3', passes='20')
    # The sixth of all settings, behind the five trials.
    assert joint.number == 10 and joint.options == {'lr': 0.3, 'epochs': 20}
    # A single change that alone is better is there already.
    scores[4] = scores[0]
    joint = joint_trial(search, trials, rank_trials(rows(scores), trials))
    assert joint is trials[3]


def test_every_method_gets_every_trial_and_all_data_are_held_out():
    search = make()
    inner = dict(type='D', ann_file='x', split='s', train_split='s')
    inner['longtail'] = dict(n_max=9, imbalance=9)
    cfg = Config(
        dict(
            train_dataloader=dict(dataset=dict(times=5, dataset=inner)),
            val_dataloader=dict(dataset=inner),
            test_dataloader=dict(dataset=inner),
        )
    )
    suite = suite_of(search, star_trials(search), [7], cfg, Path('held.pkl'))
    assert len(suite['methods']) == 10 and suite['seeds'] == [7]
    assert suite['methods'][7] == {
        'mix-t03': dict(leaf='ce', options={'b': 1, 'lr': 0.3}, epochs=10)
    }
    ((_, dataset),) = suite['datasets'][0].items()
    cfg.merge_from_dict(
        {k.lstrip('+'): v for k, v in dataset['options'].items()}
    )
    for node, split in (
        (cfg.train_dataloader.dataset.dataset, 'train'),
        (cfg.val_dataloader.dataset, 'val'),
        (cfg.test_dataloader.dataset, 'val'),
    ):
        assert node.ann_file == 'held.pkl' and node.split == split
        assert node.train_split == 'train'
        assert node.longtail == dict(n_max=4, imbalance=2)


def test_a_set_of_which_more_can_be_made_is_not_read_at_all(source, tmp_path):
    leaf = tmp_path / 'configs' / 'ctrgcn_ce_tiny.py'
    leaf.parent.mkdir()
    own = tmp_path / 'own.pkl'
    for loader in ('train', 'val', 'test'):
        inner = dict(type='D', ann_file=str(own), split='s', train_split='s')
        with open(leaf, 'a') as stream:
            stream.write(f'{loader}_dataloader = dict(dataset={inner})\n')
    cfg = Config.fromfile(leaf)
    tool = load_tool()
    search = make(ann_file=str(source), longtail=dict(profile='exp', n_max=4))
    held_out = tool.prepare(search, cfg, tmp_path / 'root')
    # The set's own file is not even there.
    manifest = json.loads((tmp_path / 'root/manifest.json').read_text())
    assert manifest['source'] == str(source)
    suite = suite_of(search, star_trials(search)[:1], [0], cfg, held_out)
    ((_, dataset),) = suite['datasets'][0].items()
    options = {k.lstrip('+'): v for k, v in dataset['options'].items()}
    cfg.merge_from_dict(options)
    # The leaf's own file is long-tailed by itself: it has no profile.
    assert cfg.train_dataloader.dataset.longtail == dict(
        profile='exp', n_max=4
    )


def test_unknown_keys_are_refused(tmp_path):
    path = tmp_path / 's.yaml'
    path.write_text(yaml.safe_dump({**make().model_dump(), 'budget': 3}))
    with pytest.raises(ValueError, match='budget'):
        read_searches(path)


def write_rules(folder, sets=('one', 'two'), **changes):
    """A search of rules beside the searches of two sets."""
    for number, name in enumerate(sets, 1):
        content = make(keep=[1, 3, 5, 7, 9, 11][:-number]).model_dump()
        (folder / f'{name}.yaml').write_text(yaml.safe_dump(content))
    rules = dict(
        sets=list(sets),
        methods=['mix'],
        seeds=[0, 1],
        screen=2,
        space={
            'draw': {'flat': {}, 'sharp': {'model.cls_head.dropout': 0.5}},
            'label': {'area': {}, 'seen': {'model.cls_head.dropout': 0.1}},
        },
    )
    path = folder / 'rules.yaml'
    path.write_text(yaml.safe_dump({**rules, **changes}))
    return path


def test_rules_take_who_is_held_out_from_the_searches_that_they_name(tmp_path):
    found = read_searches(write_rules(tmp_path))
    assert list(found) == ['one', 'two']
    # Of their own they have all the rest.
    for name, last in (('one', 9), ('two', 7)):
        assert found[name].keep == [1, 3, 5, 7, 9][: last // 2 + 1]
        assert found[name].longtail == dict(n_max=4, imbalance=2)
        assert found[name].methods == ['mix'] and found[name].screen == 2
        assert list(found[name].space) == ['draw', 'label']


@pytest.mark.parametrize(
    'changes, message',
    [
        (dict(every=2), r"rules.yaml: \['every'\] beside sets"),
        (dict(sets=['one', 'three']), r'sets: no .*three\.yaml'),
    ],
)
def test_rules_with_a_set_of_their_own_or_unknown_are_refused(
    changes, message, tmp_path
):
    path = write_rules(tmp_path)
    content = {**yaml.safe_load(path.read_text()), **changes}
    path.write_text(yaml.safe_dump(content))
    with pytest.raises(ValueError, match=message):
        read_searches(path)


def test_a_dimension_by_itself_has_the_trials_of_the_whole():
    search = make()
    trials = star_trials(search)
    assert star_trials(search, ['rate']) == [trials[0], *trials[2:4]]
    # A joint setting has a number that neither the whole nor another has.
    numbers = {trial.number for trial in trials}
    for better in ([1, 2], [1, 3], [1, 4], [2, 4], [3, 4], [1, 2, 4]):
        ranked = [dict(labels=trials[n].labels) for n in better]
        joint = joint_trial(search, trials, ranked)
        assert joint_trial(search, trials[:1], ranked) == joint
        numbers.add(joint.number)
    assert len(numbers) == 5 + 6


def test_values_are_compared_seed_by_seed_and_each_set_counts_alike():
    halves = {'a1': 'a', 'a2': 'a', 'b': 'b'}
    searches = {
        part: make(
            dataset=name,
            methods=['mix'],
            space={'draw': {'flat': {}, 'sharp': {}, 'never': {}}},
        )
        for part, name in halves.items()
    }

    def log(*pairs):
        return [
            dict(draw=draw, method='mix', seed=s, mean_class=v, few='')
            for s, pair in enumerate(pairs)
            for draw, v in zip(('flat', 'sharp'), pair)
        ]

    logs = {
        # Differences of 2, 4 and 3 points on the one set, and of -1 and -2 on
        # the other, of whose third seed one run is missing.
        'a1': log((0.5, 0.52), (0.6, 0.64)),
        'a2': log((0.7, 0.73)),
        'b': log((0.5, 0.49), (0.5, 0.48), (0.9, 0.1))[:-1],
    }
    # A log from before there was a choice has no such column.
    for run in logs['a1']:
        if run['draw'] == 'flat':
            del run['draw']
    (line,) = compare_values(searches, logs)
    told = [line[k] for k in ('dimension', 'value', 'method', 'metric')]
    assert told == ['draw', 'sharp', 'mix', 'mean_class']
    assert line['a'] == pytest.approx(3.0) and line['b'] == pytest.approx(-1.5)
    assert line['difference'] == pytest.approx(0.75)
    assert (line['sets_better'], line['sets'], line['pairs']) == (1, 2, 5)
    # Welch and Satterthwaite by hand: variances of the means 1/3 and 1/4,
    # with two and one degrees of freedom.
    errors, freedom = np.array([1 / 3, 1 / 4]), np.array([2, 1])
    together = errors.sum() ** 2 / (errors**2 / freedom).sum()
    half = stats.t.ppf(0.975, together) * np.sqrt(errors.sum()) / 2
    assert line['low'] == pytest.approx(0.75 - half)
    assert line['high'] == pytest.approx(0.75 + half)
    # A set of one pair has no interval, and moves none; it is shown.
    searches['c'] = searches['b'].model_copy(update=dict(dataset='c'))
    logs['c'] = log((0.5, 0.59))
    (wider,) = compare_values(searches, logs)
    assert wider.pop('c') == pytest.approx(9) and wider == line
    # Without an interval it counts as any other.
    (line,) = compare_values(searches, {**logs, 'b': []})
    assert line['difference'] == pytest.approx(6) and line['low'] is None
    assert (line['sets_better'], line['sets'], line['pairs']) == (2, 2, 4)


LEAF = """
train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=2, val_interval=1)
model = dict(
    type='RecognizerGCN',
    backbone=dict(type='STGCN', base_channels=8, num_stages=1,
                  inflate_stages=[], down_stages=[],
                  graph_cfg=dict(layout='nturgb+d')),
    cls_head=dict(type='GCNHead', num_classes=2, in_channels=8, dropout=0.0))
optim_wrapper = dict(optimizer=dict(type='SGD', lr=0.1))
data = dict(type='LongTailedPoseDataset', ann_file={source!r},
            split='xsub_train', train_split='xsub_train',
            longtail=dict(n_max=9, imbalance=9), pipeline=[])
train_dataloader = dict(dataset=data)
val_dataloader = dict(dataset=data)
test_dataloader = dict(dataset=data)
"""


@pytest.mark.parametrize('screen', [1, 2])
def test_the_command_does_all_and_goes_on(screen, source, tmp_path, capsys):
    tool = load_tool()
    (tmp_path / 'configs').mkdir()
    leaf = tmp_path / 'configs' / 'ctrgcn_ce_tiny.py'
    leaf.write_text(LEAF.format(source=str(source)))
    search = make(
        methods=['ce', {'mix': {'leaf': 'ce'}}],
        space={'drop': {0: {}, 1: {'model.cls_head.dropout': 0.5}}},
        screen=screen,
    )
    path = tmp_path / 'tiny.yaml'
    path.write_text(yaml.safe_dump(search.model_dump()))
    root = tmp_path / 'root'
    arguments = [str(path), '--root', str(root), '--trainer', str(FAKE)]
    arguments += ['--configs', str(tmp_path / 'configs')]
    for _ in range(2):
        assert tool.main(arguments) == 0
    assert 'none of another split' in capsys.readouterr().out
    manifest = json.loads((root / 'manifest.json').read_text())
    assert manifest['held_out'] == [5, 11]
    with open(root / 'log.csv', newline='') as stream:
        log = list(csv.DictReader(stream))
    recipe = json.loads((root / 'recipe.json').read_text())
    # Two trials of two methods; then those that lead with the other seed too.
    leading = sum(entry['seeds'] == 2 for entry in recipe)
    assert leading == 2 or screen == 1
    begun = (root / 'runs' / 'events').read_text().split('\n')
    assert sum(line.startswith('begin') for line in begun) == 4 + 2 * leading
    assert len(log) == 4 + 2 * leading and len(recipe) == 2
    best = recipe[0]
    for method in ('ce', 'mix'):
        mine = [
            float(line['mean_class'])
            for line in log
            if line['method'] == method and int(line['trial']) == best['trial']
        ]
        assert best['methods'][method] == pytest.approx(np.mean(mine))
    for task in root.glob('runs/*/*/*/task.json'):
        config = json.loads(task.read_text())['config']
        for part in ('train', 'val', 'test'):
            read = config[f'{part}_dataloader']['dataset']['ann_file']
            assert read == str(root / 'held_out.pkl')


def test_runs_of_an_earlier_part_of_the_search_stay(
    source, tmp_path, monkeypatch
):
    tool = load_tool()
    (tmp_path / 'ctrgcn_ce_tiny.py').write_text(
        LEAF.format(source=str(source))
    )
    space = {'drop': {0: {}, 1: {'drop': 1}}, 'rate': {0: {}, 1: {'lr': 1}}}
    path = tmp_path / 'tiny.yaml'

    def write_search(space):
        search = make(methods=['ce'], space=space)
        path.write_text(yaml.safe_dump(search.model_dump(), sort_keys=False))

    write_search({'drop': space['drop']})
    scores = dict(zip(('ce-t00', 'ce-t01', 'ce-t02'), (0.5, 0.6, 0.9)))

    def run_suite(content, *_):
        names = [name for (name,) in content['methods']]
        return [
            dict(method=name, seed=str(seed), mean_class=value + seed / 100)
            for name in names
            for value in [scores.get(name, 0.8)]
            for seed in content['seeds']
        ]

    monkeypatch.setattr(tool, 'run_suite', run_suite)
    root = tmp_path / 'root'
    arguments = [str(path), '--root', str(root), '--configs', str(tmp_path)]
    assert not tool.main([*arguments, '--only', 'drop'])
    # A dimension more: what is logged had its first value.
    write_search(space)
    # The other value is better, so that no second seed of this one is due.
    assert not tool.main(arguments)
    with open(root / 'log.csv', newline='') as stream:
        log = list(csv.DictReader(stream))
    runs = [(x['trial'], x['seed']) for x in log]
    assert {x['rate'] for x in log if x['trial'] == '1'} == {'0'}
    # The setting of both values is the fourth of all, behind the trials.
    found = sorted(runs, key=lambda run: (int(run[0]), run[1]))
    assert found == [(t, s) for t in ('0', '1', '2', '6') for s in '01']
    recipe = json.loads((root / 'recipe.json').read_text())
    told = [(entry['trial'], entry['seeds']) for entry in recipe]
    assert told == [(2, 2), (6, 2), (1, 2), (0, 2)]
    assert recipe[2]['score'] == pytest.approx(0.605)


def test_a_log_keeps_what_its_trials_still_mean(tmp_path):
    """Dimensions come and go; none damages what was logged."""
    tool, path = load_tool(), tmp_path / 'log.csv'

    def trials(**space):
        return star_trials(make(methods=['ce'], space=space))

    def write(known, number, seed):
        run = dict(method=f'ce-t{number:02d}', seed=seed)
        tool.write_log([run], known, path)
        with open(path, newline='') as stream:
            return [(x['trial'], x['seed']) for x in csv.DictReader(stream)]

    one, more = {0: {}, 1: {'a': 1}}, {0: {}, 1: {'b': 1}, 2: {'b': 2}}
    few = trials(drop=one, rate=one)
    for number in (0, 1, 2):
        write(few, number, 0)
    # The second trial of a longer first dimension was that of the other.
    told = write(trials(drop=more, rate=one), 2, 1)
    assert told == [('0', '0'), ('1', '0'), ('2', '1')]
    # A dimension that is no more takes its lines along.
    assert write(trials(drop=more), 1, 0) == [('1', '0')]


def test_the_command_compares_rules_over_sets(source, tmp_path, capsys):
    tool = load_tool()
    (tmp_path / 'configs').mkdir()
    for leaf in ('ce', 'mix'):
        path = tmp_path / 'configs' / f'ctrgcn_{leaf}_tiny.py'
        path.write_text(LEAF.format(source=str(source)))
    arguments = [str(write_rules(tmp_path)), '--root', str(tmp_path / 'root')]
    train = ['--trainer', str(FAKE), '--configs', str(tmp_path / 'configs')]
    # One dimension of a set, then the other, the other set, and all.
    assert not tool.main([*arguments, *train, '--only', 'draw', 'one'])
    assert not tool.main([*arguments, *train, '--only', 'one', 'label'])
    (log,) = tmp_path.glob('root/*/log.csv')
    with open(log, newline='') as stream:
        trials = [line['trial'] for line in csv.DictReader(stream)]
    assert log.parent.name == 'one' and sorted(trials) == [*'001122']
    recipe = json.loads(log.with_name('recipe.json').read_text())
    assert sorted(entry['trial'] for entry in recipe) == [0, 1, 2]
    scores = [entry['score'] for entry in recipe]
    assert scores == sorted(scores, reverse=True)
    assert not tool.main([*arguments, *train, '--only', 'two'])
    assert not tool.main([*arguments, *train])
    events = tmp_path.glob('root/*/runs/events')
    begun = [path.read_text().count('begin') for path in events]
    # Three trials and perhaps both changes together, two seeds each; none is
    # trained twice.
    assert len(begun) == 2 and all(n in (6, 8) for n in begun)
    summary = tmp_path / 'root' / 'summary.csv'
    text = summary.read_text()
    summary.unlink()
    capsys.readouterr()
    assert not tool.main([*arguments, '--report'])
    assert summary.read_text() == text
    with open(summary, newline='') as stream:
        lines = list(csv.DictReader(stream))
    assert [line['value'] for line in lines] == ['sharp'] * 2 + ['seen'] * 2
    value = {}
    for path in tmp_path.glob('root/*/log.csv'):
        with open(path, newline='') as stream:
            for run in csv.DictReader(stream):
                labels = run['draw'], run['label']
                accuracy = value.setdefault(labels, [])
                accuracy.append(100 * float(run['mean_class']))
    mean = {labels: np.mean(found) for labels, found in value.items()}
    change = mean['sharp', 'area'] - mean['flat', 'area']
    told = float(lines[0]['tiny'])
    assert change and told == pytest.approx(change, abs=1e-3)
    # Both searches are of one set, so there is nothing to join.
    assert lines[0]['sets'] == '1' and lines[0]['pairs'] == '4'
    assert lines[0]['low'] == ''
    with pytest.raises(ValueError, match='--only nothing: there are one, two'):
        tool.main([*arguments, '--only', 'nothing'])


def test_the_committed_summary_is_that_of_the_committed_logs(tmp_path):
    kept = RESULTS / 'search_rules'
    root = shutil.copytree(kept, tmp_path / 'rules')
    (root / 'summary.csv').unlink()
    assert not load_tool().main(['rules', '--root', str(root), '--report'])
    told = (kept / 'summary.csv').read_text()
    assert (root / 'summary.csv').read_text() == told


@pytest.mark.parametrize('path, name', SEARCHES)
def test_the_searches_of_the_package_fit_their_leaves(path, name):
    search = read_searches(path)[name]
    (leaf,) = (ROOT / 'configs').rglob(f'ctrgcn_ce_{search.dataset}.py')
    cfg = load_config(str(leaf), ())
    # Rules of the mixing concern no other method.
    keys = {k for v in search.space.values() for o in v.values() for k in o}
    of_mixing = all(k.startswith(MIXING) for k in keys)
    if not of_mixing:
        names = {m if isinstance(m, str) else [*m][0] for m in search.methods}
        assert {'ce', 'balsoftmax', 'shapmix'} <= names
    node = cfg.train_dataloader.dataset
    while 'dataset' in node:
        node = node.dataset
    # The very split that trains, and so never the one that tests; where folds
    # test all, it is kept from what is tested with its recipe.
    if search.keep is None:
        assert search.train_split == node.split
    assert search.train_split.endswith('train')
    assert search.train_split != cfg.test_dataloader.dataset.split
    trials = star_trials(search)
    assert len({tuple(trial.labels.values()) for trial in trials}) == len(
        trials
    )
    if of_mixing:
        return
    # What the leaf says is where a search begins, and what it has found.
    says = trials[0].options
    recipe = RESULTS / f'search_{path.stem}' / 'recipe.json'
    if recipe.is_file():
        says = json.loads(recipe.read_text())[0]['options']
    changed = load_config(str(leaf), ())
    changed.merge_from_dict({k: v for k, v in says.items() if k != 'epochs'})
    # JSON has no tuples.
    assert json.dumps(changed.to_dict()) == json.dumps(cfg.to_dict())


@pytest.mark.parametrize(
    'name, early, late, last',
    [
        # The pairs that folds 1 and 2 test, and those of the others.
        ('ltsbu', sum(FOLDS[:2], ()), sum(FOLDS[2:], ()), 5),
        # A subject a fold.
        ('ltnwucla', [1, 2, 3, 4, 5], [6, 7, 8, 9, 10], 10),
    ],
)
def test_no_search_over_folds_sees_whom_its_recipe_is_tested_on(
    name, early, late, last
):
    """Two searches share the folds: each serves the folds of the other."""
    kept = {part: find_search(f'{name}-{part}') for part in 'ab'}
    assert sorted(kept['a'].keep) == sorted(early)
    assert sorted(kept['b'].keep) == sorted(late)
    # The split that each reads leaves out a fold of the other side.
    assert kept['a'].train_split == f'fold{last}_train'
    assert kept['b'].train_split == 'fold1_train'


def msrc12_file(data, tmp_path):
    source = tmp_path / 'msrc12.pkl'
    with lzma.open(data / 'msrc12.pkl.xz') as stream:
        source.write_bytes(stream.read())
    return source


def utd_mhad_file(data, tmp_path):
    return prepared(
        convert_utd_mhad, data / 'utd_mhad_skeleton.tar.xz', tmp_path
    )


def sbu_file(data, tmp_path):
    return prepared(convert_sbu, data / 'sbu_kinect.tar.xz', tmp_path)


def penn_action_file(data, tmp_path):
    return prepared(
        convert_penn_action, data / 'penn_action_labels.tar.xz', tmp_path
    )


def nw_ucla_file(data, tmp_path):
    return prepared(convert_nw_ucla, data / 'nw_ucla_all_sqe.tar.xz', tmp_path)


def prepared(convert, archive, tmp_path):
    source = tmp_path / 'set.pkl'
    assert not prepare('', convert, archive, source, quiet=True)
    return source


@pytest.mark.real_data
@pytest.mark.parametrize(
    'name, made, splits',
    [
        ('ltmsrc12', msrc12_file, ['xsub_val']),
        ('ltutdmhad', utd_mhad_file, ['xsub_val']),
        ('ltpennaction', penn_action_file, ['test']),
        # The folds that its recipe serves.
        ('ltsbu-a', sbu_file, ['fold3_val', 'fold4_val', 'fold5_val']),
        ('ltsbu-b', sbu_file, ['fold1_val', 'fold2_val']),
        ('ltnwucla-a', nw_ucla_file, [f'fold{n}_val' for n in range(6, 11)]),
        ('ltnwucla-b', nw_ucla_file, [f'fold{n}_val' for n in range(1, 6)]),
    ],
)
def test_a_search_touches_no_sample_that_tests(
    name, made, splits, shared_dir, tmp_path
):
    source = made(shared_dir / 'data', tmp_path)
    truth = pickle.loads(source.read_bytes())
    search = find_search(name)
    data, manifest = hold_out(search, source)
    tests = set().union(*(truth['split'][name] for name in splits))
    # Penn Action names no persons.
    person = {
        a['frame_dir']: a[search.group] if search.group else a['frame_dir']
        for a in truth['annotations']
    }
    touched = {a['frame_dir'] for a in data['annotations']}
    assert touched == set().union(*data['split'].values())
    assert not touched & tests
    assert not {person[n] for n in touched} & {person[n] for n in tests}
    held, trained = (data['split'][part] for part in ('val', 'train'))
    assert not {person[n] for n in held} & {person[n] for n in trained}
    # The manifest of each search that was run on these is that of this rule.
    kept = [RESULTS / f'search_{name}', *RESULTS.glob(f'search_*/{name}')]
    for folder in kept:
        told = json.loads((folder / 'manifest.json').read_text())
        told.pop('source')
        assert told == json.loads(json.dumps(manifest))
