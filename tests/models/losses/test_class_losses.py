"""Losses of every label against plain numpy, one entry at a time."""

import numpy as np
import pytest
import torch
from scipy.special import expit, logsumexp, softmax

from shapmix_mm.models.losses.class_losses import (
    LOSS_FORMS,
    margin_cross_entropies,
)

MARGINS = np.array([0.0, 0.7, 1.5, 4.0])


def by_hand(form, z, k, gamma):
    """Loss of the logits of one sample for label k."""
    if form == 'margin':
        z = z - MARGINS * (np.arange(len(z)) == k)
        return logsumexp(z) - z[k]
    if form == 'sigmoid_focal':
        total = 0.0
        for j, prob in enumerate(expit(z)):
            true = prob if j == k else 1 - prob
            total += -((1 - true) ** gamma) * np.log(true)
        return total
    prob = softmax(z)[k]
    return -((1 - prob) ** (gamma if form == 'focal' else 0)) * np.log(prob)


def ours(form, logits, gamma):
    if form == 'margin':
        return margin_cross_entropies(logits, torch.tensor(MARGINS))
    return LOSS_FORMS[form](logits, gamma)


FORMS = [*LOSS_FORMS, 'margin']


@pytest.mark.parametrize('gamma', [0.0, 0.5, 1.0, 2.0])
@pytest.mark.parametrize('form', FORMS)
def test_every_entry(data, form, gamma):
    logits = data[0]
    found = ours(form, logits, gamma)
    for row, z in zip(found, logits.numpy()):
        expected = [by_hand(form, z, k, gamma) for k in range(4)]
        np.testing.assert_allclose(row, expected, rtol=1e-10)


@pytest.mark.parametrize('gamma', [0.5, 2.0])
@pytest.mark.parametrize('form', FORMS)
def test_gradients(data, form, gamma):
    logits = data[0].requires_grad_()
    assert torch.autograd.gradcheck(lambda z: ours(form, z, gamma), logits)


@pytest.mark.parametrize('gamma', [0.5, 2.0])
@pytest.mark.parametrize('form', FORMS)
def test_certain_scores_stay_finite_in_float32(form, gamma):
    logits = torch.tensor(
        [[200.0, -200.0, 0.0, 0.0], [0.0, 0.0, 0.0, 90.0], [5.0] * 4],
        requires_grad=True,
    )
    losses = ours(form, logits, gamma)
    losses.sum().backward()
    assert bool(losses.isfinite().all())
    assert bool(logits.grad.isfinite().all())
    assert losses[0, 1] > 100
