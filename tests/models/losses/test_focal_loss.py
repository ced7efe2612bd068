"""Focal loss against values worked out apart from the code."""

import math

import pytest
import torch
import torch.nn.functional as F

from shapmix_mm.models import FocalLoss


def test_hand_computed_value():
    # p = (0.8, 0.2).
    logits = torch.tensor([[math.log(4.0), 0.0]])
    loss = FocalLoss(gamma=2.0)
    assert loss(logits, torch.tensor([0])).item() == pytest.approx(
        -(0.2**2) * math.log(0.8)
    )
    soft = torch.tensor([[0.3, 0.7]])
    assert loss(logits, soft).item() == pytest.approx(
        -0.3 * 0.2**2 * math.log(0.8) - 0.7 * 0.8**2 * math.log(0.2)
    )


def test_gamma_zero_is_cross_entropy(data):
    logits, hard, soft, _ = data
    for label in (hard, soft):
        torch.testing.assert_close(
            FocalLoss(gamma=0.0)(logits, label), F.cross_entropy(logits, label)
        )
    found = FocalLoss(gamma=0.0, form='sigmoid_focal')(logits, soft)
    torch.testing.assert_close(
        found,
        F.binary_cross_entropy_with_logits(logits, soft, reduction='none')
        .sum(1)
        .mean(),
    )
