"""The outcome of an exact analysis, and its three files."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Callable

import numpy as np
from torch import Tensor

from shapmix_mm.evaluation.functional import class_groups
from shapmix_mm.skeletons import Layout
from shapmix_mm.visualization import plot_saliency

from .class_saliency import ClassSaliency
from .exact_saliency import Worths
from .files import write_csv, write_whole, write_worths
from .setting import ClassInfo

__all__ = ['FILES', 'SaliencyResult', 'write_result']

FILES = ('saliency.csv', 'worths.npz', 'saliency.png')


@dataclass(frozen=True)
class SaliencyResult:
    """Exact saliency of K classes and what it was computed from.

    Args:
        layout (Layout): Skeleton layout.
        sizes (tuple[int]): Sizes of the B combinations that are ranked.
        info (ClassInfo): Names and counts of the classes.
        mean (Tensor): Mean pose, shape (M, V, C).
        worths (Worths): Worths of all coalitions of each sample.
        saliency (ClassSaliency): Values of single parts and combinations.
    """

    layout: Layout
    sizes: tuple[int, ...]
    info: ClassInfo
    mean: Tensor
    worths: Worths
    saliency: ClassSaliency

    @property
    def combinations(self) -> list[tuple[int, ...]]:
        """list[tuple[int]]: Parts of each ranked combination."""
        columns = self.saliency.columns(self.sizes)
        return [self.saliency.combinations[column] for column in columns]

    @property
    def joints(self) -> list[int]:
        """list[int]: Number of joints of each ranked combination."""
        sizes = [len(joints) for joints in self.layout.parts]
        return [sum(sizes[p] for p in parts) for parts in self.combinations]

    @property
    def exact(self) -> np.ndarray:
        """np.ndarray: Exact values of the ranked combinations, ``(K, B)``."""
        return self.saliency.values[:, self.saliency.columns(self.sizes)]


def write_result(folder: Path, result: SaliencyResult) -> None:
    """Write ``saliency.csv``, ``worths.npz`` and ``saliency.png``.

    The figure shows values per joint, the quantity that Eq. 3 ranks.

    Args:
        folder (Path): Where to.
        result (SaliencyResult): The outcome.
    """
    info, counts, groups = result.info, result.info.train_counts, None
    if counts is not None:
        few, many = info.thresholds
        groups = class_groups(counts, many=many, few=few)
    save_csv = partial(
        write_csv,
        saliency=result.saliency,
        part_names=result.layout.part_names,
        classes=info.names,
        train_counts=counts,
        groups=groups,
    )
    save_worths = partial(
        write_worths,
        saliency=result.saliency,
        layout=result.layout,
        classes=info.names,
        worths=result.worths.worths.numpy(),
        labels=result.worths.labels.numpy(),
        names=np.array(result.worths.names),
        mean_pose=result.mean.cpu().numpy(),
    )
    savers: tuple[Callable, ...] = (
        save_csv,
        save_worths,
        partial(_save_figure, result=result),
    )
    for name, save in zip(FILES, savers):
        write_whole(folder / name, save)


def _save_figure(path: Path, result: SaliencyResult) -> None:
    plot_saliency(
        result.exact / result.joints,
        path,
        combinations=result.combinations,
        part_names=result.layout.part_names,
        class_counts=result.info.train_counts,
        classes=result.info.names,
        updates=result.saliency.samples,
        true_parts=result.info.true_parts,
        thresholds=result.info.thresholds,
        title='Exact saliency of body parts, per joint',
    )
