"""Influence-balanced loss against numpy, and its two phases."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from scipy.special import softmax

from shapmix_mm.models import InfluenceBalancedLoss

COUNTS = np.array([90, 31, 9, 4])


def ready(*, late=True, counts=COUNTS, **kwargs):
    loss = InfluenceBalancedLoss(class_counts=counts.tolist(), **kwargs)
    loss.set_progress(99 if late else 0, total=100, iters_per_pass=10)
    return loss


def by_hand(logits, target, features, *, alpha=None, power=1.0, counts=COUNTS):
    p, y, h = softmax(logits, 1), np.asarray(target), np.asarray(features)
    weights = counts ** (-power)
    weights = weights / weights.mean()
    influence = np.abs(p - y).sum(1) * np.abs(h).sum(1)
    alpha = influence.mean() if alpha is None else alpha
    losses = -(weights * y * np.log(p)).sum(1)
    return (alpha / (influence + 1e-3) * losses).mean()


@pytest.mark.parametrize('alpha', [None, 1000.0])
def test_value(data, alpha):
    logits, hard, soft, features = data
    for label, target in ((hard, F.one_hot(hard, 4)), (soft, soft)):
        loss = ready(alpha=alpha, power=0.5)
        loss.set_features(features)
        assert loss(logits, label).item() == pytest.approx(
            by_hand(logits, target, features, alpha=alpha, power=0.5)
        )


def test_influence_is_the_gradient_at_the_classifier(data):
    _, hard, _, features = data
    weight = torch.randn(4, 3, dtype=torch.float64, requires_grad=True)
    h, y = features[0], hard[:1]
    F.cross_entropy((weight @ h)[None], y).backward()
    error = (weight @ h).softmax(0) - F.one_hot(y[0], 4)
    torch.testing.assert_close(
        weight.grad.abs().sum(), error.abs().sum() * h.abs().sum()
    )


def test_uniform_counts_leave_the_influence_alone(data):
    logits, _, soft, features = data
    loss = ready(counts=np.array([5.0] * 4), alpha=3.0)
    loss.set_features(features)
    assert loss(logits, soft).item() == pytest.approx(
        by_hand(logits, soft, features, alpha=3.0, power=0.0)
    )


def test_cross_entropy_before_the_switch(data):
    logits, hard, _, features = data
    loss = ready(late=False)
    loss.set_features(features)
    torch.testing.assert_close(
        loss(logits, hard), F.cross_entropy(logits, hard)
    )


def test_default_alpha_keeps_the_size_of_the_gradient(data):
    """Summed over the batch, in the norm that defines influence."""
    logits, hard, _, features = data

    def size(loss):
        sizes = []
        z = logits.clone().requires_grad_()
        loss.set_features(features)
        (gradient,) = torch.autograd.grad(loss(z, hard), z)
        for row, h in zip(gradient, features):
            sizes.append(row.abs().sum() * h.abs().sum())
        return torch.stack(sizes)

    before = size(ready(late=False))
    after = size(ready(counts=np.array([5.0] * 4)))
    assert after.sum() == pytest.approx(before.sum().item(), rel=0.01)
    # And every sample has the same share of it.
    torch.testing.assert_close(
        after, after.mean().expand(7), rtol=0.05, atol=0.0
    )
    assert before.max() > 2 * before.min()


def test_the_factor_has_a_gradient_only_if_asked(data):
    logits, hard, _, features = data
    features.requires_grad_()
    for detach in (True, False):
        loss = ready(detach=detach, alpha=10.0)
        z = logits.clone().requires_grad_()
        loss.set_features(features)
        grads = torch.autograd.grad(
            loss(z, hard), (z, features), allow_unused=True
        )
        assert (grads[1] is None) == detach


def test_the_mean_influence_is_a_number_whatever_has_a_gradient(data):
    logits, hard, _, features = data
    error = softmax(logits, 1) - np.eye(4)[hard]
    influence = np.abs(error).sum(1) * np.abs(features.numpy()).sum(1)
    found = []
    for alpha in (None, influence.mean()):
        loss = ready(detach=False, alpha=alpha)
        z = logits.clone().requires_grad_()
        loss.set_features(features)
        found.append(torch.autograd.grad(loss(z, hard), z)[0])
    torch.testing.assert_close(*found)


@pytest.mark.parametrize('late', [False, True])
def test_features_are_of_this_batch(data, late):
    """Long before the switch too, which comes amid the training."""
    logits, hard, _, features = data
    loss = ready(late=late)
    with pytest.raises(ValueError, match='FeatureGCNHead'):
        loss(logits, hard)
    loss.set_features(features[:3])
    with pytest.raises(ValueError, match='features of the batch'):
        loss(logits, hard)
    loss.set_features(features)
    loss(logits, hard)
    # Used once.
    with pytest.raises(ValueError, match='features of the batch'):
        loss(logits, hard)
