"""Mean pose of the training set, the replacement for masked parts."""

from __future__ import annotations

import random
from contextlib import contextmanager
from typing import Any, Iterator, Sequence

import numpy as np
import torch
from mmengine import dist
from mmengine.dataset import pseudo_collate
from rich.progress import track
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, Subset

from ..config.data import unrepeated

__all__ = ['mean_pose', 'preserved_random_state']


@contextmanager
def preserved_random_state() -> Iterator[None]:
    """Leave Python's, numpy's and torch's global streams as they were."""
    states = random.getstate(), np.random.get_state(), torch.get_rng_state()
    try:
        yield
    finally:
        random.setstate(states[0])
        np.random.set_state(states[1])
        torch.set_rng_state(states[2])


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
