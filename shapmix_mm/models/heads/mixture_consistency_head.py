"""GLMC's head: two classifiers, a projector and a predictor."""

from __future__ import annotations

from typing import Any, ClassVar

from mmaction.registry import MODELS
from mmaction.utils import SampleList
from torch import Tensor, nn

from shapmix_mm.arguments import PositiveInt

from .feature_gcn_head import FeatureGCNHead

__all__ = ['MixtureConsistencyHead']


@MODELS.register_module()
class MixtureConsistencyHead(FeatureGCNHead):
    """``GCNHead`` with a second classifier and embeddings for training.

    The classifier of inference is ``fc``, which learns from weighted labels;
    ``fc_plain`` learns from plain ones. Projector and predictor are linear
    layers. Only ``fc`` is used at inference, so that a stock ``GCNHead``
    takes the weights. Source: Du et al., Global and Local Mixture
    Consistency Cumulative Learning for Long-tailed Visual Recognitions, CVPR
    2023.

    Args:
        num_classes (int): Number of classes K.
        in_channels (int): Channels D of the features.
        embed_channels (int): Length of the embeddings. Defaults to 256.
        loss_cls (dict, optional): Config of the loss. Defaults to None:
            ``dict(type='MixtureConsistencyLoss')``.
        kwargs (dict): Further arguments of ``GCNHead``.
    """

    num_views: ClassVar[int] = 2

    def __init__(
        self,
        num_classes: PositiveInt,
        in_channels: PositiveInt,
        *,
        embed_channels: PositiveInt = 256,
        loss_cls: dict | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            num_classes,
            in_channels,
            loss_cls=loss_cls or dict(type='MixtureConsistencyLoss'),
            **kwargs,
        )
        self.fc_plain = nn.Linear(in_channels, num_classes)
        self.projector = nn.Linear(in_channels, embed_channels)
        self.predictor = nn.Linear(embed_channels, embed_channels)

    def loss(
        self, feats: Tensor, data_samples: SampleList, **kwargs: Any
    ) -> dict:
        """Losses of a batch of two mixtures.

        Args:
            feats (Tensor): Maps, shape (2, N, M, D, T, V).
            data_samples (list[ActionDataSample]): N samples with the labels
                of both mixtures.
            kwargs (dict): Not used.

        Returns:
            dict: Losses for the log.
        """
        features = self.features(feats.flatten(0, 1))
        features = features.view(*feats.shape[:2], -1)
        embedded = self.projector(features)
        return self.loss_cls(
            self.fc(features),
            self.targets(data_samples, feats.device),
            plain=self.fc_plain(features),
            embedded=embedded,
            predicted=self.predictor(embedded),
        )
