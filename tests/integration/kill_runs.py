"""Kill trainings at random moments and compare with one never stopped.

As a script, ``python tests/integration/kill_runs.py --kills 50``, it does so
on one and on two ranks, with and without loader processes, and says how many
kills fell where; the tests run it with few kills. Half of the kills are
SIGKILL to all processes, half SIGTERM to one of them.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import numpy as np
import torch

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
TRAIN = ROOT / 'tools/train.py'
# A random pipeline, a random blend, and validations that are random as well.
EXTRA = """
train_cfg['max_epochs'] = 4
pipeline[0]['test_mode'] = False
train_dataloader['batch_size'] = 4
for _loader in (train_dataloader, val_dataloader):
    _loader.update(num_workers={workers}, persistent_workers={persistent})
default_hooks['checkpoint']['save_best'] = 'acc/top1'
val_dataloader['dataset']['pipeline'] = [dict(pipeline[0]), *pipeline[1:]]
"""
# What differs between any two runs: time, and where they are.
OWN = (
    ('meta', 'cfg'),
    ('meta', 'time'),
    ('meta', 'experiment_name'),
    ('message_hub', 'runtime_info', 'last_ckpt'),
    ('message_hub', 'runtime_info', 'best_ckpt'),
    ('message_hub', 'runtime_info', 'cfg'),
    ('message_hub', 'runtime_info', 'experiment_name'),
)


def differences(one, other, path=()):
    """Yield the places at which two checkpoints differ by a bit."""
    if path in OWN or path[-1:] in [('time',), ('data_time',)]:
        return
    if path[-1:] and str(path[-1]).endswith(('/time', '/data_time')):
        return
    if type(one).__module__.startswith('mmengine'):
        one, other = vars(one), vars(other)
    if isinstance(one, dict):
        for key in one.keys() | other.keys():
            if key not in one or key not in other:
                yield (*path, key)
            else:
                yield from differences(one[key], other[key], (*path, key))
    elif isinstance(one, (list, tuple)):
        if len(one) != len(other):
            yield (*path, 'length')
        for i, pair in enumerate(zip(one, other)):
            yield from differences(*pair, (*path, i))
    elif isinstance(one, torch.Tensor):
        if not torch.equal(one, other):
            yield path
    elif isinstance(one, np.ndarray):
        if one.tobytes() != other.tobytes():
            yield path
    elif one != other:
        yield path


def figures(work_dir):
    """Validation figures of each epoch, as the logs have them last."""
    found = {}
    for log in sorted(Path(work_dir).glob('*/vis_data/scalars.json')):
        for line in log.read_text().splitlines():
            try:
                row = json.loads(line)
            except ValueError:  # cut off by a kill
                continue
            if 'acc/top1' in row:
                found[row['step']] = {
                    k: v for k, v in row.items() if k.startswith('acc/')
                }
    return found


class Trainer:
    """Trainings that are forked from a process with all imports done."""

    def __init__(self, ranks):
        self.ranks = ranks
        self.server = subprocess.Popen(
            [sys.executable, str(HERE / 'command_server.py')],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=dict(os.environ, OMP_NUM_THREADS='1', PYTHONWARNINGS='ignore'),
            text=True,
        )

    def start(self, config, work_dir):
        argv = [str(TRAIN), str(config), '--work-dir', str(work_dir)]
        argv.append('--resume')
        if self.ranks > 1:
            argv.insert(0, str(HERE / 'plugins/fork_ranks.py'))
        self.log = Path(f'{work_dir}.log')
        order = dict(
            argv=argv,
            log=str(self.log),
            path=[],
            env=dict(DUMPS=tempfile.gettempdir()),
        )
        print(json.dumps(order), file=self.server.stdin, flush=True)
        self.pid = int(self.server.stdout.readline())

    def wait(self):
        return int(self.server.stdout.readline())

    def processes(self):
        """The training's own processes, not those that load its data."""
        if self.ranks == 1:
            return [self.pid]
        children = Path(f'/proc/{self.pid}/task/{self.pid}/children')
        try:
            return [int(pid) for pid in children.read_text().split()]
        except OSError:
            return []

    def kill(self, rng):
        """End it in one of two ways, which is returned."""
        victims = self.processes()
        if victims and rng.random() < 0.5:
            send(victims[rng.integers(len(victims))], signal.SIGTERM)
            return 'SIGTERM'
        for pid in (self.pid, *victims):
            send(pid, signal.SIGKILL)
        return 'SIGKILL'

    def close(self):
        self.server.stdin.close()
        self.server.wait(60)


def send(pid, number):
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        pass


def run(config, folder, *, kills, ranks=1, seed=0):
    """Kill a training so often, then compare; over again until all are done.

    Returns:
        Counter: Kills of each kind, and trainings that were compared.
    """
    rng, done = np.random.default_rng(seed), Counter()
    trainer = Trainer(ranks)
    try:
        whole = Path(folder, 'whole')
        trainer.start(config, whole)
        begun = time.monotonic()
        assert trainer.wait() == 0, trainer.log.read_text()[-4000:]
        seconds = time.monotonic() - begun
        while sum(done[k] for k in ('SIGTERM', 'SIGKILL')) < kills:
            work_dir = Path(folder, f'killed{done["compared"]}')
            left = kills - done['SIGTERM'] - done['SIGKILL']
            while left > 0:
                trainer.start(config, work_dir)
                time.sleep(rng.uniform(0, seconds))
                kind = trainer.kill(rng)
                if trainer.wait() == 0:
                    break  # it was faster
                done[kind] += 1
                left -= 1
            trainer.start(config, work_dir)
            assert trainer.wait() == 0, trainer.log.read_text()[-4000:]
            check_equal(whole, work_dir)
            done['compared'] += 1
    finally:
        trainer.close()
    return done


def check_equal(whole, killed):
    """All that the last checkpoint and the logs tell is the same."""
    one, other = (
        torch.load(folder / 'epoch_4.pth', weights_only=False)
        for folder in (whole, killed)
    )
    assert not list(differences(one, other)), list(differences(one, other))
    assert figures(whole) == figures(killed)
    assert sorted(figures(killed)) == [1, 2, 3, 4]
    assert not list(killed.glob('stopped_*.pth'))


def main():
    """Kill on one and two ranks, with and without loader processes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--kills', type=int, default=50, help='on each')
    parser.add_argument('--seed', type=int, default=0)
    args = parser.parse_args()
    spec = importlib.util.spec_from_file_location(
        'stick', HERE / 'conftest.py'
    )
    stick = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(stick)
    for ranks in (1, 2):
        for workers in (0, 2):
            with tempfile.TemporaryDirectory() as name:
                folder = Path(name)
                extra = EXTRA.format(workers=workers, persistent=workers > 0)
                config = stick.make_config(
                    folder, stick.make_stick(folder), extra
                )
                half = args.kills // 2 + args.kills % 2 * (workers == 0)
                done = run(
                    config, folder, kills=half, ranks=ranks, seed=args.seed
                )
            print(
                f'{ranks} rank(s), {workers} loader processes: '
                f'{done["SIGKILL"]} SIGKILL, {done["SIGTERM"]} SIGTERM, '
                f'{done["compared"]} trainings equal to the last bit',
                flush=True,
            )


if __name__ == '__main__':
    main()
