"""Runs of a suite whose trainings are fake, and take no time."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from mmengine.config import Config

from shapmix_mm.runs.plan import Method, Task
from shapmix_mm.runs.slots import Slot
from shapmix_mm.runs.suite import Entry, Suite

FAKE = Path(__file__).with_name('fake_trainer.py')


def make_plan(dataset, method, *, epochs=3, model=None):
    cfg = Config(
        dict(
            train_cfg=dict(max_epochs=epochs, val_interval=1),
            train_dataloader=dict(dataset=dict(type='PoseDataset')),
            param_scheduler=[],
            model=model or {},
        )
    )
    return Method(
        Entry(dataset, dataset, dataset),
        Entry('ctrgcn', 'ctrgcn', 'CTR-GCN'),
        Entry(method, method, method),
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


@pytest.fixture
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


@pytest.fixture
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
            for key in ('dataset', 'recogniser', 'method')
        }
        return Suite(
            'fake',
            Path('fake.yaml'),
            'Fake runs.',
            Path(),
            entries['dataset'],
            entries['recogniser'],
            entries['method'],
            sorted({task.seed for task in tasks}),
            None,
            baseline,
        )

    return make


@pytest.fixture
def trainer():
    """Command of the fake trainer."""
    return [sys.executable, '-S', str(FAKE)]


@pytest.fixture
def slots():
    """Two places to train at."""
    return [Slot('cpu0', {}), Slot('cpu1', {})]


@pytest.fixture
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
