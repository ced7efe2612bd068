"""Planned worths against one model call per sample and coalition."""

import importlib

import numpy as np
import torch
from torch import nn

from shapmix_mm.saliency import coalition_worths, distinct_rows
from shapmix_mm.shapley import Plan, sum_by_class
from shapmix_mm.skeletons import get_layout

LAYOUT = get_layout(
    dict(
        name='stick',
        num_node=6,
        inward=[(1, 0), (2, 0), (3, 0), (4, 0), (5, 0)],
        center=0,
        parts=[[0, 1], [2, 3], [4, 5]],
    )
)


class Counter(nn.Module):
    """Stands for a recognizer; remembers how many clips it was given."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.weight = nn.Parameter(torch.randn(2 * 4 * 6 * 3, 5))
        self.norm = nn.BatchNorm1d(5)
        self.given = []

    def forward(self, inputs, stage, mode):
        assert (stage, mode) == ('head', 'tensor') and not self.training
        assert not torch.is_grad_enabled()
        self.given.append(len(inputs))
        return self.norm(inputs.flatten(1) @ self.weight)


def batch():
    clips = torch.randn(7, 1, 2, 4, 6, 3)
    clips[:4, :, 1] = 0
    clips[5, :, 1, 2:] = 0
    return clips, torch.arange(7) % 5, torch.randn(2, 6, 3)


def test_worths_equal_single_calls_and_equal_inputs_are_scored_once():
    torch.manual_seed(1)
    clips, label, mean = batch()
    model = Counter().train()
    coalitions = torch.randint(8, (7, 4))
    coalitions[:, 0] = 0
    coalitions[:, 1] = 7
    worths, scored = coalition_worths(
        model, clips, label, mean, coalitions, LAYOUT
    )
    assert model.training and not worths.requires_grad
    expected = np.zeros((7, 4))
    for n in range(7):
        for r in range(4):
            clip = clips[n].clone()
            for part, joints in enumerate(LAYOUT.parts):
                if int(coalitions[n, r]) >> part & 1:
                    continue
                for m in range(2):
                    for t in range(4):
                        if clips[n, 0, m, t].any():
                            clip[0, m, t, list(joints)] = mean[m][list(joints)]
            logits = (clip.flatten() @ model.weight) / (1 + 1e-5) ** 0.5
            expected[n, r] = logits.softmax(0)[label[n]].item()
    np.testing.assert_allclose(worths, expected, atol=1e-6)
    # Three presence patterns: one person, two, and one who leaves.
    distinct = {(n, int(c)) for n in range(7) for c in coalitions[n] if c}
    assert model.given == [scored] == [len(distinct) + 3]


def test_presence_is_asked_for_only_where_inputs_may_be_equal(monkeypatch):
    """Telling it to the CPU waits for the GPU."""
    module = importlib.import_module('shapmix_mm.saliency.score')
    original, asked = module.any_nonzero, []
    monkeypatch.setattr(
        module, 'any_nonzero', lambda x: asked.append(1) or original(x)
    )
    torch.manual_seed(2)
    clips, label, mean = batch()
    for empty in (False, True):
        coalitions = torch.randint(1, 8, (7, 3))
        coalitions[2, 1] *= not empty
        coalition_worths(Counter(), clips, label, mean, coalitions, LAYOUT)
        # Once more to hold the parts, on the device.
        assert len(asked) == (3 if empty else 1)


def test_without_empty_coalitions_nothing_waits(no_waiting):
    clips, label, mean = (values.to('meta') for values in batch())
    model, coalitions = Counter().to('meta'), torch.randint(1, 8, (7, 3))
    plan = Plan(
        coalitions,
        upper=torch.tensor([[1, 2]] * 7),
        lower=torch.tensor([[0, 1]] * 7),
        columns=torch.tensor([[0, 2]] * 7),
    )
    with no_waiting():
        worths, _ = coalition_worths(
            model, clips, label, mean, coalitions, LAYOUT
        )
        values = plan.contributions(worths)
        sums = sum_by_class(values, label, plan.columns, (5, 3))
    assert sums.device.type == 'meta' and sums.shape == (2, 5, 3)


def test_without_empty_coalitions_nothing_is_shared():
    coalitions = torch.tensor([[1, 3], [1, 1], [2, 3]])
    rows, masks, inverse = distinct_rows(
        coalitions, torch.ones(3, 1, 2, dtype=torch.bool)
    )
    assert list(zip(rows.tolist(), masks.tolist())) == [
        (0, 1),
        (0, 3),
        (1, 1),
        (2, 2),
        (2, 3),
    ]
    assert inverse.tolist() == [[0, 1], [2, 2], [3, 4]]
