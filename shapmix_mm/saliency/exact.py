"""Exact values of a trained model: all coalitions of every sample."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any, Iterator, Sequence

import numpy as np
import torch
from mmengine import dist
from mmengine.dataset import pseudo_collate
from rich.progress import Progress
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset, Subset

from shapmix_mm.config.launch import num_classes_of
from shapmix_mm.randomness import preserved_random_state
from shapmix_mm.shapley import combination_parts, exact_shapley
from shapmix_mm.skeletons import Layout

from .score import coalition_worths, evaluating

__all__ = [
    'MAX_CLIPS',
    'ClassSaliency',
    'SeededSamples',
    'TableError',
    'Worths',
    'choose_samples',
    'class_saliency',
    'exact_worths',
    'sample_labels',
    'sample_name',
    'table_error',
]

# Bounds memory, whatever the numbers of samples, clips and parts.
MAX_CLIPS = 256


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
    num_classes = num_classes_of(model)
    quiet = progress is None or not dist.is_main_process()
    with (
        evaluating(model),
        preserved_random_state(),
        torch.autocast(place.type, enabled=amp),
        Progress(disable=quiet) as bar,
    ):
        task = bar.add_task(progress or '', total=len(_shard(dataset)))
        for rows, batch in _batches(dataset, batch_size, num_workers):
            clips, label = _read(model, batch, dataset, rows, layout)
            _check_labels(label, num_classes)
            index = torch.tensor(rows, device=place)
            labels[index] = label
            worths[index] = _all_worths(
                model, clips, label, mean.to(place), layout, max_clips
            )
            bar.advance(task, len(rows))
    # Every row is zero on all ranks but one, so that the sums are exact.
    dist.all_reduce(worths)
    dist.all_reduce(labels)
    names = tuple(sample_name(dataset, i) for i in range(len(dataset)))
    return Worths(worths.cpu(), labels.cpu(), names)


def _all_worths(
    model: nn.Module,
    clips: Tensor,
    label: Tensor,
    mean: Tensor,
    layout: Layout,
    max_clips: int,
) -> Tensor:
    """Worths of every coalition of a batch, shape (N, 2**P)."""
    singles = clips.flatten(0, 1).unsqueeze(1)
    worths, _ = coalition_worths(
        model,
        singles,
        label.repeat_interleave(clips.size(1)),
        mean,
        torch.arange(2**layout.num_parts).expand(len(singles), -1),
        layout,
        max_clips=max_clips,
    )
    return worths.unflatten(0, clips.shape[:2]).mean(1)


def _check_labels(label: Tensor, num_classes: int) -> None:
    if not bool(((label >= 0) & (label < num_classes)).all()):
        raise ValueError(
            f'the split has labels {sorted(set(label.tolist()))}, the model '
            f'knows the classes 0 to {num_classes - 1}'
        )


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
    # One wait for the device, not one for each sample.
    finite = clips.flatten(1).isfinite().all(1).tolist()
    for row, good, label in zip(rows, finite, labels):
        if label is None or label.numel() != 1:
            raise ValueError(
                f'sample {sample_name(dataset, row)!r} has labels {label}, '
                'expected one class'
            )
        if not good:
            raise ValueError(
                f'sample {sample_name(dataset, row)!r} has coordinates that '
                'are not finite after its pipeline'
            )
    return clips, torch.cat(labels).to(clips.device)


@dataclass(frozen=True)
class ClassSaliency:
    """Exact generalised Shapley values of K classes.

    Args:
        combinations (list[tuple[int]]): Parts of each of the C columns: the
            P single parts, then the combinations of the other sizes.
        values (np.ndarray): Mean over the samples of a class, ``(K, C)``;
            NaN for a class without samples.
        std (np.ndarray): Standard deviation over them, ``(K, C)``; NaN with
            fewer than two samples.
        samples (np.ndarray): Samples of each class, int, ``(K,)``.
    """

    combinations: list[tuple[int, ...]]
    values: np.ndarray
    std: np.ndarray
    samples: np.ndarray

    def columns(self, sizes: Sequence[int]) -> list[int]:
        """Columns of the combinations of some sizes, in table order.

        Args:
            sizes (Sequence[int]): Numbers of parts.

        Returns:
            list[int]: Column indices.
        """
        return [
            column
            for column, parts in enumerate(self.combinations)
            if len(parts) in sizes
        ]


def class_saliency(
    worths: Worths, num_parts: int, sizes: Sequence[int], num_classes: int
) -> ClassSaliency:
    """Average the samples' exact values over each class.

    Args:
        worths (Worths): Worths of all coalitions of each sample.
        num_parts (int): P.
        sizes (Sequence[int]): Sizes of the combinations; single parts are
            always among them.
        num_classes (int): K.

    Returns:
        ClassSaliency: Values of each class.
    """
    sizes = sorted({1, *sizes})
    each = exact_shapley(worths.worths.double(), num_parts, sizes)
    member = torch.nn.functional.one_hot(worths.labels, num_classes).double()
    samples = member.sum(0)
    mean = (member.T @ each) / samples[:, None]
    # From the deviations: differences of squares would cancel.
    squares = member.T @ (each - mean[worths.labels]) ** 2
    freedom = (samples - 1).clamp(min=0)[:, None]
    return ClassSaliency(
        combination_parts(num_parts, sizes),
        mean.numpy(),
        (squares / freedom).sqrt().numpy(),
        samples.long().numpy(),
    )


@dataclass(frozen=True)
class TableError:
    """Distance of a table from exact values.

    Args:
        rmse (np.ndarray): Root mean square error of each class, ``(K,)``;
            NaN for a class with nothing to compare.
        rank_corr (np.ndarray): Spearman's correlation over the combinations
            of each class, ``(K,)``; NaN if either side is constant.
        overall_rmse (float): RMSE over all entries.
        overall_rank_corr (float): Spearman's correlation over all entries.
    """

    rmse: np.ndarray
    rank_corr: np.ndarray
    overall_rmse: float
    overall_rank_corr: float


def table_error(
    table: np.ndarray, exact: np.ndarray, updates: np.ndarray | None = None
) -> TableError:
    """Compare a learnt table with exact values, entry by entry.

    Args:
        table (np.ndarray): Learnt values ``(K, B)``.
        exact (np.ndarray): Exact values ``(K, B)``, NaN where unknown.
        updates (np.ndarray, optional): Updates of each entry ``(K, B)``;
            those without any are left out. Defaults to None: all count.

    Returns:
        TableError: Errors of each class and of all entries.

    Raises:
        ValueError: If the shapes differ.
    """
    if table.shape != exact.shape:
        raise ValueError(
            f'the table has shape {table.shape}, the exact values '
            f'{exact.shape}'
        )
    known = np.isfinite(table) & np.isfinite(exact)
    if updates is not None:
        known &= updates > 0
    rows = [_errors(t[k], e[k]) for t, e, k in zip(table, exact, known)]
    rmse, rank_corr = np.array(rows).reshape(-1, 2).T
    return TableError(rmse, rank_corr, *_errors(table[known], exact[known]))


def _errors(table: np.ndarray, exact: np.ndarray) -> tuple[float, float]:
    if table.size == 0:
        return float('nan'), float('nan')
    rmse = float(np.sqrt(np.mean((table - exact) ** 2)))
    if table.size < 2 or np.ptp(table) == 0 or np.ptp(exact) == 0:
        return rmse, float('nan')
    from scipy.stats import spearmanr

    return rmse, float(spearmanr(table, exact)[0])


class SeededSamples(Dataset):
    """Chosen samples, each with random draws of its own.

    What a random transform makes of a sample then depends on its index
    alone, not on the rank, the loader process or the samples before it. The
    global random state is not put back.

    Args:
        samples (Dataset): All samples.
        indices (Sequence[int], optional): Those to serve. Defaults to None:
            all.
        seed (int): Seed of the draws. Defaults to 0.
    """

    # Not called `dataset`: what it wraps must not be unwrapped again.
    def __init__(
        self, samples: Any, indices: Sequence[int] | None = None, seed: int = 0
    ) -> None:
        self.samples = samples
        self.indices = range(len(samples)) if indices is None else indices
        self.seed = seed

    def __len__(self) -> int:
        return len(self.indices)

    def __getitem__(self, position: int) -> Any:
        index = self.indices[position]
        state = np.random.SeedSequence([self.seed, index]).generate_state(1)
        random.seed(int(state[0]))
        np.random.seed(int(state[0]))
        torch.manual_seed(int(state[0]))
        return self.samples[index]

    def get_data_info(self, position: int) -> dict:
        """What the annotation file tells of a sample.

        Args:
            position (int): Position among the served samples.

        Returns:
            dict: Annotation.
        """
        return _info(self.samples, self.indices[position])


def _info(dataset: Any, index: int) -> dict:
    if isinstance(dataset, Subset):
        return _info(dataset.dataset, dataset.indices[index])
    method = getattr(dataset, 'get_data_info', None)
    return {} if method is None else method(index)


def sample_name(dataset: Any, index: int) -> str:
    """Name of a sample, for messages and files.

    Args:
        dataset (Dataset): Dataset.
        index (int): Index of the sample.

    Returns:
        str: Its ``frame_dir`` or ``filename``, or else ``number`` and the
        index.
    """
    info = _info(dataset, index)
    return str(info.get('frame_dir', info.get('filename', f'number {index}')))


def sample_labels(dataset: Any) -> list[Any]:
    """Labels as the annotation file has them; no pipeline is run.

    Args:
        dataset (Dataset): Dataset.

    Returns:
        list: One entry for each sample; None where it tells none.
    """
    return [
        _info(dataset, index).get('label') for index in range(len(dataset))
    ]


def choose_samples(
    labels: Sequence[Any],
    *,
    classes: Sequence[int] | None = None,
    max_per_class: int | None = None,
    seed: int = 0,
) -> list[int]:
    """Choose samples of some classes, at most so many of each.

    Args:
        labels (Sequence[int]): Label of each sample.
        classes (Sequence[int], optional): Classes to keep. Defaults to None:
            all.
        max_per_class (int, optional): Most samples of a class; which ones,
            is drawn. Defaults to None: all.
        seed (int): Seed of the draw. Defaults to 0.

    Returns:
        list[int]: Ascending indices.

    Raises:
        ValueError: If ``max_per_class`` is not positive, or a sample has not
            one label.
    """
    if max_per_class is not None and max_per_class < 1:
        raise ValueError(
            f'max_per_class must be positive, got {max_per_class}'
        )
    groups: dict[Any, list[int]] = {}
    for index, label in enumerate(labels):
        if not isinstance(label, (int, np.integer)) or label < 0:
            raise ValueError(
                f'sample {index} has label {label!r}, expected a class index'
            )
        if classes is None or label in classes:
            groups.setdefault(label, []).append(index)
    chosen: list[int] = []
    for label, indices in groups.items():
        # A class of its own stream: other classes do not change its draw.
        order = np.random.default_rng([seed, label]).permutation(len(indices))
        chosen += [indices[i] for i in order[:max_per_class].tolist()]
    return sorted(chosen)
