"""Runs of a suite whose trainings are fake; a folder of a short training."""

from __future__ import annotations

import json
import pickle
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from matplotlib.figure import Figure
from mmaction.registry import MODELS
from mmengine.config import Config
from mmengine.registry import DefaultScope

import shapmix_mm  # noqa: F401
from shapmix_mm.runs.queue import Slot
from shapmix_mm.runs.suite import (
    DatasetEntry,
    Entry,
    MethodEntry,
    Plan,
    Suite,
    Task,
)

FAKE = Path(__file__).with_name('fake_trainer.py')


@pytest.fixture
def drawn():
    """Asks for pages whose figures are really drawn."""


@pytest.fixture(autouse=True)
def _quick_figures(request, monkeypatch):
    """To draw its figures takes most of the time that a page does.

    Those of a comparison are not even laid out, one for each table.
    """

    def blank(methods, path, **kwargs):
        Figure().savefig(path)
        return path

    if 'drawn' not in request.fixturenames:
        request.getfixturevalue('blank_figures')
        monkeypatch.setattr(
            'shapmix_mm.runs.comparison.plot_method_intervals', blank
        )


def make_plan(dataset, method, *, epochs=3, model=None):
    cfg = Config(
        dict(
            train_cfg=dict(max_epochs=epochs, val_interval=1),
            train_dataloader=dict(dataset=dict(type='PoseDataset')),
            param_scheduler=[],
            model=model or {},
        )
    )
    return Plan(
        DatasetEntry.model_validate(dataset),
        Entry.model_validate({'ctrgcn': {'title': 'CTR-GCN'}}),
        MethodEntry.model_validate(method),
        Path(f'ctrgcn_{method}_{dataset}.py'),
        (),
        {},
        cfg,
        dataset,
    )


@pytest.fixture
def plan():
    """Function that makes a method on a dataset."""
    return make_plan


@pytest.fixture(scope='session')
def make_tasks():
    """Function that lists the runs of methods and seeds below a root."""

    def make(root, methods=('ce', 'mix'), seeds=(0, 1), dataset='tail', **kw):
        plans = [make_plan(dataset, method, **kw) for method in methods]
        return [
            Task(p, seed, Path(root) / dataset / p.method.name / str(seed))
            for seed in seeds
            for p in plans
        ]

    return make


@pytest.fixture(scope='session')
def make_suite():
    """Function that makes the suite of some runs."""

    def make(tasks, baseline='ce'):
        entries = {
            key: list(
                {
                    getattr(t.plan, key).name: getattr(t.plan, key)
                    for t in tasks
                }.values()
            )
            for key in ('dataset', 'recognizer', 'method')
        }
        suite = Suite(
            about='Fake runs.',
            datasets=entries['dataset'],
            recognizers=entries['recognizer'],
            methods=entries['method'],
            seeds=sorted({task.seed for task in tasks}),
            baseline=baseline,
            path=Path('fake.yaml'),
        )
        return suite

    return make


@pytest.fixture(scope='session')
def trainer():
    """Command of the fake trainer."""
    return [sys.executable, '-S', str(FAKE)]


@pytest.fixture(scope='session')
def slots():
    """Two places to train at."""
    return [Slot('cpu0', {}), Slot('cpu1', {})]


@pytest.fixture(scope='session')
def accuracy():
    """Function that gives the accuracy which a fake training logs."""
    space = {'__name__': 'fake'}
    exec(FAKE.read_text(), space)
    return space['accuracy']


@pytest.fixture
def events():
    """Function that reads what the fake trainings tell, by kind."""

    def read(root):
        found = {}
        for line in (Path(root) / 'events').read_text().splitlines():
            kind, pid, name = line.split()
            found.setdefault(kind, []).append((int(pid), name))
        return found

    return read


COUNTS = (8, 6, 4, 3)
CONFIG = """
default_scope = 'mmaction'
custom_imports = dict(imports=['shapmix_mm'])
layout = dict(
    name='stick', num_node=6, center=0,
    inward=[(1, 0), (2, 0), (3, 0), (4, 0), (5, 0)],
    parts=[[0, 1], [2], [3], [4], [5]])
model = dict(
    type='RecognizerGCN',
    data_preprocessor=dict(
        type='ActionDataPreprocessor',
        blending=dict(type='ShapMixBlending', num_classes=4, layout=layout)),
    backbone=dict(
        type='STGCN', base_channels=8, num_stages=2, inflate_stages=[],
        down_stages=[], graph_cfg=dict(layout=layout, mode='stgcn_spatial')),
    cls_head=dict(type='GCNHead', num_classes=4, in_channels=8))
pipeline = [
    dict(type='UniformSampleFrames', clip_len=8, test_mode=True),
    dict(type='PoseDecode'),
    dict(type='FormatGCNInput', num_person=1),
    dict(type='PackActionInputs')]
test_dataloader = dict(
    batch_size=4, num_workers=0,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type='LongTailedPoseDataset', ann_file='ANN_FILE', split='test',
        pipeline=pipeline, test_mode=True))
train_dataloader = dict(
    batch_size=7, num_workers=0,
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(type='RepeatDataset', times=5, dataset=dict(
        type='LongTailedPoseDataset', ann_file='ANN_FILE', split='train',
        pipeline=pipeline)))
test_evaluator = [dict(type='LongTailMetric', many=7, few=4)]
val_dataloader, val_evaluator = test_dataloader, test_evaluator
train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=2)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
optim_wrapper = dict(optimizer=dict(type='SGD', lr=0.05))
custom_hooks = [dict(type='ClassCountsHook'), dict(type='SaliencyHook')]
default_hooks = dict(runtime_info=dict(type='RuntimeInfoHook'))
randomness = dict(seed=7)
"""
LOG = """2026/01/01 10:00:00 - mmengine - INFO -
------------------------------------------------------------
System environment:
    sys.platform: linux
    Python: 3.11.7 (main)
    CUDA available: False
    PyTorch: 2.0.0

Runtime environment:
    seed: 7
    GPU number: 1
------------------------------------------------------------

2026/01/01 10:00:01 - mmengine - INFO - Config:
    PyTorch: not a fact
2026/01/01 10:01:30 - mmengine - INFO - Epoch(val) [2][4/4]
"""


def training_lines(first, last, loss=1.0):
    """Log entries of epochs of three iterations, each with a validation."""
    lines = []
    for epoch in range(first, last + 1):
        for step in (3 * epoch - 1, 3 * epoch):
            lines.append(
                dict(
                    lr=0.05,
                    loss=loss / step,
                    time=0.5,
                    data_time=0.1,
                    epoch=epoch,
                    iter=step,
                    step=step,
                )
            )
        accuracy = {
            f'acc/{name}': 0.1 * epoch * loss
            for name in ('overall', 'many', 'medium', 'few', 'mean_class')
        }
        lines.append(dict(accuracy, step=epoch))
    return lines


def write_part(work_dir, stamp, lines):
    folder = work_dir / stamp / 'vis_data'
    folder.mkdir(parents=True)
    text = '\n'.join(map(json.dumps, lines))
    (folder / 'scalars.json').write_text(text)
    (folder.parent / f'{stamp}.log').write_text(LOG)


def write_annotations(path):
    rng = np.random.default_rng(0)
    annotations, split = [], dict(train=[], test=[])
    for name, counts in (('train', COUNTS), ('test', (3, 3, 3, 4))):
        for label, count in enumerate(counts):
            for i in range(count):
                frame_dir = f'{name}_{label}_{i}'
                split[name].append(frame_dir)
                annotations.append(
                    dict(
                        frame_dir=frame_dir,
                        label=label,
                        total_frames=12,
                        keypoint=rng.normal(size=(1, 12, 6, 3)).astype(
                            np.float32
                        ),
                    )
                )
    path.write_bytes(pickle.dumps(dict(split=split, annotations=annotations)))


def save_model(cfg, path):
    torch.manual_seed(0)
    with DefaultScope.overwrite_default_scope('mmaction'):
        model = MODELS.build(cfg.model)
    blend = model.data_preprocessor.blending
    blend.set_class_counts(COUNTS)
    blend.saliency.values.normal_()
    blend.saliency.updates.fill_(1)
    torch.save(dict(meta={}, state_dict=model.state_dict()), path)


@pytest.fixture(scope='session')
def made_run(tmp_path_factory):
    """Annotations, config text and checkpoint, made once."""
    folder = tmp_path_factory.mktemp('run')
    write_annotations(folder / 'stick.pkl')
    text = CONFIG.replace('ANN_FILE', str(folder / 'stick.pkl'))
    (folder / 'stick.py').write_text(text)
    save_model(Config.fromfile(folder / 'stick.py'), folder / 'epoch_2.pth')
    return folder


@pytest.fixture
def training():
    """Functions that write the logs of a training."""
    return SimpleNamespace(lines=training_lines, write=write_part)


@pytest.fixture
def run_dir(made_run, tmp_path):
    """Work directory of a finished run."""
    work_dir = tmp_path / 'stick_run'
    write_part(work_dir, '20260101_100000', training_lines(1, 2))
    for name in ('stick.py', 'epoch_2.pth'):
        (work_dir / name).write_bytes((made_run / name).read_bytes())
    return work_dir
