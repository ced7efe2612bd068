"""Heads with a sampled latent: sampling, losses, mixed labels, state."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from mmaction.registry import MODELS
from mmaction.structures import ActionDataSample

from shapmix_mm.models.heads.latent_heads import divergence, information_terms

K, D = 5, 8


def _head(kind, **kwargs):
    torch.manual_seed(0)
    return MODELS.build(
        dict(type=kind, num_classes=K, in_channels=D, **kwargs)
    )


def _samples(labels):
    samples = []
    for label in labels:
        sample = ActionDataSample()
        sample.set_gt_label(label)
        samples.append(sample)
    return samples


@pytest.mark.parametrize('kind', ['InformationHead', 'StreamHead'])
def test_the_latent_is_drawn_in_training_and_its_mean_at_inference(kind):
    head, x = _head(kind), torch.randn(3, 2, D, 4, 7)
    head.train()
    assert not torch.equal(head(x), head(x))
    head.eval()
    assert torch.equal(head(x), head(x))
    assert head(x).shape == (3, K)
    quiet = _head(kind, noise_ratio=0.0)
    quiet.fc_mu.load_state_dict(head.fc_mu.state_dict())
    spread = torch.stack([quiet.train().features(x) for _ in range(2000)])
    # exp(0) = 1: the noise is a standard normal.
    assert spread.std(0).mean().item() == pytest.approx(1, abs=0.03)


@pytest.mark.parametrize('kind', ['InformationHead', 'StreamHead'])
def test_losses_learn_and_take_mixed_labels(kind):
    head, x = _head(kind).train(), torch.randn(4, 1, D, 3, 7)
    mixed = torch.eye(K)[:4].lerp(torch.eye(K)[1:], 0.3)
    for labels in (torch.arange(4), mixed):
        losses = head.loss(x, _samples(labels))
        total = sum(v for k, v in losses.items() if k.startswith('loss'))
        total.backward()
        assert total.isfinite()
    for name, param in head.named_parameters():
        assert param.grad is not None and param.grad.isfinite().all(), name
    assert ('top1_acc' in losses) is False


def test_information_terms_by_hand():
    z = torch.tensor([[1.0, 0], [3, 0], [0, 2]])
    prior = torch.tensor([[1.0, 1], [0, 0], [5, 5]])
    hard = F.one_hot(torch.tensor([0, 0, 1]), 3).float()
    per_class, length = information_terms(z, hard, prior)
    # Means (2, 0) and (0, 2); class 2 is absent.
    assert per_class.item() == pytest.approx(((1 + 1) / 2 + 4 / 2) / 2)
    assert length.item() == pytest.approx((16 / 9 + 4 / 9) ** 0.5)
    mixed = torch.tensor([[1.0, 0, 0], [0.5, 0.5, 0], [0, 1, 0]])
    per_class, _ = information_terms(z, mixed, prior)
    first = torch.tensor([2.5 / 1.5, 0]) - prior[0]
    second = torch.tensor([1.5, 2]) / 1.5 - prior[1]
    expected = (first.square().mean() + second.square().mean()) / 2
    assert per_class.item() == pytest.approx(expected.item())


def test_priors_are_orthogonal_and_in_the_checkpoint():
    head = _head('InformationHead')
    gram = head.z_prior @ head.z_prior.t()
    torch.testing.assert_close(gram, 9 * torch.eye(K))
    other = _head('InformationHead', prior_gain=1.0)
    other.load_state_dict(head.state_dict())
    assert torch.equal(other.z_prior, head.z_prior)


def test_a_huge_variance_is_capped_and_has_a_gradient():
    head, x = _head('StreamHead').train(), torch.randn(500, 1, D, 2, 7)
    torch.nn.init.constant_(head.fc_logvar.bias, 1e4)
    found = head.features(x)
    assert found.std().item() == pytest.approx(100, rel=0.1)
    found.square().sum().backward()
    assert all(p.grad.isfinite().all() for p in head.fc_logvar.parameters())


def test_the_divergence_learns_where_a_share_is_too_small_for_a_float():
    """Scores of far latents; in float64 the share is e^-400, not zero."""
    scores = torch.tensor([[3.0, 1.0, 0.0]])
    found = torch.tensor([[200.0, 0.0, -200.0]], requires_grad=True)
    value = divergence(scores, found)
    value.backward()
    exact = found.detach().double().requires_grad_()
    target = scores.double().softmax(1)
    truth = F.kl_div(target, exact.softmax(1), reduction='none').mean()
    truth.backward()
    assert value.item() == pytest.approx(truth.item(), rel=1e-6)
    torch.testing.assert_close(found.grad, exact.grad.float())
    assert found.grad.isfinite().all()
