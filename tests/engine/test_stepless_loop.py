"""A training without steps leaves what a training leaves."""

import json

import torch

from shapmix_mm.config.launch import bare_model
from shapmix_mm.runs.run import logged


def test_it_saves_validates_and_steps_nowhere(second_stage, build, tmp_path):
    first = build(second_stage(name='first'))
    first.train()
    cfg = second_stage(
        dict(type='SecondStageHook'),
        first=tmp_path / 'first' / 'epoch_2.pth',
        times=2,
        **{'train_cfg.type': 'SteplessTrainLoop', 'train_cfg.max_epochs': 1},
    )
    cfg.val_evaluator = [dict(type='LongTailMetric', many=7, few=4)]
    runner = build(cfg)
    runner.train()
    assert (runner.epoch, runner.iter) == (1, 0)
    expected = bare_model(first).state_dict()
    for name, value in bare_model(runner).state_dict().items():
        assert torch.equal(value, expected[name]), name
    folder = tmp_path / 'second'
    saved = torch.load(folder / 'epoch_1.pth', weights_only=False)
    assert saved['meta']['epoch'] == 1
    (log,) = folder.glob('*/vis_data/scalars.json')
    (entry,) = map(json.loads, log.read_text().splitlines())
    assert entry['step'] == 1 and 'acc/few' in entry
    found = logged(folder)
    assert found.steps == []
    assert found.accuracies['overall'] == {1: entry['acc/overall']}
    assert found.accuracies['few'] == {1: entry['acc/few']}
