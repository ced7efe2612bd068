"""Worths of all coalitions of body parts, for every sample of a dataset."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Iterator, Sequence

import torch
from mmengine import dist
from mmengine.dataset import pseudo_collate
from rich.progress import Progress
from torch import Tensor, nn
from torch.utils.data import DataLoader

from shapmix_mm.saliency.coalition_scores import evaluating
from shapmix_mm.saliency.mean_pose import preserved_random_state
from shapmix_mm.skeletons import Layout

from .all_coalitions import MAX_CLIPS, AllCoalitions
from .sample_choice import SeededSamples, sample_name

__all__ = ['Worths', 'exact_worths']


@dataclass(frozen=True)
class Worths:
    """Worth of every coalition for N samples, in the dataset's order.

    Args:
        worths (Tensor): float32, shape (N, 2**P); column m is the
            probability of the sample's own class when only the parts of bit
            mask m move.
        labels (Tensor): Class of each sample, int64, shape (N,).
        names (tuple[str]): Name of each sample.
    """

    worths: Tensor
    labels: Tensor
    names: tuple[str, ...]


@torch.no_grad()
def exact_worths(
    model: nn.Module,
    dataset: Any,
    *,
    mean: Tensor,
    layout: Layout,
    batch_size: int = 32,
    device: torch.device | str | None = None,
    amp: bool = False,
    progress: str | None = None,
    num_workers: int = 0,
    max_clips: int = MAX_CLIPS,
) -> Worths:
    """Score every coalition of body parts of every sample.

    The worth of a coalition is the probability of the sample's own class
    with all other parts, the scores of 2D keypoints included, at the mean
    pose (Shap-Mix, Sec. 3.3). That is 2^P passes over the samples. The
    several clips of a sample are inputs of their own whose probabilities are
    averaged. Ranks share the samples and get equal results. A random
    pipeline draws the same for a sample on any rank, and the global random
    state stays as it was.

    Args:
        model (nn.Module): A recognizer; its training mode is kept.
        dataset (Dataset): Samples with inputs of shape (clips, M, T, V, C).
        mean (Tensor): Mean pose, shape (M, V, C).
        layout (Layout): Skeleton layout.
        batch_size (int): Samples loaded at a time. Defaults to 32.
        device (torch.device or str, optional): Where the model is. Defaults
            to None: the device of its first parameter.
        amp (bool): Whether to score in mixed precision. Defaults to False.
        progress (str, optional): Text of a progress bar on the main process.
            Defaults to None: no bar.
        num_workers (int): Loader processes. Defaults to 0.
        max_clips (int): Most clips in one forward pass. Defaults to 256.

    Returns:
        Worths: Worths, labels and names, on the CPU.

    Raises:
        ValueError: If a sample has other joints than the layout, not one
            label, a label that the model does not know, or coordinates that
            are not finite.
    """
    place = torch.device(device or next(model.parameters()).device)
    worths = torch.zeros(len(dataset), 2**layout.num_parts, device=place)
    labels = torch.zeros(len(dataset), dtype=torch.int64, device=place)
    score = AllCoalitions(model, mean.to(place), layout, amp, max_clips)
    quiet = progress is None or not dist.is_main_process()
    with (
        evaluating(model),
        preserved_random_state(),
        Progress(disable=quiet) as bar,
    ):
        task = bar.add_task(progress or '', total=len(_shard(dataset)))
        for rows, batch in _batches(dataset, batch_size, num_workers):
            clips, label = _read(model, batch, dataset, rows, layout)
            index = torch.tensor(rows, device=place)
            labels[index] = label
            for part, coalitions, values in score(clips, label):
                worths[index[part], coalitions] = values
                bar.advance(task, values.numel() / worths.size(1))
    # Every row is zero on all ranks but one, so that the sums are exact.
    dist.all_reduce(worths)
    dist.all_reduce(labels)
    names = tuple(sample_name(dataset, i) for i in range(len(dataset)))
    return Worths(worths.cpu(), labels.cpu(), names)


def _shard(dataset: Any) -> range:
    """Indices of this rank's samples."""
    return range(dist.get_rank(), len(dataset), dist.get_world_size())


def _batches(
    dataset: Any, batch_size: int, num_workers: int
) -> Iterator[tuple[range, dict]]:
    """Collated batches of this rank, with the indices of their samples."""
    shard = _shard(dataset)
    loader = DataLoader(
        SeededSamples(dataset, shard),
        batch_size,
        num_workers=num_workers,
        collate_fn=pseudo_collate,
    )
    for number, batch in enumerate(loader):
        start = number * batch_size
        yield shard[start : start + batch_size], batch


def _read(
    model: Any, batch: dict, dataset: Any, rows: Sequence[int], layout: Layout
) -> tuple[Tensor, Tensor]:
    """Clips (N, clips, M, T, V, C) and labels (N,) of a collated batch."""
    data = model.data_preprocessor(batch, False)
    clips = data['inputs']
    if clips.ndim != 6:
        raise ValueError(
            'exact saliency needs skeletons of shape (N, clips, M, T, V, C), '
            f'got {tuple(clips.shape)}'
        )
    layout.check_joints(clips.size(4), 'the split')
    labels: list[Any] = [
        getattr(sample, 'gt_label', None) for sample in data['data_samples']
    ]
    for row, clip, label in zip(rows, clips, labels):
        if label is None or label.numel() != 1:
            raise ValueError(
                f'sample {sample_name(dataset, row)!r} has labels {label}, '
                'expected one class'
            )
        if not bool(clip.isfinite().all()):
            raise ValueError(
                f'sample {sample_name(dataset, row)!r} has coordinates that '
                'are not finite after its pipeline'
            )
    return clips, torch.cat(labels).to(clips.device)
