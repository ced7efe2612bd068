"""FR-Head: features of ambiguous samples, pulled to and pushed from classes.

Zhou et al., "Learning Discriminative Representations for Skeleton Based
Action Recognition", CVPR 2023. An auxiliary head of training;
``RefinementRecognizerGCN`` feeds it.
"""

from __future__ import annotations

from typing import Any, Literal, Sequence

import torch
import torch.nn.functional as F
from mmaction.registry import MODELS
from mmengine import dist
from mmengine.model import BaseModule, ModuleList, Sequential
from pydantic import Field
from torch import Tensor, nn
from typing_extensions import Annotated

from shapmix_mm.arguments import Fraction, NonNegative, PositiveInt

__all__ = ['FRHead']

#: Divisor of the cosines, factor on the compensation, and of the average.
TEMPERATURE = 0.125
STRENGTH = 0.125
MOMENTUM = 0.9

_Levels = Annotated[Sequence[PositiveInt], Field(min_length=1)]
Version = Literal['V0', 'V1', 'V2', 'NO_FN', 'NO_FP', 'NO_FN_and_FP']


class PrototypeContrast(BaseModule):
    """Contrast of one feature with a prototype of each class.

    Prototypes follow the features of confident samples (TP) by a moving
    average. What a class misses (FN) and what is mistaken for it (FP) have
    means in each batch: a sample is drawn to the first and pushed from the
    second, the more the less its own class is believed (Eq. 5 to 10).

    Args:
        in_channels (int): Length of what is embedded.
        num_classes (int): Number of classes K.
        embed_channels (int): Length D of the feature. Defaults to 256.
        version (str): ``'V0'``, as published. ``'V1'`` compensates confident
            samples alone, and the ablations are those of V1 without one or
            both terms. ``'V2'`` compares the prototypes with the means, for
            all samples alike, and weights the samples by their doubt.
            Defaults to ``'V0'``.
        threshold (float): Least probability of a confident sample.
            Defaults to 0.
        use_probability (bool): Whether the compensation falls with the
            probability. Defaults to True.
    """

    memory: Tensor

    def __init__(
        self,
        in_channels: int,
        num_classes: int,
        embed_channels: int = 256,
        *,
        version: Version = 'V0',
        threshold: float = 0.0,
        use_probability: bool = True,
    ) -> None:
        super().__init__()
        self.fc = nn.Linear(in_channels, embed_channels)
        self.version = version
        self.threshold = threshold
        self.use_probability = use_probability
        # Moved by sums over all ranks, so that it is equal on all of them.
        memory = torch.randn(embed_channels, num_classes)
        self.register_buffer('memory', memory)

    def forward(self, x: Tensor, labels: Tensor, scores: Tensor) -> Tensor:
        """Loss of a batch; the prototypes move.

        Args:
            x (Tensor): What is embedded, shape (N, C).
            labels (Tensor): Classes (N,).
            scores (Tensor): Scores of the classifier (N, K), detached.

        Returns:
            Tensor: Mean over the samples.
        """
        feature = self.fc(x)
        probability = scores.softmax(1).to(feature.dtype)
        truth = F.one_hot(labels, scores.size(1)).to(feature.dtype)
        guess = F.one_hot(scores.argmax(1), scores.size(1)).to(feature.dtype)
        hit = truth * guess * (probability > self.threshold)
        prototypes = self._move(feature, hit)
        doubt = 1 - probability
        weight = STRENGTH * truth * (doubt if self.use_probability else 1.0)
        if self.version not in ('V0', 'V2'):
            weight = weight * hit
        logits = _cosine(feature, prototypes)
        loss = feature.new_zeros(())
        for name, sign, group in (
            ('FN', 1, truth * (1 - guess)),
            ('FP', -1, guess * (1 - truth)),
        ):
            shift = self._shift(feature, prototypes, group, sign, weight)
            left_out = name in self.version.split('_')
            term = logits if left_out else logits + shift
            loss = loss + F.cross_entropy(
                term / TEMPERATURE, labels, reduction='none'
            )
        if self.version == 'V2':
            loss = loss * (doubt * truth).sum(1)
        return loss.mean()

    def _move(self, feature: Tensor, hit: Tensor) -> Tensor:
        """Prototypes (D, K) after this batch, with its gradient."""
        total, count = feature.t() @ hit, hit.sum(0)
        everyone = torch.cat([total.detach(), count.unsqueeze(0)])
        dist.all_reduce(everyone)
        count = everyone[-1]
        total = total + (everyone[:-1] - total.detach())
        mean = total / count.clamp(min=1)
        moved = MOMENTUM * self.memory + (1 - MOMENTUM) * mean
        prototypes = torch.where(count > 0, moved, self.memory)
        self.memory = prototypes.detach().to(self.memory)
        return prototypes

    def _shift(
        self,
        feature: Tensor,
        prototypes: Tensor,
        group: Tensor,
        sign: int,
        weight: Tensor,
    ) -> Tensor:
        """What a group of confused samples adds to the cosines (N, K)."""
        count = group.sum(0)
        mean = feature.t() @ group / count.clamp(min=1)
        present = (count > 0).to(feature.dtype)
        if self.version == 'V2':
            cosine = F.cosine_similarity(prototypes, mean, dim=0)
            return (sign * cosine - 1) * present
        return (sign * _cosine(feature, mean) - 1) * weight * present


def _cosine(rows: Tensor, columns: Tensor) -> Tensor:
    """Cosines of rows (N, D) and columns (D, K)."""
    return F.normalize(rows) @ F.normalize(columns, dim=0)


class LevelContrast(BaseModule):
    """Spatial and temporal contrast of the maps of one block.

    Args:
        channels (int): Channels C of the maps.
        num_frames (int): Frames T of the maps.
        num_joints (int): Joints V of the maps.
        embed_channels (int): Length of the features.
        **kwargs: Of :class:`PrototypeContrast`.
    """

    def __init__(
        self,
        channels: int,
        num_frames: int,
        num_joints: int,
        embed_channels: int,
        **kwargs: Any,
    ) -> None:
        super().__init__()
        for name, length in (
            ('spatial', num_joints),
            ('temporal', num_frames),
        ):
            width = embed_channels // length
            squeeze = Sequential(
                nn.Conv2d(channels, width, 1), nn.BatchNorm2d(width)
            )
            contrast = PrototypeContrast(
                width * length, embed_channels=embed_channels, **kwargs
            )
            self.add_module(f'{name}_squeeze', squeeze)
            self.add_module(f'{name}_contrast', contrast)

    def forward(self, x: Tensor, labels: Tensor, scores: Tensor) -> Tensor:
        """Sum of both losses.

        Args:
            x (Tensor): Maps, mean over the persons, (N, C, T, V).
            labels (Tensor): Classes (N,).
            scores (Tensor): Scores of the classifier (N, K), detached.
        """
        loss = x.new_zeros(())
        for name, axis in (('spatial', 2), ('temporal', 3)):
            squeeze = getattr(self, f'{name}_squeeze')
            contrast = getattr(self, f'{name}_contrast')
            y = F.relu(squeeze(x.mean(axis, keepdim=True)))
            loss = loss + contrast(y.flatten(1), labels, scores)
        return loss


@MODELS.register_module()
class FRHead(BaseModule):
    """Feature refinement of four blocks of a ten-block network.

    The prototypes are buffers: they are in the checkpoint, where those of
    the authors are lost, and each step moves them by all ranks' samples. The
    method knows no mixed labels: of a batch with such, the samples of one
    class alone take part.

    Args:
        num_classes (int): Number of classes K.
        num_joints (int): Joints V.
        num_frames (int): Frames T of the network's input; the length of
            training clips is fixed by it.
        channels (Sequence[int]): Channels of the blocks.
            Defaults to (64, 128, 256, 256).
        strides (Sequence[int]): How many times fewer frames the blocks have.
            Defaults to (1, 2, 4, 4).
        level_weights (Sequence[float]): Weight of each block.
            Defaults to (0.1, 0.2, 0.5, 1).
        loss_weight (float): Weight of the sum. Defaults to 0.1.
        embed_channels (int): Length of the features. Defaults to 256.
        version (str): See :class:`PrototypeContrast`. Defaults to ``'V0'``.
        threshold (float): Least probability of a confident sample.
            Defaults to 0.
        use_probability (bool): Whether the compensation falls with the
            probability. Defaults to True.

    Raises:
        ValueError: If a feature would have less than one channel per joint
            or frame.
    """

    def __init__(
        self,
        num_classes: PositiveInt,
        num_joints: PositiveInt,
        num_frames: PositiveInt,
        *,
        channels: _Levels = (64, 128, 256, 256),
        strides: _Levels = (1, 2, 4, 4),
        level_weights: Sequence[NonNegative] = (0.1, 0.2, 0.5, 1.0),
        loss_weight: NonNegative = 0.1,
        embed_channels: PositiveInt = 256,
        version: Version = 'V0',
        threshold: Fraction = 0.0,
        use_probability: bool = True,
    ) -> None:
        super().__init__()
        _check(
            num_joints,
            num_frames,
            embed_channels,
            channels,
            strides,
            level_weights,
        )
        self.taken = -(-num_frames // strides[0]), num_joints
        self.level_weights = tuple(level_weights)
        self.loss_weight = loss_weight
        self.levels = ModuleList(
            LevelContrast(
                width,
                -(-num_frames // stride),
                num_joints,
                embed_channels,
                num_classes=num_classes,
                version=version,
                threshold=threshold,
                use_probability=use_probability,
            )
            for width, stride in zip(channels, strides)
        )

    def forward(
        self, maps: Sequence[Tensor], labels: Tensor, scores: Tensor
    ) -> Tensor:
        """Weighted sum of the blocks' losses.

        Args:
            maps (Sequence[Tensor]): Of each block (N, M, C, T, V).
            labels (Tensor): Classes (N,), or shares of them (N, K).
            scores (Tensor): Scores of the classifier (N, K).

        Returns:
            Tensor: A scalar.

        Raises:
            ValueError: If clips are of another length than it was built for.
        """
        if tuple(maps[0].shape[-2:]) != self.taken:
            raise ValueError(
                'the first maps of FRHead have {} frames and {} joints, '
                'expected are {} and {}: num_frames has to be the clip_len '
                'of the pipeline'.format(*maps[0].shape[-2:], *self.taken)
            )
        scores, weight = scores.detach(), self.loss_weight
        maps = [m.mean(1) for m in maps]
        if labels.is_floating_point():
            share, labels = labels.max(1)
            pure = share > 1 - 1e-6
            if not bool(pure.any()):
                # Another rank may have some, and waits for the sums of all:
                # one sample goes along, at no cost. Taken for another class
                # it moves no prototype.
                weight, pure[0] = 0.0, True
                scores = -F.one_hot(labels, scores.size(1)).to(scores)
            scores, labels = scores[pure], labels[pure]
            maps = [m[pure] for m in maps]
        losses = [
            part * level(m, labels, scores)
            for part, level, m in zip(self.level_weights, self.levels, maps)
        ]
        return weight * torch.stack(losses).sum()


def _check(
    num_joints: int,
    num_frames: int,
    embed_channels: int,
    *of_blocks: Sequence[float],
) -> None:
    if embed_channels < max(num_joints, num_frames):
        raise ValueError(
            f'embed_channels={embed_channels} of FRHead is less than '
            f'{num_joints} joints or {num_frames} frames'
        )
    if len({len(values) for values in of_blocks}) > 1:
        raise ValueError(
            'channels={}, strides={} and level_weights={} of FRHead should '
            'have one entry for each block'.format(*of_blocks)
        )
