"""Processor time of a step is logged, and waiting is no part of it."""

import json
import time

from mmengine.hooks import Hook


class Slow(Hook):
    """Each step waits and then works, 60 ms of each."""

    def after_train_iter(
        self, runner, batch_idx, data_batch=None, outputs=None
    ):
        time.sleep(0.06)
        end = time.process_time() + 0.06
        while time.process_time() < end:
            pass


def test_work_counts_and_waiting_does_not(second_stage, build, tmp_path):
    cfg = second_stage()
    cfg.default_hooks.timer = dict(type='CpuTimerHook')
    runner = build(cfg)
    runner.register_hook(Slow(), priority='HIGH')
    runner.train()
    (log,) = (tmp_path / 'second').glob('*/vis_data/scalars.json')
    entries = [json.loads(line) for line in log.read_text().splitlines()]
    steps = [entry for entry in entries if 'iter' in entry]
    assert len(steps) == 6
    for entry in steps:
        assert entry['cpu_time'] >= 0.06
        assert entry['time'] >= 0.12
    # Of the 60 ms that each step sleeps none are in it.
    assert min(e['time'] - e['cpu_time'] for e in steps) >= 0.05
