"""Slow writes of checkpoints, and what a run holds when it begins."""

import builtins
import os
import time

import torch
from mmaction.registry import HOOKS, METRICS
from mmengine.evaluator import BaseMetric
from mmengine.hooks import Hook

real_open = builtins.open


class SlowFile:
    """Marks its first write; what is opened as a lock has none."""

    def __init__(self, file, name, seconds):
        self.file, self.name, self.seconds = file, name, seconds
        self.fileno = file.fileno

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.file.close()

    def write(self, data):
        with real_open(os.environ['MARKS'], 'a') as marks:
            marks.write(self.name.lstrip('.') + '\n')
        time.sleep(self.seconds / 2)
        size = len(data) // 10 + 1
        for start in range(0, len(data), size):
            self.file.write(data[start : start + size])
            self.file.flush()
            time.sleep(self.seconds / 20)


def slow_open(path, mode='r', *args, **kwargs):
    file = real_open(path, mode, *args, **kwargs)
    name = os.path.basename(str(path))
    seconds = float(os.environ.get('SLOW', 0))
    if (
        seconds
        and 'w' in mode
        and ('.pth' in name or name == 'last_checkpoint')
    ):
        return SlowFile(file, name, seconds)
    return file


builtins.open = slow_open


@METRICS.register_module()
class Rising(BaseMetric):
    default_prefix = 'rising'

    def process(self, data_batch, data_samples):
        self.results.append(0)

    def compute_metrics(self, results):
        return dict(score=time.time())


@HOOKS.register_module()
class Witness(Hook):
    priority = 'LOWEST'

    def before_train(self, runner):
        target = os.environ['WITNESS']
        torch.save(
            dict(
                epoch=runner.epoch,
                iter=runner.iter,
                loaded=runner._load_from if runner._resume else None,
                state=runner.model.state_dict(),
                optimizer=runner.optim_wrapper.state_dict(),
            ),
            target + '.part',
        )
        os.replace(target + '.part', target)
