"""Heads that classify a sampled latent: of InfoGCN and of Stream-GCN."""

from __future__ import annotations

import math
from typing import Any

import torch
import torch.nn.functional as F
from mmaction.registry import MODELS
from torch import Tensor, nn

from shapmix_mm.arguments import NonNegative

from .feature_gcn_head import FeatureGCNHead

__all__ = ['InformationHead', 'StreamHead']


class LatentHead(FeatureGCNHead):
    """Classifier of a latent that is drawn while training.

    The latent is ``mean + noise * min(exp(noise_ratio * log_variance), 100)``
    in training, and its mean at inference. ``fc`` is the classifier, as in
    every ``GCNHead``.

    Args:
        num_classes (int): Number of classes K.
        in_channels (int): Channels D of features and latent.
        noise_ratio (float): Factor on the logarithm. Defaults to 0.5.
        **kwargs: Further arguments of ``GCNHead``.
    """

    def __init__(
        self,
        num_classes: int,
        in_channels: int,
        *,
        noise_ratio: NonNegative = 0.5,
        **kwargs: Any,
    ) -> None:
        super().__init__(num_classes, in_channels, **kwargs)
        self.noise_ratio = noise_ratio
        self.fc_mu = nn.Linear(in_channels, in_channels)
        self.fc_logvar = nn.Linear(in_channels, in_channels)

    def features(self, x: Tensor) -> Tensor:
        """Pool, and draw the latent.

        Args:
            x (Tensor): Feature maps, shape (N, M, D, T, V).

        Returns:
            Tensor: Input of the classifier, shape (N, D).
        """
        hidden = self.hide(super().features(x))
        mean = self.fc_mu(hidden)
        if self.training:
            # Clamped before it is raised: an infinite power has no gradient.
            power = self.noise_ratio * self.fc_logvar(hidden)
            spread = power.clamp(max=math.log(100)).exp()
            mean = mean + torch.randn_like(mean) * spread
        self._latent = mean
        return mean

    def hide(self, pooled: Tensor) -> Tensor:
        """What mean and variance are computed from."""
        return pooled

    def loss(self, feats: Tensor, data_samples: list, **kwargs: Any) -> dict:
        """Losses of the scores and of the latent.

        Args:
            feats (Tensor): Feature maps, shape (N, M, D, T, V).
            data_samples (list[ActionDataSample]): With hard or soft labels.
            **kwargs: Of :meth:`forward`.

        Returns:
            dict: Losses, and accuracies where the labels are hard.
        """
        scores = self(feats, **kwargs)
        losses = self.loss_by_feat(scores, data_samples)
        latent, self._latent = self._latent, None
        labels = self._soft_labels(data_samples, scores)
        losses.update(self.latent_losses(latent, scores, labels))
        return losses

    def latent_losses(
        self, latent: Tensor, scores: Tensor, labels: Tensor
    ) -> dict[str, Tensor]:
        """Further losses, by name.

        Args:
            latent (Tensor): Shape (N, D).
            scores (Tensor): Shape (N, K).
            labels (Tensor): Shares of the classes (N, K).
        """
        raise NotImplementedError

    def _soft_labels(self, data_samples: list, scores: Tensor) -> Tensor:
        labels = torch.stack([s.gt_label for s in data_samples])
        labels = labels.to(scores.device)
        if labels.shape == scores.shape and labels.is_floating_point():
            return labels.to(scores.dtype)
        labels = F.one_hot(labels.flatten(), scores.size(1))
        return labels.to(scores.dtype)


@MODELS.register_module()
class InformationHead(LatentHead):
    r"""Information bottleneck of InfoGCN.

    Chi et al., CVPR 2022, section 3.2. Each class has a prior; the mean
    latent of each class in a batch is drawn to it, and the mean of all to
    zero:

    .. math:: \lambda_1 \, \mathrm{mean}_k (\bar z_k - p_k)^2 +
        \lambda_2 \lVert \bar z \rVert_2

    where k runs through the classes of the batch. For mixed samples, which
    the paper does not know, means are weighted by the labels' shares. The
    priors are a buffer, so that a resumed run goes on with its own; those of
    the authors follow from the seed alone.

    Args:
        num_classes (int): Number of classes K. With more classes than
            channels the priors cannot all be orthogonal.
        in_channels (int): Channels D of features and latent.
        class_weight (float): Weight of the first term. Defaults to 0.1.
        mean_weight (float): Weight of the second term. Defaults to 1e-4.
        prior_gain (float): Length of the priors. Defaults to 3.0.
        **kwargs: ``noise_ratio``, and further arguments of ``GCNHead``.
    """

    z_prior: Tensor

    def __init__(
        self,
        num_classes: int,
        in_channels: int,
        *,
        class_weight: NonNegative = 0.1,
        mean_weight: NonNegative = 1e-4,
        prior_gain: NonNegative = 3.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(num_classes, in_channels, **kwargs)
        self.class_weight = class_weight
        self.mean_weight = mean_weight
        self.hidden = nn.Linear(in_channels, in_channels)
        prior = torch.empty(num_classes, in_channels)
        nn.init.orthogonal_(prior, gain=prior_gain)
        self.register_buffer('z_prior', prior)

    def init_weights(self) -> None:
        """Draw the weights as the authors do."""
        fresh = not self.is_init
        super().init_weights()
        if fresh:
            gain = nn.init.calculate_gain('relu')
            for layer in (self.hidden, self.fc_mu, self.fc_logvar):
                nn.init.xavier_uniform_(layer.weight, gain=gain)

    def hide(self, pooled: Tensor) -> Tensor:
        """See :meth:`LatentHead.hide`."""
        return F.relu(self.hidden(pooled))

    def latent_losses(
        self, latent: Tensor, scores: Tensor, labels: Tensor
    ) -> dict[str, Tensor]:
        """See :meth:`LatentHead.latent_losses`."""
        per_class, overall = information_terms(latent, labels, self.z_prior)
        return dict(
            loss_class_mean=self.class_weight * per_class,
            loss_mean=self.mean_weight * overall,
        )


def information_terms(
    latent: Tensor, labels: Tensor, prior: Tensor
) -> tuple[Tensor, Tensor]:
    """Both terms of :class:`InformationHead`, without weights.

    Args:
        latent (Tensor): Shape (N, D).
        labels (Tensor): Shares of the classes (N, K).
        prior (Tensor): Shape (K, D).

    Returns:
        tuple[Tensor, Tensor]: Mean squared distance of the class means from
        the priors, and length of the mean.
    """
    mass = labels.sum(0)
    present = (mass > 0).to(latent.dtype)
    means = labels.t() @ latent / mass.clamp(min=1e-12).unsqueeze(1)
    distance = (means - prior).square().mean(1)
    per_class = (distance * present).sum() / present.sum()
    return per_class, torch.linalg.vector_norm(latent.mean(0))


@MODELS.register_module()
class StreamHead(LatentHead):
    """Latent head of Stream-GCN, with its two divergences.

    Yang et al., IJCAI 2023. As its authors' code has them: the first term
    (towards a fresh normal draw) has no gradient and only shifts the reported
    loss; of the second only the auxiliary classifier and the latent learn.
    Their scores are random at inference too; here the latent is its mean
    then. With ``ClassifierNormalInit`` each linear layer starts by its own
    outputs; theirs draw mean and variance with the deviation of the
    classifier, from which training diverges on a set of ten classes.

    Args:
        num_classes (int): Number of classes K.
        in_channels (int): Channels D of features and latent.
        **kwargs: ``noise_ratio``, and further arguments of ``GCNHead``.
    """

    def __init__(
        self, num_classes: int, in_channels: int, **kwargs: Any
    ) -> None:
        super().__init__(num_classes, in_channels, **kwargs)
        self.fc_kl = nn.Linear(in_channels, in_channels)
        self.classify_z = nn.Linear(in_channels, num_classes)

    def latent_losses(
        self, latent: Tensor, scores: Tensor, labels: Tensor
    ) -> dict[str, Tensor]:
        """See :meth:`LatentHead.latent_losses`."""
        del labels
        auxiliary = self.classify_z(self.fc_kl(latent))
        prior = torch.randn_like(latent)
        return dict(
            loss_prior=-divergence(latent, prior),
            loss_auxiliary=divergence(scores, auxiliary),
        )


def divergence(reference: Tensor, found: Tensor) -> Tensor:
    """``kl_div`` as the authors of Stream-GCN call it, with a probability.

    PyTorch's first argument should be a logarithm; here both are softmax
    values, and the mean is over all entries. The value is the same, but
    PyTorch's gradient is NaN where a softmax value is too small for a float,
    as it is at the first step of a set with few classes.

    Args:
        reference (Tensor): Scores (N, K), no gradient flows to them.
        found (Tensor): Scores (N, K).
    """
    first = reference.detach().softmax(1)
    logarithm = found.log_softmax(1)
    return (logarithm.exp() * (logarithm - first)).mean()
