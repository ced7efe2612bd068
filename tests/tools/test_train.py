"""What the training tool makes of its arguments."""

import argparse
import importlib.util
from pathlib import Path
from types import SimpleNamespace

import pytest
from mmengine.config import Config

TOOL = Path(__file__).resolve().parents[2] / 'tools/train.py'
PRECISION = 'shapmix_mm.engine.mixed_precision'


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


@pytest.mark.parametrize(
    'hooks, want',
    [
        (None, dict(type='LoggerHook', log_metric_by_epoch=False)),
        (
            dict(logger=dict(type='LoggerHook', interval=5)),
            dict(type='LoggerHook', interval=5, log_metric_by_epoch=False),
        ),
        (
            dict(logger=dict(type='LoggerHook', log_metric_by_epoch=True)),
            dict(type='LoggerHook', log_metric_by_epoch=True),
        ),
        (dict(logger=dict(type='Own')), dict(type='Own')),
        (dict(logger=None), None),
    ],
)
def test_validations_of_iterations_are_logged_by_them(merged, hooks, want):
    cfg = dict(train_cfg=dict(type='IterBasedTrainLoop', max_iters=9))
    if hooks is not None:
        cfg['default_hooks'] = hooks
    assert merged(cfg).default_hooks['logger'] == want
    del cfg['train_cfg']['max_iters']
    assert merged(cfg).get('default_hooks') == hooks


def test_resume_without_a_checkpoint_keeps_weights_to_start_from(merged):
    cfg = merged(dict(load_from='weights.pth'), resume='auto')
    assert cfg.load_from == 'weights.pth' and not cfg.resume


def test_auto_scale_lr_without_its_base_is_named(merged):
    with pytest.raises(ValueError, match='base_batch_size'):
        merged(auto_scale_lr=True)


@pytest.mark.parametrize(
    'options, kept',
    [
        (dict(), dict()),
        # Given on the command line, and thus after the config.
        ({'optim_wrapper.accumulative_counts': 4}, {'accumulative_counts': 4}),
        ({'optim_wrapper.dtype': 'bfloat16'}, dict()),
    ],
)
def test_amp_on_a_cpu_is_bfloat16(merged, monkeypatch, options, kept):
    monkeypatch.setattr(f'{PRECISION}.get_device', lambda: 'cpu')
    cfg = merged(
        dict(optim_wrapper=dict(optimizer=dict(type='SGD'))),
        amp=True,
        cfg_options=options or None,
    )
    assert cfg.optim_wrapper == dict(
        type='BFloat16OptimWrapper', optimizer=dict(type='SGD'), **kept
    )


def test_amp_refuses_what_the_device_cannot_do(merged, monkeypatch):
    monkeypatch.setattr(f'{PRECISION}.get_device', lambda: 'cpu')
    with pytest.raises(ValueError, match='float16 needs a GPU'):
        merged(
            dict(optim_wrapper=dict()),
            amp=True,
            cfg_options={'optim_wrapper.dtype': 'float16'},
        )


@pytest.mark.parametrize('setting', [None, False, True, dict(backend='eager')])
def test_a_compiled_step_leaves_preprocessing_out(
    tool, monkeypatch, setting, tmp_path
):
    """What the switch does is in tests/integration/switches."""
    seen, added = [], []
    runner = SimpleNamespace(
        model='model',
        train=lambda: seen.append('ran'),
        hooks=[],
        register_hook=lambda hook: added.append(type(hook).__name__),
    )
    cfg = Config(dict(work_dir=str(tmp_path), compile=setting))
    for name, value in dict(
        write_card=lambda *args: None,
        parse_args=lambda: argparse.Namespace(
            config='c', mixins=[], launcher='none'
        ),
        load_config=lambda *args: cfg,
        merge_args=lambda *args: None,
        check_annotations=lambda *args: None,
        build_runner=lambda *args: runner,
        check_training=lambda runner: None,
        bare_model=lambda runner: runner.model,
        keep_preprocessing_eager=seen.append,
    ).items():
        monkeypatch.setattr(tool, name, value)
    tool.main()
    assert seen == (['model', 'ran'] if setting else ['ran'])
    # Whatever the config, it can be resumed.
    assert added == ['ResumableHook']
