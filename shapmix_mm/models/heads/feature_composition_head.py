"""Feature space augmentation: maps of rare classes from parts of others."""

from __future__ import annotations

from typing import Any, ClassVar

import torch
from mmaction.registry import MODELS
from mmaction.utils import SampleList
from torch import Tensor

from shapmix_mm.arguments import Fraction, PositiveInt

from ..class_counts import LazyBuffersMixin
from .feature_gcn_head import FeatureGCNHead

__all__ = ['FeatureCompositionHead', 'class_maps', 'compose']


@MODELS.register_module()
class FeatureCompositionHead(LazyBuffersMixin, FeatureGCNHead):
    """``GCNHead`` that learns from composed feature maps, a second stage.

    ``CompositionSampler`` deals out groups of 2 (1 + A) samples: one of a
    rare class, A of classes that are taken for it, and 1 + A of frequent
    ones. The rare sample's map is kept, and A are made of its most telling
    cells and of the least telling of the others', all of the rare class;
    those of frequent classes stay as they are. Persons are composed slot by
    slot, a cell being a frame and a joint. Parameters and scores are those
    of ``GCNHead``. Source: Chu et al., Feature Space Augmentation for
    Long-Tailed Data, ECCV 2020; no official code was found, and details are
    those of an unofficial one, except that each group has its own label.

    Args:
        num_classes (int): Number of classes K.
        in_channels (int): Channels D of the maps.
        num_composed (int): A, maps composed for each rare sample. Defaults
            to 3.
        specific (float): Cells of the rare sample whose activation for its
            class exceeds this are telling. Defaults to 0.8.
        generic (float): Cells of another sample whose activation for its own
            class is below this are not. Defaults to 0.2.
        kwargs (dict): Further arguments of ``GCNHead``.
    """

    #: Mean scores by true class (K, K), which ``ConfusionHook`` measures.
    lazy_buffers: ClassVar[tuple[str, ...]] = ('confusion',)
    needs_confusion: ClassVar[bool] = True
    confusion: Tensor
    fc: Any
    loss_cls: Any

    def __init__(
        self,
        num_classes: PositiveInt,
        in_channels: PositiveInt,
        *,
        num_composed: PositiveInt = 3,
        specific: Fraction = 0.8,
        generic: Fraction = 0.2,
        **kwargs: Any,
    ) -> None:
        super().__init__(num_classes, in_channels, **kwargs)
        self.register_lazy_buffers()
        self.num_composed = num_composed
        self.thresholds = (specific, generic)

    def loss(
        self, feats: Tensor, data_samples: SampleList, **kwargs: Any
    ) -> dict:
        """Losses of a batch of groups.

        Args:
            feats (Tensor): Maps, shape (N, M, D, T, V).
            data_samples (list[ActionDataSample]): N samples, hard labels.
            kwargs (dict): Not used.

        Returns:
            dict: Losses and figures for the log.

        Raises:
            ValueError: If the labels are soft, or the batch is no whole
                number of groups.
        """
        labels = self.targets(data_samples, feats.device)
        size = 2 * (1 + self.num_composed)
        if labels.ndim != 1 or len(labels) % size:
            raise ValueError(
                f'{type(self).__name__} needs hard labels and batches of '
                f'whole groups of {size} samples, got {len(labels)} labels '
                f'of shape {tuple(labels.shape[1:])}; choose a batch_size '
                'that is a multiple, with CompositionSampler and drop_last'
            )
        each = len(labels) // size, self.num_composed
        draws = torch.rand(*each, *feats.shape[-2:], device=feats.device)
        bounds = torch.rand(*each, device=feats.device)
        maps, labels = self.augment(feats, labels, draws, bounds)
        scores = self.fc(self.features(maps))
        return dict(
            self.accuracies(scores, labels),
            loss_cls=self.loss_cls(scores, labels),
        )

    def augment(
        self, feats: Tensor, labels: Tensor, draws: Tensor, bounds: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Maps and labels that the classifier learns from.

        Args:
            feats (Tensor): Maps of G groups, shape (N, M, D, T, V).
            labels (Tensor): Classes, shape (N,).
            draws (Tensor): Uniform numbers, shape (G, A, T, V).
            bounds (Tensor): Uniform numbers, shape (G, A): a cell takes from
                the rare sample where its draw exceeds the bound.

        Returns:
            tuple[Tensor, Tensor]: Maps (N, M, D, T, V), groups of one real
            and A composed maps followed by the frequent ones of all groups,
            and their classes (N,).
        """
        half = 1 + self.num_composed
        feats = feats.detach().unflatten(0, (-1, 2 * half))
        labels = labels.unflatten(0, (-1, 2 * half))
        drawn = feats[:, :half]
        rows = self.fc.weight.detach()[labels[:, :half]]
        maps = class_maps(drawn, rows)
        made = compose(
            drawn, maps, draws > bounds[..., None, None], self.thresholds
        )
        learnt = torch.cat([drawn[:, :1], made], 1).flatten(0, 1)
        rare = labels[:, :1].expand(-1, half).flatten()
        frequent = feats[:, half:].flatten(0, 1), labels[:, half:].flatten()
        return torch.cat([learnt, frequent[0]]), torch.cat([rare, frequent[1]])


def class_maps(feats: Tensor, rows: Tensor) -> Tensor:
    """Activation of a class in each cell, scaled to [0, 1].

    With a linear classifier on a mean over the cells, the row of the class
    is what the gradients of the score are, up to a factor that the scaling
    takes away: no backward pass is needed.

    Args:
        feats (Tensor): Maps, shape (..., M, D, T, V).
        rows (Tensor): Weights of the class, shape (..., D).

    Returns:
        Tensor: Shape (..., M, T, V); zero where all cells are alike.
    """
    active = (feats * rows[..., None, :, None, None]).sum(-3).relu()
    low, high = active.amin((-2, -1), True), active.amax((-2, -1), True)
    span = high - low
    scaled = (active - low) / torch.where(span > 0, span, 1.0)
    return torch.where(span > 0, scaled, 0.0)


def compose(
    feats: Tensor, maps: Tensor, takes: Tensor, thresholds: tuple[float, float]
) -> Tensor:
    """Telling cells of one sample among untelling cells of others.

    Args:
        feats (Tensor): Maps of groups, first that of the rare sample, shape
            (G, 1 + A, M, D, T, V).
        maps (Tensor): Their class maps, shape (G, 1 + A, M, T, V).
        takes (Tensor): Whether a cell is the rare sample's, bool, shape (G,
            A, T, V).
        thresholds (tuple[float, float]): Bounds on the class maps.

    Returns:
        Tensor: Composed maps, shape (G, A, M, D, T, V).
    """
    specific, generic = thresholds
    telling = (maps[:, :1] > specific)[:, :, :, None] * feats[:, :1]
    untelling = (maps[:, 1:] < generic)[:, :, :, None] * feats[:, 1:]
    return torch.where(takes[:, :, None, None], telling, untelling)
