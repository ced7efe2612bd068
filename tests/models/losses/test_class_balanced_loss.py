"""Class-balanced loss against numpy, and its unweighted forms."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from scipy.special import expit, softmax

from shapmix_mm.models import ClassBalancedLoss, FocalLoss

COUNTS = np.array([90, 31, 9, 4])
COUNT_LIST = COUNTS.tolist()


def expected(form, logits, soft, *, beta, gamma):
    """Batch mean of the mixed losses of the hard labels."""
    weights = (1 - beta) / (1 - beta**COUNTS)
    weights *= 4 / weights.sum()
    total = 0.0
    for z, y in zip(logits.numpy(), soft.numpy()):
        for k in range(4):
            if form == 'sigmoid_focal':
                true = np.where(np.arange(4) == k, expit(z), 1 - expit(z))
                loss = -((1 - true) ** gamma * np.log(true)).sum()
            else:
                p = softmax(z)[k]
                power = gamma if form == 'focal' else 0
                loss = -((1 - p) ** power) * np.log(p)
            total += y[k] * weights[k] * loss
    return total / len(logits)


@pytest.mark.parametrize('form', ['softmax', 'focal', 'sigmoid_focal'])
def test_value(data, form):
    logits, _, soft, _ = data
    loss = ClassBalancedLoss(
        0.99, form=form, gamma=1.5, class_counts=COUNT_LIST
    )
    assert loss(logits, soft).item() == pytest.approx(
        expected(form, logits, soft, beta=0.99, gamma=1.5)
    )


def test_uniform_counts_are_the_unweighted_forms(data):
    logits, hard, soft, _ = data
    for label in (hard, soft):
        for reduction in ('batch', 'weights'):
            uniform = dict(reduction=reduction, class_counts=[5] * 4)
            torch.testing.assert_close(
                ClassBalancedLoss(**uniform)(logits, label),
                F.cross_entropy(logits, label),
            )
            for form in ('focal', 'sigmoid_focal'):
                torch.testing.assert_close(
                    ClassBalancedLoss(form=form, gamma=2.0, **uniform)(
                        logits, label
                    ),
                    FocalLoss(2.0, form=form)(logits, label),
                )


def test_without_counts_it_says_where_they_come_from():
    with pytest.raises(ValueError, match='ClassCountsHook'):
        ClassBalancedLoss()(torch.zeros(1, 3), torch.tensor([0]))
