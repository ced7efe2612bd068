"""Files of an analysis: checked before the work, written whole after it."""

from __future__ import annotations

import csv
import os
from pathlib import Path
from typing import Any, Callable, Sequence

import numpy as np

from shapmix_mm.skeletons import Layout

from .class_saliency import ClassSaliency

__all__ = [
    'check_writable',
    'combination_names',
    'write_csv',
    'write_whole',
    'write_worths',
]


def check_writable(folder: str | Path, names: Sequence[str]) -> Path:
    """Make a folder and make sure that files can be written there.

    Args:
        folder (str or Path): Folder.
        names (Sequence[str]): Names of the files to be written.

    Returns:
        Path: The folder.

    Raises:
        ValueError: If the folder cannot be made or written to, or one of the
            names is a folder.
    """
    folder = Path(folder)
    # Several processes check at the same time.
    probe = folder / f'.probe{os.getpid()}'
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise ValueError(
            f'output folder {folder} cannot be written: {error.strerror}'
        ) from error
    for name in names:
        path = folder / name
        if path.is_dir() or (path.exists() and not os.access(path, os.W_OK)):
            raise ValueError(f'output file {path} cannot be written')
    return folder


def write_whole(path: Path, write: Callable[[Path], Any]) -> None:
    """Write a file beside its target, then move it there in one step.

    Args:
        path (Path): Where to.
        write (Callable): Writes the file that it is given.
    """
    # Some writers choose the format by the suffix.
    part = path.with_name(f'.part-{path.name}')
    try:
        write(part)
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


def combination_names(
    combinations: Sequence[Sequence[int]], part_names: Sequence[str]
) -> list[str]:
    """Spell combinations out.

    Args:
        combinations (Sequence[Sequence[int]]): Parts of each.
        part_names (Sequence[str]): Name of each part.

    Returns:
        list[str]: Such as ``trunk+left_arm``.
    """
    return ['+'.join(part_names[p] for p in parts) for parts in combinations]


def write_csv(
    path: Path,
    saliency: ClassSaliency,
    *,
    part_names: Sequence[str],
    classes: Sequence[str],
    train_counts: Sequence[float] | np.ndarray | None = None,
    groups: Sequence[str] | np.ndarray | None = None,
) -> None:
    """Write one row for each class that has samples.

    Args:
        path (Path): File.
        saliency (ClassSaliency): Values.
        part_names (Sequence[str]): Name of each part.
        classes (Sequence[str]): Name of each class.
        train_counts (Sequence[float], optional): Training samples of each
            class. Defaults to None: the column stays empty.
        groups (Sequence[str], optional): Group of each class. Defaults to
            None: the column stays empty.
    """
    names = combination_names(saliency.combinations, part_names)
    with open(path, 'w', newline='', encoding='utf-8') as file:
        writer = csv.writer(file)
        writer.writerow(
            ['class', 'name', 'samples', 'train_count', 'group', *names]
        )
        for index in np.flatnonzero(saliency.samples).tolist():
            writer.writerow(
                [
                    index,
                    classes[index],
                    int(saliency.samples[index]),
                    '' if train_counts is None else f'{train_counts[index]:g}',
                    '' if groups is None else groups[index],
                    *(f'{v:.6f}' for v in saliency.values[index]),
                ]
            )


def write_worths(
    path: Path,
    saliency: ClassSaliency,
    layout: Layout,
    classes: Sequence[str],
    **arrays: np.ndarray,
) -> None:
    """Write all that the values were computed from, without pickles.

    Args:
        path (Path): An ``.npz`` file.
        saliency (ClassSaliency): Values.
        layout (Layout): Skeleton layout.
        classes (Sequence[str]): Name of each class.
        arrays (np.ndarray): More to write: ``worths`` (N, 2**P), ``labels``
            (N,), ``names`` (N,) and the like.
    """
    masks = [
        sum(1 << part for part in parts) for parts in saliency.combinations
    ]
    content: dict[str, Any] = dict(
        combinations=np.array(masks),
        combination_names=np.array(
            combination_names(saliency.combinations, layout.part_names)
        ),
        part_names=np.array(layout.part_names),
        part_mask=layout.part_mask(),
        classes=np.array(classes),
        values=saliency.values,
        std=saliency.std,
        samples=saliency.samples,
        **arrays,
    )
    np.savez_compressed(path, **content)
