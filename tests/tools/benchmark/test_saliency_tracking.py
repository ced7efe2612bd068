"""What is known of a set is what the tables are judged by."""

import importlib
from pathlib import Path
from types import SimpleNamespace

import torch

from shapmix_mm.shapley import SaliencyTable

BENCHMARK = Path(__file__).resolve().parents[3] / 'tools/benchmark'


class Samples(list):
    metainfo = dict(
        classes=['wave', 'sit', 'kick'],
        salient_parts=dict(wave=['arm'], kick=['leg']),
    )
    get_data_info = list.__getitem__


def test_a_class_whose_parts_are_not_told_is_not_judged(monkeypatch):
    monkeypatch.syspath_prepend(BENCHMARK)
    tracker = importlib.import_module('saliency_tracking').TrackTables([])
    layout = SimpleNamespace(part_names=('body', 'arm', 'leg'))
    shadow = SimpleNamespace(blend=SimpleNamespace(layout=layout))
    shadow.before_train = lambda runner: None
    tracker.shadows = [shadow]
    loader = SimpleNamespace(dataset=Samples([dict(label=0)]))
    tracker.before_train(SimpleNamespace(train_dataloader=loader))
    table = SaliencyTable(3, 3, (1,))
    table.values.copy_(torch.tensor([[0, 1, 0], [1, 0, 0], [0, 1, 0]]))
    table.updates.fill_(1)
    # Of the two that are told the first is right.
    assert tracker._true_parts_first(table) == dict(true_parts_first=0.5)
