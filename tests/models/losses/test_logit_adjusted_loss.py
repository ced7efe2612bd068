"""Logit adjustment against numpy, and at its two ends."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from scipy.special import log_softmax

from shapmix_mm.models import BalancedSoftmaxLoss, LogitAdjustedLoss

COUNTS = np.array([90, 31, 9, 4])


def test_value(data):
    logits, _, soft, _ = data
    shifted = logits.numpy() + 1.7 * np.log(COUNTS / COUNTS.sum())
    expected = -(soft.numpy() * log_softmax(shifted, 1)).sum(1).mean()
    loss = LogitAdjustedLoss(1.7, class_counts=COUNTS)
    assert loss(logits, soft).item() == pytest.approx(expected, rel=1e-6)


def test_tau_between_cross_entropy_and_balanced_softmax(data):
    logits, hard, _, _ = data
    assert torch.equal(
        LogitAdjustedLoss(1.0, class_counts=COUNTS)(logits, hard),
        BalancedSoftmaxLoss(class_counts=COUNTS)(logits, hard),
    )
    for loss in (
        LogitAdjustedLoss(0.0, class_counts=COUNTS),
        LogitAdjustedLoss(2.0, class_counts=[3] * 4),
    ):
        torch.testing.assert_close(
            loss(logits, hard), F.cross_entropy(logits, hard)
        )


def test_bad_tau():
    with pytest.raises(ValueError, match='tau of LogitAdjustedLoss'):
        LogitAdjustedLoss(-0.5)
