"""A tiny set, its config as a file, and the tools run as commands."""

from __future__ import annotations

import functools
import json
import os
import pickle
import signal
import socket
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from mmengine.config import Config
from mmengine.runner import Runner

ROOT = Path(__file__).resolve().parents[2]
COUNTS = (8, 6, 4, 3)
ENV = dict(os.environ, OMP_NUM_THREADS='1', PYTHONWARNINGS='ignore')

PLUGINS = Path(__file__).with_name('plugins')
CONFIG = Path(__file__).with_name('stick_config.py')
SHAPMIX = """
model['data_preprocessor'] = dict(
    type='ActionDataPreprocessor',
    blending=dict(type='ShapMixBlending', num_classes=4, layout=LAYOUT))
model['cls_head']['loss_cls'] = dict(
    type='BalancedSoftmaxLoss', loss_weight=2.)
custom_hooks = [
    dict(type='ClassCountsHook'), dict(type='SaliencyHook', warmup_epochs=1),
    dict(type='TrainAccuracyHook')]
"""


def make_stick(
    folder,
    name='stick.pkl',
    counts=COUNTS,
    tests=(3, 3, 3, 4),
    joints=6,
    frames=12,
    change=None,
):
    """Write an annotation file of a few random clips."""
    rng = np.random.default_rng(0)
    annotations, split = [], dict(train=[], test=[])
    for part, sizes in (('train', counts), ('test', tests)):
        for label, count in enumerate(sizes):
            for i in range(count):
                keypoint = rng.normal(size=(1 + i % 2, frames, joints, 3))
                keypoint[:, :, 1 + label] += 1.0
                split[part].append(f'{part}_{label}_{i}')
                annotations.append(
                    dict(
                        frame_dir=split[part][-1],
                        label=label,
                        total_frames=frames,
                        keypoint=keypoint.astype(np.float32),
                    )
                )
    data = dict(split=split, annotations=annotations)
    if change is not None:
        change(data)
    path = folder / name
    path.write_bytes(pickle.dumps(data))
    return path


def make_config(folder, ann_file, extra='', *, name='cfg.py', shapmix=True):
    """Write a config file; ``extra`` is more Python at its end."""
    path = folder / name
    path.write_text(
        CONFIG.read_text().replace('ANN_FILE', str(ann_file))
        + (SHAPMIX if shapmix else '')
        + extra
    )
    return path


@pytest.fixture(scope='session')
def stick_maker():
    """Functions that write annotations and config into a folder."""
    return SimpleNamespace(annotations=make_stick, config=make_config)


@pytest.fixture
def write_stick(tmp_path):
    """Function that writes an annotation file of 4 classes, 6 joints."""
    return functools.partial(make_stick, tmp_path)


@pytest.fixture
def write_config(tmp_path):
    """Function that writes a config file; ``extra`` is more Python."""
    return functools.partial(make_config, tmp_path)


@pytest.fixture
def build(write_config, tmp_path, request):
    """Function that builds the runner of a config."""
    names = iter(range(100))

    def make(ann_file, extra='', **kwargs):
        cfg = Config.fromfile(write_config(ann_file, extra, **kwargs))
        cfg.work_dir = str(tmp_path / 'run')
        cfg.experiment_name = f'{request.node.name}_{next(names)}'
        return Runner.from_cfg(cfg)

    return make


@pytest.fixture
def trains(build):
    """Function that expects a training to the end and returns the runner."""

    def check(ann_file, extra='', **kwargs):
        runner = build(ann_file, extra, **kwargs)
        runner.train()
        assert runner.epoch == runner.max_epochs
        state = runner.model.state_dict()
        assert all(v.isfinite().all() for v in state.values())
        return runner

    return check


class Command:
    """A running script."""

    def __init__(self, server, pid, log):
        self.server, self.pid, self.log = server, pid, log

    def kill(self):
        try:
            os.kill(self.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass  # it was faster

    def wait(self):
        return SimpleNamespace(
            rc=int(self.server.stdout.readline()),
            out=self.log.read_text(errors='replace'),
        )


@pytest.fixture(scope='session')
def command_server():
    """The process that the commands are forked from."""
    server = subprocess.Popen(
        [sys.executable, str(Path(__file__).with_name('command_server.py'))],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=ENV,
        text=True,
    )
    yield server
    server.stdin.close()
    server.wait(60)


@pytest.fixture(scope='session')
def start(command_server, tmp_path_factory):
    """Function that starts ``tools/NAME.py``, as the command line would.

    With ``forks`` the scripts that it starts are forked, too.
    """

    def go(name, *args, path=(), env=None, forks=False):
        log = tmp_path_factory.mktemp('command') / 'log'
        order = dict(
            argv=[str(ROOT / 'tools' / f'{name}.py'), *map(str, args)],
            log=str(log),
            path=[*map(str, path)],
            env=env or {},
            forks=forks,
        )
        print(json.dumps(order), file=command_server.stdin, flush=True)
        pid = int(command_server.stdout.readline())
        return Command(command_server, pid, log)

    return go


@pytest.fixture(scope='session')
def tool(start):
    """Function that runs ``tools/NAME.py`` to its end."""

    def run(name, *args, ok=True, **kwargs):
        result = start(name, *args, **kwargs).wait()
        if ok:
            assert result.rc == 0, result.out[-4000:]
        return result

    return run


@pytest.fixture
def two_ranks(tool, tmp_path):
    """Function that runs ``tools/NAME.py`` on two ranks, forked at once."""

    def run(name, *args, dumps=tmp_path):
        tool(
            '../tests/integration/plugins/fork_ranks',
            ROOT / 'tools' / f'{name}.py',
            *args,
            path=[PLUGINS],
            env=dict(DUMPS=str(dumps)),
        )
        for rank in (0, 1):
            # One that exits first may abort another that still listens.
            assert (dumps / f'{name}{rank}').read_text() == 'left'

    return run


@pytest.fixture
def dist_train(tmp_path):
    """Function that runs ``tools/dist_train.sh`` with two processes."""

    def run(config, *args, path=(), env=None):
        with socket.socket() as probe:
            probe.bind(('127.0.0.1', 0))
            port = probe.getsockname()[1]
        env = dict(
            ENV,
            PYTHON=sys.executable,
            PORT=str(port),
            PYTHONPATH=os.pathsep.join(map(str, path)),
            **(env or {}),
        )
        done = subprocess.run(
            [
                'bash',
                str(ROOT / 'tools' / 'dist_train.sh'),
                str(config),
                '2',
                *map(str, args),
            ],
            env=env,
            cwd=tmp_path,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=300,
        )
        assert done.returncode == 0, done.stdout[-4000:]
        return done.stdout

    return run


def accuracies(metrics):
    # MMEngine writes null for the whole numbers of a test run.
    return {
        k: v
        for k, v in metrics.items()
        if k.startswith('acc/') and not k.startswith('acc/num')
    }


@pytest.fixture(scope='session')
def validations():
    """Function that reads a run's validation metrics from its log."""

    def read(work_dir):
        logs = sorted(Path(work_dir).glob('*/vis_data/scalars.json'))
        lines = [
            json.loads(line)
            for log in logs
            for line in log.read_text().splitlines()
        ]
        return [accuracies(line) for line in lines if 'acc/overall' in line]

    return read


@pytest.fixture(scope='session')
def tested():
    """Function that reads the metrics of a test run from its log."""

    def read(work_dir):
        metrics = [
            json.loads(path.read_text())
            for path in sorted(Path(work_dir).glob('*/*.json'))
        ]
        assert len(metrics) == 1
        return accuracies(metrics[0])

    return read
