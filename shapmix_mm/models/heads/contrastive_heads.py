"""Heads of contrastive methods: a classifier, and embeddings beside it."""

from __future__ import annotations

from typing import Any, ClassVar

from mmaction.registry import MODELS
from mmaction.utils import SampleList
from mmengine.model import Sequential
from torch import Tensor, nn

from shapmix_mm.arguments import PositiveInt

from ..losses.contrastive_losses import unit_length
from .cosine_gcn_head import CosineGCNHead
from .feature_gcn_head import FeatureGCNHead

__all__ = ['BalancedContrastiveHead', 'ParametricContrastiveHead']


def projector(in_channels: int, out_channels: int) -> Sequential:
    """A linear layer, batch norm and ReLU, and another linear layer.

    Args:
        in_channels (int): Channels of input and hidden layer.
        out_channels (int): Channels of the output.

    Returns:
        Sequential: The layers.
    """
    return Sequential(
        nn.Linear(in_channels, in_channels),
        nn.BatchNorm1d(in_channels),
        nn.ReLU(inplace=True),
        nn.Linear(in_channels, out_channels),
    )


@MODELS.register_module()
class ParametricContrastiveHead(FeatureGCNHead):
    """A linear classifier, and a projector for PaCo's contrast.

    ``MomentumRecognizerGCN`` hands over the keys. Parameters of the
    classifier and scores are those of ``GCNHead``; the projector is not used
    at inference. Source: Cui et al., Parametric Contrastive Learning, ICCV
    2021.

    Args:
        num_classes (int): Number of classes K.
        in_channels (int): Channels D of the features.
        embed_channels (int): Length d of the embeddings. Defaults to 128.
        loss_cls (dict, optional): Config of the loss. Defaults to None:
            ``dict(type='ParametricContrastiveLoss')``.
        kwargs (dict): Further arguments of ``GCNHead``.
    """

    num_views: ClassVar[int] = 2

    def __init__(
        self,
        num_classes: PositiveInt,
        in_channels: PositiveInt,
        *,
        embed_channels: PositiveInt = 128,
        loss_cls: dict | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            num_classes,
            in_channels,
            loss_cls=loss_cls or dict(type='ParametricContrastiveLoss'),
            **kwargs,
        )
        self.projector: Any = projector(in_channels, embed_channels)

    def loss(  # type: ignore[override]
        self, feats: Tensor, data_samples: SampleList, *, keys: Tensor
    ) -> dict:
        """Losses of a batch.

        Args:
            feats (Tensor): Maps of the first view, shape (N, M, D, T, V).
            data_samples (list[ActionDataSample]): N samples.
            keys (Tensor): Embeddings of the second view, shape (N, d).

        Returns:
            dict: Losses and figures for the log.

        Raises:
            ValueError: If the batch is a single sample.
        """
        if len(feats) < 2:
            raise ValueError(
                f'{type(self).__name__} needs two samples in a batch at '
                'least, for the batch norm of its projector; set '
                'drop_last=True in train_dataloader'
            )
        features = self.features(feats)
        scores, labels = (
            self.fc(features),
            self.targets(data_samples, feats.device),
        )
        loss = self.loss_cls(
            scores, labels, query=self.projector(features), key=keys
        )
        return dict(self.accuracies(scores, labels), loss_cls=loss)


@MODELS.register_module()
class BalancedContrastiveHead(CosineGCNHead):
    r"""A cosine classifier, and BCL's contrast with its class directions.

    The first view is classified; embeddings of the second and third are
    contrasted with each other and with a prototype of each class, which a
    second projector makes of the classifier's weights. Both projectors are
    not used at inference. Source: Zhu et al., Balanced Contrastive Learning
    for Long-Tailed Visual Recognition, CVPR 2022.

    Args:
        num_classes (int): Number of classes K.
        in_channels (int): Channels D of the features.
        embed_channels (int): Length d of the embeddings. Defaults to 1024.
        loss_cls (dict, optional): Config of the loss of the first view.
            Defaults to None: ``BalancedSoftmaxLoss``, which is logit
            adjustment at temperature 1.
        contrast (dict, optional): Config of the contrast. Defaults to None:
            ``dict(type='BalancedContrastiveLoss', loss_weight=0.35)``.
        kwargs (dict): Further arguments of ``CosineGCNHead``.
    """

    num_views: ClassVar[int] = 3

    def __init__(
        self,
        num_classes: PositiveInt,
        in_channels: PositiveInt,
        *,
        embed_channels: PositiveInt = 1024,
        loss_cls: dict | None = None,
        contrast: dict | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            num_classes,
            in_channels,
            loss_cls=loss_cls or dict(type='BalancedSoftmaxLoss'),
            **kwargs,
        )
        self.projector = projector(in_channels, embed_channels)
        self.prototypes = projector(in_channels, embed_channels)
        self.contrast = MODELS.build(
            contrast or dict(type='BalancedContrastiveLoss', loss_weight=0.35)
        )

    def loss(
        self, feats: Tensor, data_samples: SampleList, **kwargs: Any
    ) -> dict:
        """Losses of a batch of three views.

        Args:
            feats (Tensor): Maps, shape (3, N, M, D, T, V).
            data_samples (list[ActionDataSample]): N samples.
            kwargs (dict): Not used.

        Returns:
            dict: Losses and figures for the log.
        """
        labels = self.targets(data_samples, feats.device)
        features = self.features(feats.flatten(0, 1))
        return self.feature_losses(features, labels)

    def feature_losses(self, features: Tensor, labels: Tensor) -> dict:
        """Losses of pooled features.

        Args:
            features (Tensor): Those of the three views, one view after the
                other, shape (3 * N, D).
            labels (Tensor): Classes, shape (N,).

        Returns:
            dict: Losses and figures for the log.
        """
        num = len(labels)
        scores = self.fc(features[:num])
        embedded = unit_length(self.projector(features))
        prototypes = unit_length(self.prototypes(self.fc.weight))
        return dict(
            self.accuracies(scores, labels),
            loss_cls=self.loss_cls(scores, labels),
            loss_contrast=self.contrast(
                embedded[num:].view(2, num, -1), prototypes, labels
            ),
        )
