"""A long-tailed set of random clips, in the sizes of a config."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from mmaction.structures import ActionDataSample
from mmengine.config import Config
from torch.utils.data import Dataset

from shapmix_mm.config.data import innermost
from shapmix_mm.skeletons import get_layout

__all__ = ['Shape', 'SyntheticClips']


@dataclass(frozen=True)
class Shape:
    """Sizes of a training batch: N, M, T, V, C, and the classes K."""

    batch: int
    persons: int
    frames: int
    joints: int
    channels: int
    classes: int

    @classmethod
    def of(
        cls,
        cfg: Config,
        *,
        batch: int | None = None,
        frames: int | None = None,
    ) -> Shape:
        """Sizes that a config trains with, some replaced."""
        backbone = cfg.model.backbone
        loader = cfg.train_dataloader
        clips = [
            step['clip_len']
            for dataset in innermost(loader)
            for step in dataset.get('pipeline', ())
            if 'clip_len' in step
        ]
        if not frames and not clips:
            raise ValueError('no clip_len in the config; give --frames')
        return cls(
            batch or loader.batch_size,
            backbone.get('num_person', 2),
            frames or clips[0],
            get_layout(backbone.graph_cfg.layout).num_joints,
            backbone.get('in_channels', 3),
            cfg.model.cls_head.num_classes,
        )

    def __str__(self) -> str:
        return (
            f'N={self.batch} M={self.persons} T={self.frames} '
            f'V={self.joints} K={self.classes}'
        )


class SyntheticClips(Dataset):
    """A long-tailed set of random clips; a second person comes and goes."""

    metainfo: dict[str, Any] = {}
    most = 20

    def __init__(self, shape: Shape, views: int = 1) -> None:
        last = max(shape.classes - 1, 1)
        self.labels = [
            label
            for label in range(shape.classes)
            for _ in range(round(self.most ** (1 - label / last)))
        ]
        generator = torch.Generator().manual_seed(0)
        size = (64, views, shape.persons, shape.frames, shape.joints)
        self.clips = torch.randn(*size, shape.channels, generator=generator)
        self.clips[::2, :, 1:] = 0

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index: int) -> dict[str, Any]:
        sample = ActionDataSample().set_gt_label(self.labels[index])
        clip = self.clips[index % len(self.clips)]
        return dict(inputs=clip, data_samples=sample)

    def get_cat_ids(self, index: int) -> list[int]:
        """Label of a sample, for the class counts."""
        return [self.labels[index]]
