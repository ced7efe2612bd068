"""Deferred re-weighting against torch's weighted losses."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from shapmix_mm.models import DeferredReweightingLoss, FocalLoss

COUNTS = np.array([90, 31, 9, 4])


def weights(beta):
    raw = (1 - beta) / (1 - beta**COUNTS)
    return torch.tensor(4 * raw / raw.sum())


def test_weighted_cross_entropy_after_the_switch(ready, data):
    logits, hard, soft, _ = data
    cfg = dict(type='DeferredReweightingLoss', beta=0.99)
    early, late = ready(late=False, **cfg), ready(**cfg)
    torch.testing.assert_close(
        early(logits, soft), F.cross_entropy(logits, soft)
    )
    torch.testing.assert_close(
        late(logits, hard), F.cross_entropy(logits, hard, weight=weights(0.99))
    )
    batch = ready(reduction='batch', **cfg)
    torch.testing.assert_close(
        batch(logits, soft),
        F.cross_entropy(logits, soft, weight=weights(0.99)),
    )


def test_ldam_drw_by_hand(ready, data):
    logits, hard, _, _ = data
    loss = ready(
        type='DeferredReweightingLoss',
        loss=dict(type='LDAMLoss', scale=10.0),
        beta=0.999,
    )
    margins = torch.tensor(0.5 * (COUNTS / 4) ** -0.25)
    lowered = logits - 10 * margins * F.one_hot(hard, 4)
    torch.testing.assert_close(
        loss(logits, hard),
        F.cross_entropy(lowered, hard, weight=weights(0.999)),
    )


def test_weights_of_the_inner_loss_are_multiplied(ready, data):
    logits, hard, _, _ = data
    loss = ready(
        type='DeferredReweightingLoss',
        loss=dict(type='ClassBalancedLoss', beta=0.9),
        beta=0.99,
    )
    torch.testing.assert_close(
        loss(logits, hard),
        F.cross_entropy(logits, hard, weight=weights(0.9) * weights(0.99)),
    )


def test_uniform_counts_are_the_inner_loss(ready, data):
    logits, _, soft, _ = data
    loss = ready(
        (5, 5, 5, 5),
        type='DeferredReweightingLoss',
        loss=dict(type='FocalLoss', gamma=1.0),
    )
    torch.testing.assert_close(
        loss(logits, soft), FocalLoss(gamma=1.0)(logits, soft)
    )


def test_counts_reach_the_inner_loss():
    loss = DeferredReweightingLoss(
        dict(type='BalancedSoftmaxLoss'), class_counts=[3, 1]
    )
    assert loss.loss.class_counts.tolist() == [3, 1]


@pytest.mark.parametrize(
    'wrong, error, message',
    [
        (
            dict(loss=dict(type='FocalLoss', loss_weight=2.0)),
            ValueError,
            'loss_weight 2.0; give it to DeferredReweightingLoss',
        ),
        (dict(loss=dict(type='NLLLoss')), TypeError, 'got NLLLoss'),
        (
            dict(loss=dict(type='CrossEntropyLoss', class_weight=[1.0])),
            TypeError,
            'without class_weight',
        ),
    ],
)
def test_bad_arguments(wrong, error, message):
    with pytest.raises(error, match=message):
        DeferredReweightingLoss(**wrong)
