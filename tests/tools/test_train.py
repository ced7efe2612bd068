"""What the training tool makes of its arguments."""

import argparse
import importlib.util
from pathlib import Path

import pytest
from mmengine.config import Config

TOOL = Path(__file__).resolve().parents[2] / 'tools/train.py'


@pytest.fixture(scope='module')
def tool():
    spec = importlib.util.spec_from_file_location('train_tool', TOOL)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def merged(tool, tmp_path):
    """Function that merges arguments into a config and returns it."""

    def merge(cfg=(), **given):
        args = dict(
            config='some.py',
            mixins=[],
            work_dir=str(tmp_path),
            no_validate=False,
            amp=False,
            auto_scale_lr=False,
            seed=None,
            diff_rank_seed=False,
            deterministic=False,
            cfg_options=None,
            resume=None,
        )
        config = Config(dict(cfg))
        tool.merge_args(config, argparse.Namespace(**{**args, **given}))
        return config

    return merge


def test_without_a_seed_the_runner_still_gets_the_key_it_requires(merged):
    assert merged().randomness == dict(seed=None)
    assert merged(deterministic=True).randomness.seed is None


def test_arguments_add_to_the_randomness_of_the_config(merged):
    cfg = dict(randomness=dict(seed=7, deterministic=True))
    assert merged(cfg, seed=3).randomness == dict(seed=3, deterministic=True)
    assert merged(cfg, diff_rank_seed=True).randomness == dict(
        seed=7, deterministic=True, diff_rank_seed=True
    )


def test_resume_without_a_checkpoint_keeps_weights_to_start_from(merged):
    cfg = merged(dict(load_from='weights.pth'), resume='auto')
    assert cfg.load_from == 'weights.pth' and not cfg.resume


def test_auto_scale_lr_without_its_base_is_named(merged):
    with pytest.raises(ValueError, match='base_batch_size'):
        merged(auto_scale_lr=True)
