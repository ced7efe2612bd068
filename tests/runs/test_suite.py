"""Suite files: what they say, and typos that are found before any run."""

import argparse
import copy
import re
from pathlib import Path

import pytest
from mmengine.config import Config, DictAction

from shapmix_mm.config.mixins import load_config
from shapmix_mm.runs.run import RunError
from shapmix_mm.runs.suite import (
    _scaled,
    check_tasks,
    find_suite,
    list_known,
    plain,
    plan_suite,
    read_suite,
)

ROOT = Path(__file__).resolve().parents[2]
SUITES, CONFIGS = ROOT / 'tools/benchmark/suites', ROOT / 'configs'
GOOD = """
about: A test.
datasets: [ltnwucla]
seeds: [3, 1]
methods:
  - ce
  - long: {leaf: ce, epochs: 200, title: Longer}
  - mixed:
      with: [stmix, balsoftmax]
      options: {train_dataloader.batch_size: 16}
"""


@pytest.fixture
def write(tmp_path):
    """Function that writes a suite with something replaced."""

    def go(old='', new='', text=GOOD):
        path = tmp_path / 'mine.yaml'
        assert old in text
        path.write_text(text.replace(old, new) if old else text)
        return path

    return go


def plan(path):
    return plan_suite(read_suite(path, CONFIGS), Path('root'))


def test_what_a_suite_says(write):
    suite = read_suite(write('train_dataloader.batch_size', '+x.y'), CONFIGS)
    assert (suite.name, suite.about, suite.seeds) == (
        'mine',
        'A test.',
        [3, 1],
    )
    assert suite.reference == 'ce' and suite.epochs is None
    assert [entry.name for entry in suite.recognizers] == ['ctrgcn']
    ce, long, mixed = suite.methods
    assert (ce.leaf, ce.title, ce.epochs) == ('ce', 'ce', None)
    assert (long.leaf, long.title, long.epochs) == ('ce', 'Longer', 200)
    assert mixed.mixins == ['stmix', 'balsoftmax'] and mixed.leaf == 'ce'
    assert mixed.options == {'+x.y': 16}


def test_a_dataset_has_recipes_of_its_own(write):
    """For a method by name, over what the method has for all datasets."""
    text = GOOD.replace(
        'datasets: [ltnwucla]',
        'datasets: [{ltnwucla: {recipes: {mixed: '
        '{train_dataloader.batch_size: 8}}}}]',
    )
    _, long, mixed = (task.plan for task in plan(write(text=text))[:3])
    assert mixed.cfg.train_dataloader.batch_size == 8
    assert mixed.options['train_dataloader.batch_size'] == 8
    assert long.cfg.train_dataloader.batch_size == 32
    with pytest.raises(
        RunError, match="recipes: 'mixd'.*did you mean 'mixed'"
    ):
        plan(write('{mixed:', '{mixd:', text))
    with pytest.raises(RunError, match="ltnwucla: recipes: options: .*'size'"):
        plan(write('batch_size: 8', 'size: 8', text))


STAGES = """
datasets: [ltnwucla, ltmsrc12]
seeds: [0, 1, 2]
baseline: balsoftmax
methods: [ce, balsoftmax, crt: {after: ce}]
"""


@pytest.mark.parametrize(
    'names, seeds, wanted, baseline',
    [
        (
            ['ltmsrc12', 'crt'],
            [2, 0],
            'ltmsrc12/ce/0 ltmsrc12/crt/0 ltmsrc12/ce/2 ltmsrc12/crt/2',
            'ce',
        ),
        (
            ['balsoftmax'],
            [1],
            'ltnwucla/balsoftmax/1 ltmsrc12/balsoftmax/1',
            'balsoftmax',
        ),
    ],
)
def test_a_part_of_a_suite(names, seeds, wanted, baseline, write):
    """With the runs that a second stage starts from."""
    text = STAGES.replace('crt: {', '{crt: {').replace('ce}]', 'ce}}]')
    suite = read_suite(write(text=text), CONFIGS).only(names, seeds)
    tasks = plan_suite(suite, Path('root'))
    assert [task.name for task in tasks] == wanted.split()
    assert suite.reference == baseline


def test_a_part_that_there_is_not(write):
    suite = read_suite(write(), CONFIGS)
    with pytest.raises(RunError, match="no 'mixd'.*did you mean 'mixed'"):
        suite.only(['mixd'])
    with pytest.raises(RunError, match=r'\[3, 1\] for ltnwucla.*\[1, 2\]'):
        suite.only([], [1, 2])


def test_runs_of_a_suite(write):
    tasks = plan(write())
    assert [task.name for task in tasks] == [
        f'ltnwucla/{method}/{seed}'
        for seed in (3, 1)
        for method in ('ce', 'long', 'mixed')
    ]
    ce, long, mixed = (task.plan for task in tasks[:3])
    assert (ce.epochs, ce.max_epochs, ce.samples) == (100, 20, 1)
    # Twice the epochs move the schedule with them.
    assert (long.epochs, long.max_epochs) == (200, 40)
    cosine = long.cfg.param_scheduler[1]
    assert (cosine.begin, cosine.end, cosine.T_max) == (2, 40, 38)
    assert mixed.samples == 2
    blend = mixed.cfg.model.data_preprocessor.blending
    assert (blend.type, blend.num_classes) == ('STMixBlending', 10)
    assert mixed.cfg.model.cls_head.loss_cls.type == 'BalancedSoftmaxLoss'
    text = ' '.join(tasks[2].arguments())
    assert '--seed 3 --work-dir root/ltnwucla/mixed/3 --with' in text
    assert text.endswith('--cfg-options train_dataloader.batch_size=16')


@pytest.mark.parametrize(
    ('old', 'new', 'told'),
    [
        ('seeds', 'sedes', "unknown key 'sedes'.* did you mean 'seeds'"),
        ('seeds: [3, 1]', '', "the key 'seeds' is missing"),
        ('[3, 1]', '[3, 3]', 'seeds: 3 is named twice'),
        ('[3, 1]', '3', 'seeds: Input should be a valid list, got 3'),
        ('[3, 1]', '[true]', 'seeds: .*valid integer, got True'),
        ('[ltnwucla]', '[ltnwulca]', "did you mean 'ltnwucla'"),
        ('[ltnwucla]', '[]', 'datasets: List should have at least 1'),
        ('[ltnwucla]', '[{a: {fold: 5}}]', "'fold'.* did you mean 'folds'"),
        ('[ltnwucla]', 'ltnwucla', 'datasets: .*valid list'),
        ('  - ce\n', '  - cee\n', r'methods: cee: there is neither .* known'),
        ('  - ce\n', '  - ce\n  - ce\n', "methods: 'ce' is named twice"),
        ('  - ce\n', '  - a/b\n', "a/b: name: String should match .*'a/b'"),
        ('epochs: 200', 'epoch: 120', "long: unknown key 'epoch'"),
        (
            'epochs: 200',
            'epochs: many',
            "long: epochs: .*valid integer, got 'many'",
        ),
        ('epochs: 200', 'epochs: 201', 'epochs 201 is no multiple of the 5'),
        ('stmix,', 'stmixx,', 'mixed: --with stmixx: no such file'),
        ('batch_size', 'batch_sise', "did you mean 'batch_size'"),
        ('{train_', '{trian_', "did you mean 'train_dataloader'"),
        (': 16', ': {a: 1}', 'mixed: options: train_dataloader.batch_size'),
        (
            'epochs: 200',
            'epochs: 5, with: [taunorm], after: ce',
            'long: epochs 5 for a method that takes no training step',
        ),
        ('leaf: ce,', 'after: cee,', "after names 'cee', which is none of"),
        ('leaf: ce,', 'after: long,', "after names 'long', which is none"),
        ('about: A test.', 'baseline: cc', "baseline 'cc' is none of"),
        ('about: A test.', 'recognizers: [strgcn]', 'begins with strgcn_'),
        ('about: A test.', 'about: [', 'is no YAML file'),
    ],
)
def test_a_typo_names_file_and_key(write, old, new, told):
    path = write(old, new)
    with pytest.raises(RunError, match=told) as error:
        plan(path)
    assert str(path) in str(error.value)


def test_milestones_move_downwards_though_not_by_rounding():
    """25 * (29 / 25) is a bit less than 29."""
    assert _scaled([15, 1, 0], 0.5) == [7, 1, 0]
    assert _scaled(25, 29 / 25) == 29


def test_a_second_stage_starts_from_the_first(write):
    path = write('leaf: ce, epochs: 200', 'leaf: ce, epochs: 30, after: ce')
    tasks = plan(path)
    first, second = tasks[0], tasks[1]
    assert first.first is None and second.first == first
    assert second.plan.stages == [100, 30]
    checkpoint = 'root/ltnwucla/ce/3/epoch_20.pth'
    assert f'load_from={checkpoint}' in second.arguments()


def test_a_second_stage_has_a_length_of_its_own(write):
    text = GOOD.replace('leaf: ce, epochs: 200', 'leaf: {}, after: ce')
    text += 'epochs: 30\n'
    for leaf, epochs in dict(crt=10, taunorm=0, focal=100).items():
        first, second, _ = plan(write(text=text.replace('{}', leaf, 1)))[:3]
        assert first.plan.epochs == 30
        assert second.plan.stages == [30, epochs]


@pytest.mark.parametrize(
    ('blend', 'samples'),
    [
        ('type: STMixBlending', 2),
        ('type: STMixBlending, keep_originals: false', 1),
        ('type: MixupBlending', 1),
    ],
)
def test_samples_of_a_step(write, tmp_path, blend, samples):
    mixin = tmp_path / 'mixin.py'
    pairs = dict(part.split(': ') for part in blend.split(', '))
    if 'keep_originals' in pairs:
        pairs['keep_originals'] = False
    mixin.write_text(
        'model = dict(data_preprocessor=dict('
        f"type='ActionDataPreprocessor', blending={pairs!r}))"
    )
    path = write('[stmix, balsoftmax]', f'[{mixin}]')
    assert plan(path)[2].plan.samples == samples


def test_a_method_may_train_twice_as_long_as_the_others(write):
    text = GOOD.replace('epochs: 200', 'times: 2')
    epochs = {
        t.plan.method.name: t.plan.epochs for t in plan(write(text=text))
    }
    assert epochs == dict(ce=100, long=200, mixed=100)
    text = text.replace('seeds:', 'epochs: 30\nseeds:')
    epochs = {
        t.plan.method.name: t.plan.epochs for t in plan(write(text=text))
    }
    assert epochs == dict(ce=30, long=60, mixed=30)


def test_milestones_move_with_the_epochs(write):
    text = GOOD.replace('ltnwucla', 'ltntu60')
    long = plan(write(text=text))[1].plan
    assert (long.epochs, long.max_epochs) == (200, 200)
    assert long.cfg.param_scheduler[1].milestones == [120, 160]
    assert long.options['param_scheduler.1.milestones'] == [120, 160]


FOLDS = """
datasets:
  - ltnwucla
  - folds: {leaf: ltnwucla, folds: 10, seeds: [9, 10, 4]}
seeds: [1]
methods: [ce]
"""


def test_a_dataset_has_seeds_of_its_own_and_a_fold_each(write):
    tasks = plan(write(text=FOLDS))
    assert [task.name for task in tasks] == [
        *('ltnwucla/ce/1', 'folds/ce/9', 'folds/ce/10', 'folds/ce/4')
    ]
    wanted = [('train', 'test')]
    wanted += [(f'fold{f}_train', f'fold{f}_val') for f in (10, 1, 5)]
    for task, (train, val) in zip(tasks, wanted):
        config = task.settings()['config']
        inner = config['train_dataloader']['dataset']['dataset']
        assert inner['split'] == inner['train_split'] == train
        for part in ('val', 'test'):
            node = config[f'{part}_dataloader']['dataset']
            assert node['split'] == val and node['train_split'] == train
        # What is trained is what is recorded.
        arguments = task.arguments()
        place = arguments.index('--cfg-options') if train != 'train' else None
        given = arguments[place + 1 :] if place else []
        cfg = load_config(str(task.plan.config), task.plan.mixins)
        cfg.merge_from_dict(dict(item.split('=') for item in given))
        assert plain(cfg) == config


def test_an_unknown_suite_names_the_known():
    with pytest.raises(
        RunError, match='known are core, demo, demo-oracle, demo-smoke, ltm'
    ):
        find_suite('nwucla', SUITES)
    assert find_suite('nwucla-cpu', SUITES).is_file()


@pytest.fixture
def read_once(monkeypatch):
    """MMEngine reads the bases of configs anew for each of many leaves."""
    read, kept = Config._file2dict, {}

    def once(*args, **kwargs):
        key = repr((args, kwargs))
        if key not in kept:
            kept[key] = read(*args, **kwargs)
        return copy.deepcopy(kept[key])

    monkeypatch.setattr(Config, '_file2dict', once)


@pytest.mark.usefixtures('read_once')
@pytest.mark.parametrize('path', sorted(SUITES.glob('*.yaml')), ids=str)
def test_the_shipped_suites_can_be_planned(path):
    suite = read_suite(path, CONFIGS)
    tasks = plan_suite(suite, Path('root'))
    assert suite.about and len({task.folder for task in tasks}) == len(tasks)
    # Equal epochs for all rows, but for the reference of the 2N rows, and
    # for the classifiers of the second stages.
    smoke = suite.name == 'demo-smoke'
    second = dict(maxnorm=10, crt=1 if smoke else 10, taunorm=0, fsa=50)
    plain_epochs = {
        task.plan.setting: task.plan.epochs
        for task in tasks
        if task.plan.method.name == 'ce'
    }
    for task in tasks:
        name = task.plan.method.name
        # A title that speaks of Balanced Softmax keeps its word.
        if re.search(r'\bBS\b|Balanced Softmax', task.plan.method.title or ''):
            assert 'BalancedSoftmax' in str(task.plan.cfg.model), name
        twice = name.endswith('-2x')
        usual = suite.epochs or plain_epochs[task.plan.setting]
        wanted = second.get(name, usual * (2 if twice else 1))
        assert task.plan.epochs == wanted
        if name in second:
            assert task.plan.stages == [usual, wanted]
            assert task.first.plan.method.name == 'ce'
    # GLMC's are pairs.
    sizes = {
        t.plan.cfg.train_dataloader.batch_size
        // (1 + (t.plan.method.name == 'glmc'))
        for t in tasks
    }
    assert len(sizes) == 1


def test_the_command_line_gives_the_planned_config(write):
    """What the training tool makes of its arguments is what was planned."""
    text = GOOD.replace('[3, 1]', '[3]').replace(
        '{train_dataloader.batch_size: 16}',
        '{train_dataloader.batch_size: 16, +a.b: [1.5, x], '
        'val_evaluator.0.many: 60, load_from: null}',
    )
    for task in plan(write(text=text)):
        parser = argparse.ArgumentParser()
        parser.add_argument('config')
        parser.add_argument('--seed', type=int)
        parser.add_argument('--work-dir')
        parser.add_argument('--with', dest='mixins', nargs='+', default=[])
        parser.add_argument('--cfg-options', nargs='+', action=DictAction)
        args = parser.parse_args(task.arguments())
        cfg = load_config(args.config, args.mixins)
        cfg.merge_from_dict(args.cfg_options or {})
        assert plain(cfg) == plain(task.plan.cfg)
    assert task.plan.cfg.a.b == [1.5, 'x']
    assert task.plan.cfg.val_evaluator[0].many == 60


def test_missing_data_is_told_before_the_first_run(
    write, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(RunError, match='ltnwucla: .*nw_ucla.pkl does not'):
        check_tasks(plan(write()))


def test_the_list_names_methods_datasets_and_suites():
    text = list_known(sorted(SUITES.glob('*.yaml')), CONFIGS)
    assert '  ltnwucla, ctrgcn: ' in text and 'shapmix' in text
    for path in SUITES.glob('*.yaml'):
        assert f'  {path.stem} (' in text


def test_adding_a_method_takes_one_file_and_one_line(tmp_path, write):
    """A mixin beside the leaves of a suite's own folder is a method."""
    configs = tmp_path / 'configs'
    (configs / '_base_').mkdir(parents=True)
    (configs / 'ctrgcn_ce_ltnwucla.py').write_text(
        f'_base_ = {str(CONFIGS / "ltnwucla/ctrgcn_ce_ltnwucla.py")!r}\n'
    )
    (configs / '_base_' / 'smooth.py').write_text(
        'model = dict(cls_head=dict(loss_cls=dict(label_smooth_eps=0.1)))\n'
    )
    text = 'configs: configs\ndatasets: [ltnwucla]\nseeds: [0]\nmethods:\n'
    # Every shipped method that is a mixin runs on a leaf of one's own.
    text += '  - smooth\n  - shapmix\n  - both: {with: [smooth, stmix]}\n'
    smooth, shapmix, both = plan(write(text=text))
    assert smooth.plan.cfg.model.cls_head.loss_cls.label_smooth_eps == 0.1
    assert smooth.name == 'ltnwucla/smooth/0'
    blend = shapmix.plan.cfg.model.data_preprocessor.blending
    assert (blend.type, shapmix.plan.samples) == ('ShapMixBlending', 2)
    assert both.plan.cfg.model.cls_head.loss_cls.label_smooth_eps == 0.1
    assert both.plan.cfg.model.data_preprocessor.blending.num_classes == 10
    listed = list_known([write(text=text)], CONFIGS)
    assert '  ltnwucla, ctrgcn: balsoftmax, ' in listed
    assert ', shapmix, ' in listed and ', smooth, ' in listed
    assert 'mine (3 runs): ' in listed and 'nwucla-cpu' not in listed


@pytest.fixture
def data_there(monkeypatch):
    """No annotation file is missed."""
    monkeypatch.setattr(
        'shapmix_mm.runs.suite.check_annotations', lambda *args: None
    )


def test_all_runs_are_checked_before_the_first(write, data_there):
    """The warm-up of the last method, which a shorter training has not."""
    text = GOOD.replace('  - long', '  - shapmix\n  - long') + 'epochs: 5\n'
    tasks = plan(write(text=text.replace('epochs: 200', 'epochs: 10')))
    with pytest.raises(
        RunError,
        match=r'ltnwucla: shapmix: custom_hooks\.(\d)\.warmup_epochs=5 lasts '
        r'as long as the training of 5 passes .*custom_hooks\.\1\.warmup',
    ) as error:
        check_tasks(tasks)
    key = str(error.value).split('{+')[1].split(':')[0]
    mended = text.replace(
        '  - shapmix\n', f'  - shapmix: {{options: {{+{key}: 1}}}}\n'
    )
    check_tasks(plan(write(text=mended.replace('epochs: 200', 'epochs: 10'))))


@pytest.mark.parametrize(
    ('option', 'told'),
    [
        ('+custom_hooks: [1]', 'mixed: custom_hooks.0: '),
        (
            '+model.data_preprocessor.blending.mixup_prob: 7',
            'mixed: model: .*mixup_prob=7',
        ),
        ('model.type: NoSuch', 'mixed: model: .*NoSuch'),
    ],
)
def test_what_cannot_be_built_is_told_before(write, data_there, option, told):
    path = write('train_dataloader.batch_size: 16', option)
    with pytest.raises(RunError, match=told) as error:
        check_tasks(plan(path))
    assert '\n' not in str(error.value)
