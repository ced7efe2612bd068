"""LDAM against published margins and numpy."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from scipy.special import logsumexp

from shapmix_mm.models import LDAMLoss


def test_anchor_margins_of_ntu60(ntu60_counts):
    margins = LDAMLoss(class_counts=ntu60_counts).margins(60)
    np.testing.assert_allclose(
        margins[[0, 20, 40, 59]], (0.158, 0.234, 0.347, 0.5), atol=5.1e-4
    )
    assert margins.max().item() == 0.5


def test_value(data):
    cosines = data[0].tanh()
    counts, scale = np.array([90, 31, 9, 4]), 30.0
    margins = counts**-0.25 * 0.5 / (counts**-0.25).max()
    total = 0.0
    for cosine, y in zip(cosines.numpy(), data[2].numpy()):
        for k in range(4):
            z = scale * (cosine - margins * (np.arange(4) == k))
            total += y[k] * (logsumexp(z) - z[k])
    loss = LDAMLoss(0.5, scale=scale, class_counts=counts.tolist())
    assert loss(scale * cosines, data[2]).item() == pytest.approx(
        total / len(cosines), rel=1e-6
    )


def test_uniform_counts_are_one_margin_and_no_margin_is_cross_entropy(data):
    logits, hard, soft, _ = data
    loss = LDAMLoss(0.35, scale=4.0, class_counts=[6] * 4)
    additive = logits - 0.35 * 4.0 * F.one_hot(hard, 4)
    torch.testing.assert_close(
        loss(logits, hard), F.cross_entropy(additive, hard)
    )
    none = LDAMLoss(0.0, scale=4.0, class_counts=[9, 3, 2, 1])
    torch.testing.assert_close(
        none(logits, soft), F.cross_entropy(logits, soft)
    )


def test_the_scale_is_that_of_the_head():
    loss = LDAMLoss(class_counts=[3, 1])
    with pytest.raises(ValueError, match='CosineGCNHead'):
        loss(torch.zeros(1, 2), torch.tensor([0]))
    loss.adopt_scale(16.0)
    loss.adopt_scale(16.0)
    assert loss.scale == 16.0
    with pytest.raises(ValueError, match='scale 16.0, its head 30.0'):
        loss.adopt_scale(30.0)
