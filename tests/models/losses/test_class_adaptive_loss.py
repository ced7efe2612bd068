"""BRL's weights and losses: numbers of its authors."""

import numpy as np
import pytest
import torch
from mmaction.registry import MODELS

from shapmix_mm.models.losses.class_adaptive_loss import adaptive_weights

SPLITS = ('xsub60', 'xset120', 'ucla10')


def build(counts, late):
    loss = MODELS.build(
        dict(type='ClassAdaptiveLoss', class_counts=counts.tolist())
    )
    # 24 epochs; the weights begin with epoch 19.
    loss.set_progress(19 if late else 18, total=24, iters_per_pass=1)
    return loss


@pytest.mark.parametrize('split', SPLITS)
def test_weights_are_those_that_the_authors_meant(split, authors):
    """Their fourth row is epoch 19; later rows overwrite the betas."""
    found = authors('brl')
    counts = torch.from_numpy(found[f'{split}_counts'])
    row = found[f'{split}_aa_epochs'].tolist().index(19)
    np.testing.assert_allclose(
        adaptive_weights(counts, 0.99, 0.9999),
        found[f'{split}_aa_weights'][row],
        rtol=1e-9,
    )


@pytest.mark.parametrize('dtype', [torch.float32, torch.float64])
@pytest.mark.parametrize('epoch', [18, 19])
@pytest.mark.parametrize('split', SPLITS)
def test_values_and_gradients(split, epoch, dtype, authors, uniform):
    found = authors('brl')
    counts = found[f'{split}_counts']
    labels = torch.from_numpy(found[f'{split}_labels'])
    given = (4 * uniform(501, 12, len(counts))).to(dtype).requires_grad_()
    got = build(counts, epoch == 19)(given, labels)
    got.backward()
    row = found[f'{split}_aa_epochs'].tolist().index(epoch)
    assert got.item() == pytest.approx(
        float(found[f'{split}_aa_loss'][row]), rel=1e-5
    )
    expected = found[f'{split}_aa_grad_e{epoch}']
    np.testing.assert_allclose(
        given.grad, expected, rtol=0, atol=1e-5 * abs(expected).max()
    )


@pytest.mark.parametrize('epoch', [18, 19])
def test_the_published_loss_of_a_mixed_batch(epoch, authors, uniform):
    """Two means, each over its own weights; ours is one, and says so."""
    found = authors('brl')
    labels = torch.from_numpy(found['xsub60_labels'])
    other = labels.clone()
    other[4], other[7] = 54, 12
    loss = build(found['xsub60_counts'], epoch == 19)
    scores = 4 * uniform(501, 12, 60)
    got = 0.64 * loss(scores, labels) + 0.36 * loss(scores, other)
    assert got.item() == pytest.approx(
        float(found[f'mixloss_e{epoch}']), rel=1e-6
    )
    soft = torch.nn.functional.one_hot
    mixed = 0.64 * soft(labels, 60) + 0.36 * soft(other, 60)
    ours = loss(scores, mixed.double()).item()
    # Without weights there is one denominator.
    assert (abs(ours / got.item() - 1) < 1e-6) == (epoch == 18)


def test_counts_that_differ_by_less_than_a_sample():
    """Betas of 0.9 and 0.99, for one sample and for one and a half."""
    frequent = 0.01 / (1 - 0.99**1.5)
    found = adaptive_weights(torch.tensor([1.0, 1.5]), 0.9, 0.99)
    assert found[1] / found[0] == pytest.approx(frequent, rel=1e-9)


def test_equal_counts_weigh_alike_and_evaluation_has_no_weights():
    assert adaptive_weights(torch.full((5,), 7.0), 0.99, 0.9999).tolist() == (
        pytest.approx([1.0] * 5)
    )
    loss = build(np.array([9, 3, 1]), late=True)
    scores, labels = torch.randn(4, 3), torch.tensor([0, 1, 2, 2])
    plain = torch.nn.functional.cross_entropy(scores, labels)
    assert not torch.isclose(loss(scores, labels), plain)
    torch.testing.assert_close(loss.eval()(scores, labels), plain)


def test_betas_outside_their_range_are_refused():
    with pytest.raises(ValueError, match='betas must lie between 0 and 1'):
        MODELS.build(dict(type='ClassAdaptiveLoss', betas=(0.9, 1.0)))
