"""RIDE's loss: numbers of its authors, and what must hold for any input."""

import numpy as np
import pytest
import torch
from mmaction.registry import MODELS

LDAM = dict(
    type='DeferredReweightingLoss', loss=dict(type='LDAMLoss', scale=30.0)
)


@pytest.fixture(scope='module')
def found(authors):
    return authors('ride')


@pytest.fixture(scope='module')
def labels(found):
    return torch.from_numpy(found['labels'])


@pytest.fixture(scope='module')
def scores(uniform):
    """Scores of three experts, float64."""
    return 12 * uniform(101, 3, 12, 10)


COUNTS = [600, 37, 6, 125, 20, 300, 6, 60, 12, 250]


def build(late, counts=True, **kwargs):
    loss = MODELS.build(dict(type='ExpertDiversityLoss', **kwargs))
    if counts:
        loss.set_class_counts(COUNTS)
        loss.loss.set_progress(9 if late else 0, total=10, iters_per_pass=1)
    return loss


def total(losses):
    return losses['loss_cls'] + losses['loss_diversity']


CASES = {
    'default': dict(),
    'cifar': dict(diversity=-0.45),
    'temp': dict(temperature=1.5, reweighting=0.3),
    'zero': dict(diversity=0.0, collaborative=True),
}


@pytest.mark.parametrize('dtype', [torch.float32, torch.float64])
@pytest.mark.parametrize('epoch', [1, 160, 161, 200])
@pytest.mark.parametrize('case', CASES)
def test_value_and_gradient_are_those_of_the_authors(
    case, epoch, dtype, found, labels, scores
):
    """Counts are float32 state, so that float64 is no tighter."""
    loss = build(epoch > 160, loss=LDAM, **CASES[case])
    scores = scores.to(dtype, copy=True).requires_grad_()
    got = total(loss(scores, labels))
    got.backward()
    assert got.item() == pytest.approx(
        float(found[f'{case}_loss_e{epoch}']), rel=1e-5
    )
    if f'{case}_grad_e{epoch}' in found:
        expected = found[f'{case}_grad_e{epoch}']
        np.testing.assert_allclose(
            scores.grad, expected, rtol=0, atol=1e-5 * abs(expected).max()
        )


@pytest.mark.parametrize('epoch', [160, 161])
def test_the_diversity_term_alone(epoch, found, labels, scores):
    loss = build(epoch > 160, loss=LDAM)
    scores = scores.clone().requires_grad_()
    got = loss(scores, labels)['loss_diversity']
    got.backward()
    assert got.item() == pytest.approx(
        float(found[f'divonly_loss_e{epoch}']), rel=1e-6
    )
    np.testing.assert_allclose(
        scores.grad, found[f'divonly_grad_e{epoch}'], rtol=1e-5, atol=1e-9
    )


def test_a_batch_of_one_and_losses_without_counts(found, labels, scores):
    scores = scores.clone().requires_grad_()
    one = total(build(True, loss=LDAM)(scores[:, :1], labels[:1]))
    assert one.item() == pytest.approx(float(found['b1_loss_e161']), rel=1e-5)
    plain = build(True, counts=False, loss=dict(type='CrossEntropyLoss'))
    got = total(plain(scores, labels))
    got.backward()
    assert got.item() == pytest.approx(
        float(found['nolist_loss_e161']), rel=1e-10
    )
    np.testing.assert_allclose(
        scores.grad, found['nolist_grad_e161'], rtol=1e-9, atol=1e-12
    )


def test_in_evaluation_it_is_cross_entropy_of_the_mean(found, labels, scores):
    loss = build(True, loss=LDAM).eval()
    mean = scores.mean(0)
    got = loss(mean, labels)
    assert got.item() == pytest.approx(float(found['eval_loss']), rel=1e-10)


def test_temperatures_follow_the_frequencies(found):
    for r in (0.05, 0.02, 0.015):
        loss = build(True, loss=LDAM, reweighting=r)
        key = 'temperature_weights' + ('' if r == 0.05 else f'_r{r}')
        np.testing.assert_allclose(
            loss.temperatures(10), found[key], rtol=1e-6
        )


def test_equal_experts_cost_three_times_one_and_have_no_distance(
    labels, scores
):
    loss = build(False, loss=LDAM)
    scores = scores[:1].expand(3, -1, -1)
    losses = loss(scores, labels)
    assert losses['loss_diversity'].abs() < 1e-12
    torch.testing.assert_close(
        losses['loss_cls'], 3 * loss.loss(scores[0], labels)
    )
    assert {'expert0', 'expert1', 'expert2'} < set(losses)


def test_one_hot_soft_labels_cost_what_hard_ones_do(labels, scores):
    soft = torch.nn.functional.one_hot(labels, 10).double()
    loss = build(True, loss=LDAM)
    torch.testing.assert_close(
        total(loss(scores, soft)), total(loss(scores, labels))
    )


def test_counts_of_the_config_reach_the_inner_loss():
    loss = build(True, counts=False, loss=LDAM, class_counts=COUNTS)
    assert loss.loss.loss.class_counts.tolist() == COUNTS
    # ClassCountsHook leaves those that were given.
    assert loss.loss.given_counts == loss.loss.loss.given_counts == COUNTS


def test_an_inner_loss_with_a_weight_is_refused():
    with pytest.raises(ValueError, match='give it to ExpertDiversityLoss'):
        build(True, counts=False, loss=dict(type='FocalLoss', loss_weight=2.0))
