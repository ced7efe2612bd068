"""Work directory, annotation check, and the command lines of the tools."""

import argparse
import os
import runpy
import shutil
import subprocess
from collections import UserList
from pathlib import Path
from types import SimpleNamespace

import mmaction
import pytest
from mmengine.config import Config
from mmengine.dataset import Compose
from mmengine.hub import get_config
from mmengine.registry import DefaultScope
from torch.utils.data import DataLoader

from shapmix_mm.config.launch import (
    check_annotations,
    check_training,
    merge_options,
    one_line_errors,
    set_work_dir,
)
from shapmix_mm.datasets import FormatHeatmaps, SkeletonFeatures
from shapmix_mm.models import (
    ShapMixBlending,
    SkeletonMixupBlending,
    STMixBlending,
)

TOOLS = Path(__file__).resolve().parents[2] / 'tools'
STOCK_TOOLS = Path(mmaction.__file__).parent / '.mim' / 'tools'
SCRIPTS = sorted(TOOLS.glob('*.sh'))


def arguments(config='a/b/leaf.py', work_dir=None, mixins=()):
    return argparse.Namespace(
        config=config, work_dir=work_dir, mixins=list(mixins)
    )


@pytest.mark.parametrize(
    'cfg, args, expected',
    [
        (dict(work_dir='own'), arguments(work_dir='given'), 'given'),
        (dict(), arguments(work_dir='given'), 'given'),
        (dict(work_dir='own'), arguments(), 'own'),
        (dict(work_dir='o/a.b/'), arguments(mixins=['drw']), 'o/a.b_drw'),
        (dict(), arguments(), 'work_dirs/leaf'),
        (dict(work_dir=None), arguments(), 'work_dirs/leaf'),
        (dict(), arguments('mmaction::skeleton/stgcn/s.py'), 'work_dirs/s'),
        (dict(), arguments('s.v2.py'), 'work_dirs/s.v2'),
        # Runs of one config with other mixins must not share a directory.
        (
            dict(),
            arguments(mixins=['stmix', 'x/my.py']),
            'work_dirs/leaf_stmix_my',
        ),
    ],
)
def test_work_dir_priority(cfg, args, expected):
    cfg = Config(cfg)
    set_work_dir(cfg, args)
    assert Path(cfg.work_dir) == Path(expected)


def missing_in(dataset, **loaders):
    cfg = Config(dict(train_dataloader=dict(dataset=dataset), **loaders))
    with pytest.raises(FileNotFoundError) as error:
        check_annotations(cfg, 'train_dataloader', 'val_dataloader')
    return str(error.value)


def pose(path, **kwargs):
    return dict(type='PoseDataset', ann_file=str(path), **kwargs)


@pytest.fixture
def there(tmp_path):
    path = tmp_path / 'there.pkl'
    path.touch()
    return path


@pytest.mark.parametrize(
    'wrap',
    [
        lambda inner, there: inner,
        lambda inner, there: dict(
            type='RepeatDataset', times=5, dataset=inner
        ),
        lambda inner, there: dict(
            type='ConcatDataset', datasets=[pose(there), inner]
        ),
        lambda inner, there: dict(
            type='RepeatDataset',
            times=2,
            dataset=dict(
                type='ConcatDataset',
                datasets=[
                    dict(type='ClassBalancedDataset', dataset=inner),
                    pose(there),
                ],
            ),
        ),
        lambda inner, there: [pose(there), inner],
    ],
    ids=['bare', 'repeat', 'concat', 'nested', 'list'],
)
def test_a_missing_annotation_file_is_named_with_its_loader(wrap, there):
    message = missing_in(wrap(pose('no/such.pkl'), there))
    assert message.startswith(
        'train_dataloader: annotation file no/such.pkl does not exist, '
        f'looked for from {Path.cwd()}'
    )
    # Where the skeletons come from, and what runs without any.
    assert 'ntu60_3d.pkl' in message
    assert 'make demo' in message


def test_the_second_loader_is_checked_too(there):
    message = missing_in(
        pose(there),
        val_dataloader=dict(dataset=pose('gone.pkl', data_root='/root_')),
    )
    assert message.startswith('val_dataloader: annotation file /root_/gone')


@pytest.mark.parametrize(
    'cfg',
    [
        dict(),
        dict(train_dataloader=None),
        dict(train_dataloader=dict(dataset=dict(type='Own'))),
        dict(train_dataloader=dict(dataset=dict(type='Own', ann_file=''))),
        dict(train_dataloader=dict(dataset=pose('s3://bucket/file.pkl'))),
        # A loader that will not be used may miss its file.
        dict(test_dataloader=dict(dataset=pose('no/such.pkl'))),
    ],
)
def test_nothing_to_miss_is_no_error(cfg):
    check_annotations(Config(cfg), 'train_dataloader', 'val_dataloader')


def test_a_relative_file_lies_below_the_data_root(there):
    cfg = Config(
        dict(
            train_dataloader=dict(
                dataset=pose(there.name, data_root=str(there.parent))
            )
        )
    )
    check_annotations(cfg, 'train_dataloader')


def options(**given):
    return argparse.Namespace(cfg_options=given or None)


@pytest.mark.parametrize('told', [None, 7])
def test_a_blend_has_the_classes_that_an_option_gives_the_head(told):
    model = dict(
        cls_head=dict(num_classes=60),
        data_preprocessor=dict(blending=dict(num_classes=60)),
    )
    cfg = Config(dict(model=model))
    given = {'model.cls_head.num_classes': 5}
    if told:
        given['model.data_preprocessor.blending.num_classes'] = told
    merge_options(cfg, options(**given))
    blend = cfg.model.data_preprocessor.blending
    assert blend.num_classes == (told or 5)


def test_substitutes_by_an_option_take_effect():
    cfg = Config(dict(train_pipeline=[dict(type='PoseDecode')]))
    given = {'transform_substitutes.PoseDecode': 'FastPoseDecode'}
    merge_options(cfg, options(**given))
    assert cfg.train_pipeline == [dict(type='FastPoseDecode')]
    assert cfg.transform_substitutes == dict(PoseDecode='FastPoseDecode')
    with pytest.raises(ValueError, match="'Quick' for 'PoseDecode'"):
        merge_options(
            cfg, options(**{'transform_substitutes.PoseDecode': 'Quick'})
        )


@pytest.mark.parametrize('option', ['+a.b', 'a.+b', 'a..b', 'a.b-c'])
def test_an_option_that_is_no_key_is_named(option):
    cfg = Config(dict(a=dict(b=1)))
    with pytest.raises(ValueError) as error:
        merge_options(cfg, options(**{option: 1}))
    assert f'--cfg-options {option}: ' in str(error.value)
    assert cfg.to_dict() == dict(a=dict(b=1))


@pytest.mark.parametrize(
    'error, text',
    [
        (ValueError('one\n  two'), 'error: one two'),
        (KeyError('no such key'), 'error: no such key'),
        (FileNotFoundError(2, 'No such file', 'x'), "file: 'x'"),
    ],
)
def test_what_the_user_can_mend_ends_in_one_line(error, text, monkeypatch):
    monkeypatch.delenv('SHAPMIX_TRACEBACK', raising=False)
    with pytest.raises(SystemExit) as end, one_line_errors():
        raise error
    assert end.value.code.startswith('error: ')
    assert end.value.code.endswith(text)
    # Once the work has begun, it is no error of the input.
    with pytest.raises(type(error)), one_line_errors(lambda: True):
        raise error
    monkeypatch.setenv('SHAPMIX_TRACEBACK', '1')
    with pytest.raises(type(error)), one_line_errors():
        raise error


def test_a_fault_of_the_program_keeps_its_traceback():
    with pytest.raises(AttributeError), one_line_errors():
        raise AttributeError('a bug')


class SteplessTrainLoop:
    """Stands for the loop of that name, as any other may."""


def loop_of(samples, batch_size, drop_last, cls=SimpleNamespace):
    loader = DataLoader(
        UserList(range(samples)), batch_size=batch_size, drop_last=drop_last
    )
    loop = cls()
    loop.dataloader = loader
    model = SimpleNamespace(data_preprocessor=SimpleNamespace())
    return SimpleNamespace(train_loop=loop, model=model)


def test_a_training_of_no_step_is_refused_with_its_sizes():
    with pytest.raises(ValueError) as error:
        check_training(loop_of(60, 64, True))
    assert '60 samples' in str(error.value)
    assert 'batch_size is 64' in str(error.value)
    check_training(loop_of(60, 64, False))
    check_training(loop_of(64, 64, True))
    check_training(loop_of(60, 64, True, SteplessTrainLoop))


@pytest.mark.parametrize('kind', [STMixBlending, ShapMixBlending])
@pytest.mark.parametrize('feats', [['b'], ['jm'], ['j', 'b'], ['j']])
def test_bones_are_pasted_of_joints_alone(kind, feats):
    runner = loop_of(4, 2, False)
    step = SkeletonFeatures(layout='coco', feats=feats)
    runner.train_loop.dataloader.dataset.pipeline = Compose([step])
    for space in ('joint', 'bone'):
        blend = kind(num_classes=3, layout='coco', space=space)
        runner.model.data_preprocessor.blending = blend
        if space == 'joint' or feats == ['j']:
            check_training(runner)
            continue
        with pytest.raises(ValueError) as error:
            check_training(runner)
        assert kind.__name__ in str(error.value)
        assert str(feats) in str(error.value)


@pytest.mark.parametrize(
    'kind', [STMixBlending, ShapMixBlending, SkeletonMixupBlending]
)
@pytest.mark.parametrize('limb', [True, False])
def test_parts_of_joints_are_not_pasted_of_limbs(kind, limb):
    """The stock limb configs draw 17 limbs, and COCO has 17 joints."""
    stock = 'skeleton/posec3d/slowonly_r50_8xb16-u48-240e_ntu60-xsub-limb.py'
    (target,) = (
        step
        for step in get_config(f'mmaction::{stock}').train_pipeline
        if step.type == 'GeneratePoseTarget'
    )
    target.update(with_limb=limb, with_kp=not limb)
    runner = loop_of(4, 2, False)
    with DefaultScope.overwrite_default_scope('mmaction'):
        steps = Compose([target, FormatHeatmaps('NCTHW_Heatmap')])
    runner.train_loop.dataloader.dataset.pipeline = steps
    own = dict(
        num_node=17,
        inward=[(n, 0) for n in range(1, 17)],
        center=0,
        parts=[
            [0, 1],
            [*range(2, 6)],
            [*range(6, 12)],
            [12, 13, 14],
            [15, 16],
        ],
    )
    preprocessor = runner.model.data_preprocessor
    preprocessor.blending = kind(num_classes=3, layout=own)
    check_training(runner)
    preprocessor.blending = kind(num_classes=3, layout='coco')
    if not limb or kind is SkeletonMixupBlending:
        check_training(runner)
        return
    with pytest.raises(ValueError) as error:
        check_training(runner)
    assert f"{kind.__name__} pastes parts of layout 'coco'" in str(error.value)
    assert 'with_limb=True' in str(error.value)


def parser_of(path, monkeypatch):
    """The parser of a tool, caught when it is about to parse."""
    caught = []

    def parse_args(self, *args, **kwargs):
        caught.append(self)
        return argparse.Namespace(local_rank=0)

    with monkeypatch.context() as patch:
        patch.setattr(argparse.ArgumentParser, 'parse_args', parse_args)
        patch.setenv('LOCAL_RANK', '0')
        runpy.run_path(str(path))['parse_args']()
    return caught[0]


@pytest.mark.parametrize('name', ['train.py', 'test.py'])
def test_every_flag_of_mmaction2_is_there(name, monkeypatch):
    stock = parser_of(STOCK_TOOLS / name, monkeypatch)
    ours = parser_of(TOOLS / name, monkeypatch)
    text = ours.format_help()
    flags = stock._option_string_actions
    assert len(flags) > 8
    for flag, theirs in flags.items():
        own = ours._option_string_actions[flag]
        for what in ('dest', 'nargs', 'const', 'default', 'choices'):
            assert getattr(own, what) == getattr(theirs, what), (flag, what)
        assert type(own) is type(theirs)
        if theirs.type in (int, float):
            assert own.type('3') == theirs.type('3')
        else:
            assert own.type in (theirs.type, None)
        # torch.distributed.launch gives it, no person does.
        assert 'local' in flag or flag in text
    assert [a.dest for a in ours._get_positional_actions()] == [
        a.dest for a in stock._get_positional_actions()
    ]
    assert '--with' in text


def bash(*words, **env):
    return subprocess.run(
        ['bash', *map(str, words)],
        capture_output=True,
        text=True,
        env=dict(os.environ, **env),
    )


def test_there_are_scripts():
    assert [path.name for path in SCRIPTS] == [
        'dist_run.sh',
        'dist_test.sh',
        'dist_train.sh',
        'slurm_train.sh',
    ]


@pytest.mark.parametrize('path', SCRIPTS, ids=lambda path: path.name)
def test_scripts_parse_and_explain_themselves(path):
    assert bash('-n', path).returncode == 0
    for words in ([], ['one']):
        done = bash(path, *words)
        assert done.returncode == 2
        assert done.stdout == ''
        assert done.stderr.startswith('usage: ')
        assert f'bash tools/{path.name} ' in done.stderr
        assert 'CONFIG' in done.stderr


@pytest.mark.parametrize(
    'name, given, tool, rest',
    [
        (
            'dist_train.sh',
            ['c f.py', '2', '--with', 'shapmix', '--amp'],
            'train.py',
            ['c f.py', '--launcher', 'pytorch', '--with', 'shapmix', '--amp'],
        ),
        (
            'dist_test.sh',
            ['cf.py', 'c p.pth', '2', '--dump', 'a.pkl'],
            'test.py',
            ['cf.py', 'c p.pth', '--launcher', 'pytorch', '--dump', 'a.pkl'],
        ),
    ],
)
def test_dist_scripts_start_torchrun(name, given, tool, rest, tmp_path):
    python = fake(tmp_path, 'python')
    done = bash(TOOLS / name, *given, PYTHON=str(python), PORT='29511')
    words = done.stdout.splitlines()
    assert words[:2] == ['-m', 'torch.distributed.run']
    assert '--nproc_per_node=2' in words
    assert '--master_port=29511' in words
    assert words[words.index(str(TOOLS / tool)) + 1 :] == rest


def test_the_slurm_script_starts_srun(tmp_path):
    srun = fake(tmp_path, 'srun')
    done = bash(
        TOOLS / 'slurm_train.sh',
        'part',
        'job',
        'cf.py',
        '--seed',
        '1',
        PATH=f'{srun.parent}{os.pathsep}{os.environ["PATH"]}',
        GPUS='4',
        GPUS_PER_NODE='2',
        PYTHON='py',
    )
    words = done.stdout.splitlines()
    assert words[:2] == ['-p', 'part']
    assert {
        '--ntasks=4',
        '--gres=gpu:2',
        '--ntasks-per-node=2',
        '--job-name=job',
    } <= set(words)
    assert words[words.index('py') :] == [
        'py',
        '-u',
        str(TOOLS / 'train.py'),
        'cf.py',
        '--launcher',
        'slurm',
        '--seed',
        '1',
    ]


def fake(folder, name):
    """A command that prints its arguments, one on a line."""
    path = folder / name
    path.write_text(f'#!{shutil.which("bash")}\nprintf "%s\\n" "$@"\n')
    path.chmod(0o755)
    return path


def test_warnings_of_the_package_go_to_the_log_once(monkeypatch):
    """The training, validation and test set of a run are all too short."""
    import warnings

    from shapmix_mm.config import launch
    from shapmix_mm.datasets.longtail import LongTailSpec, select_names

    logged, shown = [], []
    monkeypatch.setattr(
        launch, 'print_log', lambda text, logger, level: logged.append(text)
    )
    with warnings.catch_warnings():
        warnings.simplefilter('always')
        monkeypatch.setattr(
            warnings, 'showwarning', lambda *args, **kwargs: shown.append(args)
        )
        launch.log_warnings()
        launch.log_warnings()
        for _ in range(3):
            select_names(
                ['a', 'b', 'c'],
                [0, 1, 1],
                spec=LongTailSpec(profile='counts', counts=[1, 3]),
                num_classes=2,
            )
        warnings.warn('of someone else', stacklevel=1)
    assert len(logged) == len(shown) == 1
    assert logged[0].endswith('(class 1: 2 of 3); all there are stay')
    assert 'longtail.py' not in logged[0]
    assert 'someone' in str(shown[0][0])
