"""Losses and their gradients are those of their authors' code.

The files in ``tests/authors_numbers`` hold what upstream code gave for inputs
that a formula makes; each tells its source in ``__readme__``.
"""

from pathlib import Path

import numpy as np
import pytest
import torch
from mmaction.registry import MODELS

import shapmix_mm  # noqa: F401

FOLDER = Path(__file__).resolve().parents[2] / 'authors_numbers'


def numbers(name):
    return np.load(FOLDER / f'{name}.npz')


def build(late=False, **cfg):
    loss = MODELS.build(cfg)
    if hasattr(loss, 'set_progress'):
        loss.set_progress(9 if late else 0, total=10, iters_per_pass=1)
    return loss


def counts_of(found):
    return found['counts'].tolist()


CASES = [
    ('balsoftmax', 'loss', 'grad', 831, 4.0, dict(type='BalancedSoftmaxLoss')),
    *(
        (
            'cb',
            f'softmax_b{beta}_loss',
            f'softmax_b{beta}_grad',
            811,
            4.0,
            dict(type='ClassBalancedLoss', beta=beta),
        )
        for beta in (0.9, 0.999, 0.9999)
    ),
    *(
        (
            'cb',
            f'port_focal_b{beta}_g{gamma}_loss',
            f'port_focal_b{beta}_g{gamma}_grad',
            811,
            4.0,
            dict(
                type='ClassBalancedLoss',
                beta=beta,
                gamma=gamma,
                form='sigmoid_focal',
            ),
        )
        for beta, gamma in ((0.9999, 1.0), (0.999, 0.5), (0.9, 2.0))
    ),
    *(
        (
            'ldam',
            f'focal_g{gamma}_loss',
            f'focal_g{gamma}_grad',
            802,
            4.0,
            dict(type='FocalLoss', gamma=gamma),
        )
        for gamma in (0.0, 0.5, 1.0, 2.0)
    ),
    *(
        (
            'ldam',
            f'plain_s{scale}_loss',
            f'plain_s{scale}_grad',
            801,
            float(scale),
            dict(type='LDAMLoss', scale=float(scale), max_margin=margin),
        )
        for scale, margin in ((30, 0.5), (20, 0.3))
    ),
    *(
        (
            'ldam',
            f'drw_s{scale}_loss',
            f'drw_s{scale}_grad',
            801,
            float(scale),
            dict(
                type='DeferredReweightingLoss',
                late=True,
                loss=dict(
                    type='LDAMLoss', scale=float(scale), max_margin=margin
                ),
            ),
        )
        for scale, margin in ((30, 0.5), (20, 0.3))
    ),
    (
        'ldam',
        'ce_drw_loss',
        'ce_drw_grad',
        802,
        4.0,
        dict(type='DeferredReweightingLoss', late=True),
    ),
]


@pytest.mark.parametrize(
    'name, value, gradient, stream, scale, cfg',
    CASES,
    ids=[f'{case[0]}-{case[1]}' for case in CASES],
)
def test_value_and_gradient(
    uniform, name, value, gradient, stream, scale, cfg
):
    found = numbers(name)
    given = uniform(stream, 12, 10).requires_grad_()
    cfg = dict(cfg)
    if cfg['type'] != 'FocalLoss':
        cfg['class_counts'] = counts_of(found)
    loss = build(**cfg)
    got = loss(given * scale, torch.from_numpy(found['labels']))
    got.backward()
    assert got.item() == pytest.approx(float(found[value]), rel=1e-5)
    # LDAM's gradients are by the cosines, the others' by the logits.
    by_cosines = 'LDAMLoss' in str(cfg)
    np.testing.assert_allclose(
        given.grad.numpy() / (1 if by_cosines else scale),
        found[gradient],
        rtol=1e-4,
        atol=1e-7,
    )


@pytest.mark.parametrize('alpha', [1000.0, 10000.0])
def test_influence_balanced_loss(alpha):
    """Upstream lets the factor have a gradient."""
    found = numbers('ib')
    features = torch.from_numpy(found['features']).requires_grad_()
    weight = torch.from_numpy(found['weight']).requires_grad_()
    loss = build(
        True,
        type='InfluenceBalancedLoss',
        alpha=alpha,
        epsilon=1e-3,
        detach=False,
        class_counts=counts_of(found),
    )
    loss.set_features(features)
    got = loss(features @ weight.T, torch.from_numpy(found['labels']))
    got.backward()
    key = f'a{alpha:.0f}'
    assert got.item() == pytest.approx(float(found[f'{key}_loss']), rel=1e-5)
    for grad, name in ((features.grad, 'features'), (weight.grad, 'weight')):
        np.testing.assert_allclose(
            grad, found[f'{key}_grad_{name}'], rtol=1e-4, atol=1e-6
        )


def test_a_saturated_focal_loss_stays_finite():
    """Upstream's gradient is not; ours is what the formula's limit says."""
    found = numbers('ldam')
    assert not np.isfinite(found['focal_saturated_grad']).all()
    logits = torch.tensor([[40.0, 0, 0], [0, 60, 1]], requires_grad=True)
    loss = build(type='FocalLoss', gamma=0.5)
    loss(logits, torch.tensor([0, 1])).backward()
    assert logits.grad.isfinite().all()
