"""Remix's label, case by case."""

import numpy as np
import pytest
import torch

from shapmix_mm.models import (
    DeferredReweightingLoss,
    RemixBlending,
    SkeletonMixupBlending,
)


def factor(lam, n_i, n_j, kappa, tau):
    """Weight of the label of i, whose weight in the input is lam."""
    if n_i / n_j >= kappa and lam < tau:
        return 0.0
    if n_i / n_j <= 1 / kappa and 1 - lam < tau:
        return 1.0
    return lam


# Weight of i in the input, counts of i and j, weight of i in the label.
@pytest.mark.parametrize(
    'lam, n_i, n_j, expected',
    [
        (0.4, 90, 30, 0.0),
        (0.4, 300, 1, 0.0),
        (0.4, 89, 30, 0.4),
        (0.5, 90, 30, 0.5),
        (0.9, 90, 30, 0.9),
        (0.6, 30, 90, 1.0),
        (0.6, 1, 300, 1.0),
        (0.6, 30, 89, 0.6),
        (0.5, 30, 90, 0.5),
        (0.1, 30, 90, 0.1),
        (0.2, 50, 50, 0.2),
        (0.8, 50, 50, 0.8),
    ],
)
def test_cases_at_the_published_kappa_and_tau(lam, n_i, n_j, expected):
    blend = RemixBlending(2, 'nturgb+d')
    assert (blend.kappa, blend.tau, blend.alpha) == (3.0, 0.5, 1.0)
    assert factor(lam, n_i, n_j, 3, 0.5) == expected
    share = blend.lean(
        torch.tensor([1 - lam]),
        torch.tensor([float(n_i)]),
        torch.tensor([float(n_j)]),
    )
    torch.testing.assert_close(share, torch.tensor([1 - expected]))


@pytest.mark.parametrize('kappa, tau', [(3.0, 0.5), (1.5, 0.8), (10.0, 0.1)])
def test_labels_of_a_batch_follow_the_law_and_inputs_are_mixup(kappa, tau):
    counts = [600, 200, 199, 60, 20, 6, 2]
    num = 600
    blend = RemixBlending(7, 'nturgb+d', kappa=kappa, tau=tau)
    blend.set_class_counts(counts)
    clips = torch.rand(num, 1, 2, 25, 1)
    own = torch.arange(num) % 7
    torch.manual_seed(0)
    remix = blend.draw_mixture(clips, torch.eye(7)[own])
    torch.manual_seed(0)
    mixup = SkeletonMixupBlending(7, 'nturgb+d').draw_mixture(
        clips, torch.eye(7)[own]
    )
    assert torch.equal(remix.partner, mixup.partner)
    assert torch.equal(remix.weights, mixup.weights)
    cases = {0.0: 0, 1.0: 0, 'own': 0}
    for i, partner in enumerate(remix.partner.tolist()):
        lam = 1 - float(mixup.share[i])
        n_i, n_j = counts[i % 7], counts[partner % 7]
        expected = factor(lam, n_i, n_j, kappa, tau)
        cases['own' if expected == lam else expected] += 1
        assert 1 - float(remix.share[i]) == pytest.approx(expected, abs=1e-6)
    assert min(cases.values()) > 5


def test_the_rarer_class_never_loses():
    torch.manual_seed(0)
    blend = RemixBlending(2, 'nturgb+d')
    blend.set_class_counts([90, 10])
    clips = torch.rand(64, 1, 2, 25, 1)
    label = torch.eye(2)[torch.arange(64) % 2]
    mixture = blend.draw_mixture(clips, label)
    mixed = torch.lerp(label, label[mixture.partner], mixture.share[:, None])
    plain = torch.lerp(
        label, label[mixture.partner], mixture.weights[:, 0, 0, :1]
    )
    assert (mixed[:, 1] >= plain[:, 1]).all()
    assert (mixed[:, 1] > plain[:, 1]).any()


def test_the_class_of_a_soft_label_is_its_largest_entry():
    blend = RemixBlending(3, 'nturgb+d', tau=1.0)
    blend.set_class_counts([100, 100, 1])
    label = torch.tensor([[0.5, 0.2, 0.3], [0.2, 0.2, 0.6]])
    share = blend.draw_mixture(torch.rand(2, 1, 2, 25, 1), label).share
    # With tau = 1 the sample of the rare class has the whole label.
    assert share.tolist() == [1.0, 0.0]


def test_without_counts_it_says_what_to_add():
    blend = RemixBlending(2, 'nturgb+d')
    with pytest.raises(ValueError, match='RemixBlending.*ClassCountsHook'):
        blend.draw_mixture(torch.rand(2, 1, 2, 25, 1), torch.eye(2))


def test_counts_survive_a_round_trip_into_a_fresh_blend():
    blend = RemixBlending(3, 'nturgb+d')
    assert blend.needs_class_counts
    blend.set_class_counts([9, 3, 1])
    state = blend.state_dict()
    assert set(state) == {'class_counts'}
    fresh = RemixBlending(3, 'nturgb+d')
    fresh.load_state_dict(state)
    assert fresh.class_counts.tolist() == [9, 3, 1]


@pytest.mark.parametrize('counts', [[1, 2], [3, 0, 2], [[1, 2, 3]]])
def test_bad_class_counts_are_refused(counts):
    with pytest.raises(ValueError, match='RemixBlending'):
        RemixBlending(3, 'nturgb+d').set_class_counts(counts)


@pytest.mark.parametrize(
    'arguments, words',
    [
        (dict(kappa=1.0), 'kappa=1.0 should be greater than 1'),
        (dict(kappa=float('nan')), 'kappa'),
        (dict(tau=-0.1), 'tau'),
        (dict(tau=1.1), 'tau'),
        (dict(alpha=0), 'alpha'),
    ],
)
def test_bad_arguments_are_named(arguments, words):
    with pytest.raises(ValueError, match=words):
        RemixBlending(3, 'nturgb+d', **arguments)


def test_remix_drw_weighs_each_term_by_its_own_class():
    counts, beta = [90, 30, 3], 0.9999
    blend = RemixBlending(3, 'nturgb+d')
    blend.set_class_counts(counts)
    loss = DeferredReweightingLoss(beta=beta, start=0.8, reduction='batch')
    loss.set_class_counts(counts)
    loss.set_progress(99, total=100, iters_per_pass=10)
    own = torch.arange(12) % 3
    torch.manual_seed(0)
    clips, logits = torch.rand(12, 1, 1, 2, 25, 1), torch.randn(12, 3)
    torch.manual_seed(1)
    mixture = blend.draw_mixture(clips[:, 0], torch.eye(3)[own])
    torch.manual_seed(1)
    label = blend.do_blending(clips, torch.eye(3)[own])[1]
    weights = np.array([(1 - beta) / (1 - beta**n) for n in counts])
    weights = 3 * weights / weights.sum()
    scores = logits.double().numpy()
    minus_log = np.log(np.exp(scores).sum(1, keepdims=True)) - scores
    total = 0.0
    for i, j in enumerate(mixture.partner.tolist()):
        factor_y = 1 - float(mixture.share[i])
        for k, share in ((i % 3, factor_y), (j % 3, 1 - factor_y)):
            total += share * weights[k] * minus_log[i, k] / 12
    assert float(loss(logits, label)) == pytest.approx(total, rel=1e-5)
