"""Short trainings on a small demo set, all draws equal, switches different."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from mmengine.hooks import Hook
from mmengine.runner import Runner

from shapmix_mm.config.launch import bare_model
from shapmix_mm.config.mixins import load_config
from shapmix_mm.datasets.demo import DemoSettings, make_demo, write_demo

ROOT = Path(__file__).resolve().parents[3]
WARMUP = 1


class Recorder(Hook):
    """Keeps what a step had and gave."""

    priority = 'VERY_LOW'

    def __init__(self):
        self.losses, self.guided, self.iters = [], [], []

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        blend = bare_model(runner).data_preprocessor.blending
        self.iters.append(runner.iter)
        self.guided.append(bool(blend.guided))

    def after_train_iter(
        self, runner, batch_idx, data_batch=None, outputs=None
    ):
        self.losses.append(float(outputs['loss'].detach()))


@pytest.fixture(scope='session')
def demo_set(tmp_path_factory):
    """Annotation file: 64 training clips of 16 classes, 8 to 2 of each."""
    path = tmp_path_factory.mktemp('demo') / 'demo.pkl'
    settings = DemoSettings(
        n_max=8, imbalance=4, test_per_class=1, frames=(12, 20)
    )
    write_demo(path, make_demo(settings))
    return path


def narrow(cfg, ann_file):
    """A few steps of a CTR-GCN that is small enough for a test."""
    cfg.model.backbone.update(
        base_channels=8, num_stages=2, inflate_stages=[2], down_stages=[2]
    )
    cfg.model.cls_head.in_channels = 16
    # Scores that differ from the first step on, so that there is a table.
    cfg.model.cls_head.init_cfg = dict(type='Normal', layer='Linear', std=0.1)
    loader = cfg.train_dataloader
    # Four batches of 13 and one of 12.
    loader.batch_size = 13
    loader.dataset.times = 1
    inner = loader.dataset.dataset
    inner.ann_file = str(ann_file)
    for step in inner.pipeline:
        if step['type'] == 'CropResizeFrames':
            step.update(clip_len=12, min_frames=8)
    cfg.train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=3)
    cfg.param_scheduler = None
    cfg.val_cfg = cfg.val_dataloader = cfg.val_evaluator = None
    cfg.test_cfg = cfg.test_dataloader = cfg.test_evaluator = None
    cfg.default_hooks.checkpoint = cfg.default_hooks.logger = None
    cfg.custom_hooks = [
        dict(type='ClassCountsHook'),
        dict(type='SaliencyHook', warmup_epochs=WARMUP),
    ]
    cfg.randomness = dict(seed=0)
    cfg.log_level = 'ERROR'
    return cfg


@pytest.fixture
def prepare(demo_set, tmp_path, request):
    """Function that builds a runner; ``change(cfg)`` edits its config."""
    names = iter(range(100))

    def build(change=lambda cfg: None):
        cfg = load_config(str(ROOT / 'configs/ctrgcn_shapmix_demo.py'))
        narrow(cfg, demo_set)
        change(cfg)
        cfg.work_dir = str(tmp_path)
        cfg.experiment_name = f'{request.node.name}_{next(names)}'
        return Runner.from_cfg(cfg)

    return build


@pytest.fixture
def train():
    """Function that trains a prepared runner and says how it went."""

    def run(runner):
        recorder = Recorder()
        runner.register_hook(recorder)
        runner.train()
        model = bare_model(runner)
        return SimpleNamespace(
            losses=torch.tensor(recorder.losses),
            guided=recorder.guided,
            iters=recorder.iters,
            table=model.data_preprocessor.blending.saliency,
            blend=model.data_preprocessor.blending,
            model=model,
        )

    return run


@pytest.fixture
def curve(prepare, train):
    """Function that trains with a changed config and says how it went."""
    return lambda change=lambda cfg: None: train(prepare(change))


@pytest.fixture(scope='session')
def runs():
    """What several tests compare with, so that it is trained once."""
    return {}


@pytest.fixture
def exact(runs, curve):
    """The run with no switch: float32, eager, a step after each batch."""
    if not runs:
        runs['exact'] = curve()
    return runs['exact']
