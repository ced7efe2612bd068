"""Logit adjustment against numpy; Balanced Softmax against hand values."""

import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from mmaction.registry import MODELS
from scipy.special import log_softmax

from shapmix_mm.models import BalancedSoftmaxLoss, LogitAdjustedLoss

COUNTS = np.array([90, 31, 9, 4])


def test_value(data):
    logits, _, soft, _ = data
    shifted = logits.numpy() + 1.7 * np.log(COUNTS / COUNTS.sum())
    expected = -(soft.numpy() * log_softmax(shifted, 1)).sum(1).mean()
    loss = LogitAdjustedLoss(1.7, class_counts=COUNTS.tolist())
    assert loss(logits, soft).item() == pytest.approx(expected, rel=1e-6)


def test_tau_between_cross_entropy_and_balanced_softmax(data):
    logits, hard, _, _ = data
    assert torch.equal(
        LogitAdjustedLoss(1.0, class_counts=COUNTS.tolist())(logits, hard),
        BalancedSoftmaxLoss(class_counts=COUNTS.tolist())(logits, hard),
    )
    for loss in (
        LogitAdjustedLoss(0.0, class_counts=COUNTS.tolist()),
        LogitAdjustedLoss(2.0, class_counts=[3] * 4),
    ):
        torch.testing.assert_close(
            loss(logits, hard), F.cross_entropy(logits, hard)
        )


def test_hand_computed_value():
    loss = BalancedSoftmaxLoss(class_counts=[8, 2])
    logits = torch.tensor([[0.0, math.log(3.0)]])
    # n_k exp(z_k): 8 and 6, so that p = (8/14, 6/14).
    assert loss(logits, torch.tensor([1])).item() == pytest.approx(
        -math.log(6 / 14)
    )
    soft = torch.tensor([[0.25, 0.75]])
    assert loss(logits, soft).item() == pytest.approx(
        -0.25 * math.log(8 / 14) - 0.75 * math.log(6 / 14)
    )


def test_uniform_counts_equal_the_stock_cross_entropy():
    torch.manual_seed(0)
    logits, label = torch.randn(9, 5), torch.randint(0, 5, (9,))
    loss = BalancedSoftmaxLoss(class_counts=[7] * 5)
    stock = MODELS.build(dict(type='CrossEntropyLoss'))
    soft = torch.rand(9, 5).softmax(1)
    for target in (label, soft):
        torch.testing.assert_close(loss(logits, target), stock(logits, target))


def test_gradient():
    torch.manual_seed(0)
    loss = BalancedSoftmaxLoss(class_counts=[100, 30, 9])
    logits = torch.randn(4, 3, requires_grad=True)
    soft = torch.rand(4, 3).softmax(1)
    loss(logits, soft).backward()
    shifted = logits.detach() + torch.tensor([100.0, 30.0, 9.0]).log()
    torch.testing.assert_close(logits.grad, (shifted.softmax(1) - soft) / 4)


def test_counts_are_state_and_adapt_to_the_checkpoint():
    loss = MODELS.build(dict(type='BalancedSoftmaxLoss'))
    with pytest.raises(ValueError, match='ClassCountsHook'):
        loss(torch.zeros(1, 3), torch.tensor([0]))
    loss.load_state_dict(dict(class_counts=torch.tensor([3.0, 2.0, 1.0])))
    assert loss.class_counts.tolist() == [3.0, 2.0, 1.0]
    with pytest.raises(ValueError, match='3 classes.*4'):
        loss(torch.zeros(1, 4), torch.tensor([0]))
