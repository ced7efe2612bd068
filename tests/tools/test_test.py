"""What the testing tool makes of its arguments."""

import argparse
import importlib.util
from pathlib import Path

import pytest
from mmengine.config import Config

TOOL = Path(__file__).resolve().parents[2] / 'tools/test.py'


@pytest.fixture
def merged(tmp_path):
    """Function that merges arguments into a config and returns it."""
    spec = importlib.util.spec_from_file_location('test_tool', TOOL)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)

    def merge(cfg=(), **given):
        args = dict(
            config='some.py',
            checkpoint='some.pth',
            mixins=[],
            work_dir=str(tmp_path),
            dump=None,
            show=False,
            show_dir=None,
            interval=3,
            wait_time=2.0,
            cfg_options=None,
        )
        config = Config(dict(cfg))
        module.merge_args(config, argparse.Namespace(**{**args, **given}))
        return config

    return merge


@pytest.mark.parametrize(
    'hooks',
    [
        dict(),
        dict(default_hooks=dict(logger=dict(type='LoggerHook'))),
        dict(default_hooks=dict(visualization=dict(type='VisualizationHook'))),
    ],
)
def test_show_dir_draws_skeletons_without_a_hook_in_the_config(merged, hooks):
    cfg = merged(hooks, show_dir='pictures')
    assert cfg.default_hooks.visualization == dict(
        type='SkeletonVisualizationHook',
        enable=True,
        show=False,
        wait_time=2.0,
        out_dir='pictures',
        interval=3,
    )
    assert set(hooks.get('default_hooks', ())) <= set(cfg.default_hooks)


def test_a_hook_of_ones_own_stays(merged):
    own = dict(visualization=dict(type='MyHook', colour='red'))
    hook = merged(dict(default_hooks=own), show=True).default_hooks
    assert hook.visualization.type == 'MyHook'
    assert hook.visualization.colour == 'red' and hook.visualization.show


def test_no_picture_no_hook(merged):
    assert 'default_hooks' not in merged()


def test_a_dump_is_one_more_metric(merged):
    cfg = merged(dict(test_evaluator=dict(type='AccMetric')), dump='a.pkl')
    assert cfg.test_evaluator == [
        dict(type='AccMetric'),
        dict(type='DumpScores', out_file_path='a.pkl'),
    ]
    with pytest.raises(ValueError, match='--dump needs a .pkl file'):
        merged(dump='a.csv')
    assert cfg.load_from == 'some.pth'
