"""Poses in the space of the features: their mean, and the joints behind."""

from __future__ import annotations

from typing import Any, Sequence

import numpy as np
import torch
from mmengine import dist
from mmengine.dataset import pseudo_collate
from rich.progress import track
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, Subset

from shapmix_mm.config.data import unrepeated
from shapmix_mm.randomness import preserved_random_state
from shapmix_mm.skeletons import Layout, bones_to_joints

__all__ = ['feature_joints', 'mean_pose']


def mean_pose(
    dataset: Any,
    *,
    batch_size: int = 64,
    num_workers: int = 0,
    device: torch.device | None = None,
) -> Tensor:
    """Static mean of the training set in the stream's own feature space.

    Each person slot has its own mean, over the frames in which the person is
    there; a slot that is never filled has mean zero. Ranks share the work
    and get equal results. The pass draws its own random augmentations and
    leaves the random state of the training untouched.

    Args:
        dataset (Dataset): Training dataset; its pipeline ends with inputs of
            shape (1, M, T, V, C).
        batch_size (int): Samples per step. Defaults to 64.
        num_workers (int): Loader processes. Defaults to 0.
        device (torch.device, optional): Where the ranks' sums are reduced:
            NCCL needs its GPU. Defaults to None: the CPU.

    Returns:
        Tensor: float32, shape (M, V, C), on the CPU.

    Raises:
        ValueError: If a sample comes out of the pipeline with coordinates
            that are not finite; names it.
    """
    samples = unrepeated(dataset)
    total: Tensor | float = 0.0
    frames: Tensor | float = 0.0
    with preserved_random_state():
        indices = range(
            dist.get_rank(),
            len(samples),  # type: ignore[arg-type]
            dist.get_world_size(),
        )
        shard: Dataset = Subset(samples, indices)
        loader = DataLoader(
            shard,
            batch_size,
            num_workers=num_workers,
            collate_fn=pseudo_collate,
        )
        quiet = not dist.is_main_process()
        for number, batch in enumerate(
            track(loader, 'mean pose', disable=quiet)
        ):
            clips = torch.cat(batch['inputs']).double()
            _check_finite(clips, samples, indices[number * batch_size :])
            present = clips.flatten(3).any(-1)
            total = total + clips.sum((0, 2))
            frames = frames + present.sum((0, 2)).double()
    total, frames = torch.as_tensor(total), torch.as_tensor(frames)
    if device is not None:
        total, frames = total.to(device), frames.to(device)
    dist.all_reduce(total)
    dist.all_reduce(frames)
    return (total / frames.clamp(min=1)[:, None, None]).float().cpu()


def _check_finite(clips: Tensor, dataset: Any, indices: Sequence[int]) -> None:
    finite = clips.flatten(1).isfinite().all(1)
    if not bool(finite.all()):
        index = indices[int(finite.int().argmin())]
        info: dict = getattr(dataset, 'get_data_info', lambda _: {})(index)
        name = info.get('frame_dir', info.get('filename', f'number {index}'))
        raise ValueError(
            f'sample {name!r} of the training set has coordinates that are '
            'not finite after its pipeline; LongTailedPoseDataset with '
            'drop_invalid=True drops samples that are not finite in the file'
        )


def feature_joints(
    values: np.ndarray, feats: tuple[str, ...], layout: Layout
) -> np.ndarray:
    """Joint positions out of features; bones are put end to end.

    Args:
        values (np.ndarray): Features (..., V, C).
        feats (tuple[str, ...]): What the channels hold, in equal shares.
        layout (Layout): The layout.

    Returns:
        np.ndarray: Positions (..., V, 2 or 3), of bones with the root at the
        origin; joints that are all zero, as of absent persons, stay so.

    Raises:
        ValueError: If the features hold neither joints nor bones.

    Example:
        >>> feature_joints(np.ones((25, 6)), ('b', 'j'), layout).shape
        (25, 3)
    """
    layout.check_joints(values.shape[-2], 'the stream')
    if not {'j', 'b'} & set(feats):
        raise ValueError(
            f'features {list(feats)} hold no positions, from which a body '
            "could be drawn; it takes 'j' or 'b' among them"
        )
    name = 'j' if 'j' in feats else 'b'
    share = values.shape[-1] // len(feats)
    first = feats.index(name) * share
    dims = min(share, 2 if layout.planar else 3)
    chosen = values[..., first : first + dims]
    return chosen if name == 'j' else bones_to_joints(chosen, layout)
