"""Which expert is asked, and what the gates learn, by hand."""

from __future__ import annotations

import math

import pytest
import torch
from mmaction.registry import MODELS
from mmaction.structures import ActionDataSample

from shapmix_mm.models.heads.expert_routing_head import help_wanted

E, K = 3, 3
#: Scores of each expert for four samples; means of the first are right of
#: them. Labels 0, 0, 1, 2.
SCORES = torch.tensor(
    [
        [[3.0, 0, 0], [0, 3, 0], [5, 0, 0], [4, 0, 0]],
        [[0, 0, 1], [4, 0, 0], [0, 1, 0], [4, 0, 0]],
        [[0, 0, 1], [0, 0, 9], [0, 9, 0], [4, 0, 0]],
    ]
)
LABELS = (0, 0, 1, 2)
# Expert 1 is right for the first sample. The second is right with two, and
# wrong with three; the third is right with three; no one knows the last.
WANTED = [[False, True, True, False], [False, False, True, False]]


def head(**kwargs):
    torch.manual_seed(0)
    made = MODELS.build(
        dict(
            type='ExpertRoutingHead',
            num_classes=K,
            in_channels=2,
            num_experts=E,
            hidden_channels=2,
            **kwargs,
        )
    )
    made.init_weights()
    return made.eval()


def samples(labels):
    return [ActionDataSample().set_gt_label(label) for label in labels]


def route_as(module, monkeypatch, gates):
    means = SCORES.cumsum(0) / torch.arange(1, E + 1)[:, None, None]
    gates = torch.tensor(gates)
    monkeypatch.setattr(module, 'route', lambda x: (means, gates))


def test_help_is_wanted_where_a_later_mean_mends_what_is_wrong():
    means = SCORES.cumsum(0) / torch.arange(1, E + 1)[:, None, None]
    assert help_wanted(means, torch.tensor(LABELS)).tolist() == WANTED


def test_the_score_is_the_mean_of_the_experts_that_were_asked(monkeypatch):
    """Who is not asked does not ask the next either."""
    module = head()
    gates = [[-1.0, 2, 1, -1], [3, -1, 1, -2]]
    route_as(module, monkeypatch, gates)
    expected = [[3, 0, 0], [2, 1.5, 0], [5 / 3, 10 / 3, 0], [4, 0, 0]]
    torch.testing.assert_close(module(None), torch.tensor(expected))
    losses = module.train().loss(torch.zeros(4), samples(LABELS))
    assert losses['experts'].item() == pytest.approx((1 + 2 + 3 + 1) / 4)
    assert losses['top1_acc'].item() == pytest.approx(2 / 4)
    total = 0.0
    for row, wanted in zip(gates, WANTED):
        for gate, want in zip(row, wanted):
            p = 1 / (1 + math.exp(-gate))
            total -= 100 * math.log(p) if want else math.log(1 - p)
    assert losses['loss_gate'].item() == pytest.approx(total / 8, rel=1e-6)


def test_a_gate_sees_the_best_scores_and_the_direction_of_a_feature():
    module = head(top=2, scale=30.0)
    with torch.no_grad():
        for expert, linear in enumerate(module.fc):
            linear.weight.copy_(torch.tensor([[1.0, 0], [0, 1], [-1, 0]]))
            if expert < E - 1:
                module.hidden[expert].weight.copy_(torch.eye(2))
                module.hidden[expert].bias.copy_(torch.tensor([0.0, -1]))
        module.gate.weight.copy_(torch.tensor([[1.0, 10, 100, 1000]]))
        module.gate.bias.fill_(-7)
    # One sample, one person; features (3, 4), (8, 6), (0, 2) of the experts.
    maps = torch.tensor([3.0, 4, 8, 6, 0, 2]).view(1, 1, 6, 1, 1)
    means, gates = module.route(maps)
    # Cosines 0.6, 0.8 and -0.6, then 0.8, 0.6 and -0.8.
    torch.testing.assert_close(
        means[:2, 0], torch.tensor([[18.0, 24, -18], [21, 21, -21]])
    )
    # 0.8 - 1 and 0.6 - 1 are negative.
    by_hand = [24 + 10 * 18 + 60 - 7, 21 + 210 + 80 - 7]
    torch.testing.assert_close(gates[:, 0], torch.tensor(by_hand).float())


def test_only_the_gates_learn():
    module = head().train()
    maps = torch.randn(8, 1, 2 * E, 2, 3)
    module.loss(maps, samples([0, 1, 2, 0, 1, 2, 0, 1]))[
        'loss_gate'
    ].backward()
    learn = {n for n, p in module.named_parameters() if p.requires_grad}
    assert {n.split('.')[0] for n in learn} == {'hidden', 'gate'}
    assert all(
        module.get_parameter(n).grad.abs().sum() > 0
        for n in learn
        if n.endswith('weight')
    )


def test_soft_labels_are_refused():
    module = head(label_smooth_eps=0.1).train()
    with pytest.raises(ValueError, match='needs hard labels'):
        module.loss(torch.randn(2, 1, 6, 2, 3), samples([0, 1]))
