"""Some of a cache's samples, like a list of their annotations."""

from __future__ import annotations

import os.path as osp
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, overload

import numpy as np

from .cache_file import HEAD_KEYS, CacheFile

NAME_KEYS = ('filename', 'frame_dir')


class CachedSamples(Sequence):
    """Annotations that are read when asked for.

    Args:
        file (CacheFile): The open cache.
        rows (np.ndarray, optional): Which samples, int64, shape (n,); None
            takes all. Defaults to None.
        folder (str, optional): Folder to put before the names, as
            PoseDataset does. Defaults to None.
        box_thr (float, optional): Score from which a person counts, for
            PoseDataset's ``anno_inds``. Defaults to None.
    """

    def __init__(
        self,
        file: CacheFile,
        rows: np.ndarray | None = None,
        folder: str | None = None,
        box_thr: float | None = None,
    ) -> None:
        self.file, self.folder, self.box_thr = file, folder, box_thr
        self.rows = np.arange(len(file)) if rows is None else rows

    def __len__(self) -> int:
        return len(self.rows)

    @overload
    def __getitem__(self, index: int) -> dict: ...

    @overload
    def __getitem__(self, index: slice) -> CachedSamples: ...

    def __getitem__(self, index: int | slice) -> dict | CachedSamples:
        if isinstance(index, slice):
            return self.take(np.arange(len(self))[index])
        return self.read(int(self.rows[index]))

    def read(self, row: int) -> dict[str, Any]:
        """Read a sample by its number in the annotation file.

        Args:
            row (int): The number.

        Returns:
            dict: Its annotation.
        """
        sample = self._renamed(self.file.record(row))
        if self.box_thr is not None:
            sample['anno_inds'] = sample['box_score'] >= self.box_thr
        return sample

    def heads(self) -> Iterator[dict[str, Any]]:
        """Names and labels alone, which takes no skeleton from the disk.

        Yields:
            dict: The keys of the name that there are, and ``label``.
        """
        columns = [
            (key, self.file.columns[key])
            for key in HEAD_KEYS
            if key in self.file.columns
        ]
        for row in self.rows.tolist():
            entry = {key: column[row] for key, column in columns}
            yield self._renamed(
                {k: v for k, v in entry.items() if v is not None}
            )

    def take(self, indices: Sequence[int] | np.ndarray) -> CachedSamples:
        """Pick samples.

        Args:
            indices (Sequence[int]): Their places among these.

        Returns:
            CachedSamples: Those, in that order.
        """
        chosen = self.rows[np.asarray(indices, dtype=np.int64)]
        return CachedSamples(self.file, chosen, self.folder, self.box_thr)

    def within(self, rows: np.ndarray) -> CachedSamples:
        """Keep those that are among some rows.

        Args:
            rows (np.ndarray): Rows of the annotation file.

        Returns:
            CachedSamples: Those, in the order of the file.
        """
        return self.take(np.flatnonzero(np.isin(self.rows, rows)))

    def in_folder(self, folder: str | None) -> CachedSamples:
        """Put a folder before the names.

        Args:
            folder (str, optional): The folder.

        Returns:
            CachedSamples: The same samples.
        """
        return CachedSamples(self.file, self.rows, folder, self.box_thr)

    def valid_from(self, ratio: float, box_thr: float) -> CachedSamples:
        """Keep samples with persons in enough frames, as PoseDataset does.

        Args:
            ratio (float): Least share of the frames.
            box_thr (float): Score from which a person counts.

        Returns:
            CachedSamples: Those, which then have ``anno_inds``.

        Raises:
            KeyError: If the cache has no ``valid`` or no ``box_score``.
        """
        kept = []
        for row in self.rows.tolist():
            sample = self.file.record(row)
            if not {'valid', 'box_score'} <= sample.keys():
                raise KeyError(
                    f'valid_ratio={ratio} needs the keys valid and '
                    f'box_score, but samples of {self.file.path} lack them'
                )
            share = sample['valid'][box_thr] / sample['total_frames']
            kept.append(share >= ratio)
        chosen = self.rows[np.array(kept, dtype=bool)]
        return CachedSamples(self.file, chosen, self.folder, box_thr)

    def invalid(self) -> dict[int, str]:
        """What is wrong with samples that cannot be used, by place."""
        wrong = self.file.invalid
        rows = enumerate(self.rows.tolist())
        return {place: wrong[row] for place, row in rows if row in wrong}

    def shapes(self) -> np.ndarray:
        """Shape (M, T, V, C) of each skeleton before the normalisation.

        Returns:
            np.ndarray: int64, shape (n, 4); -1 without a skeleton.
        """
        return self.file.shapes[self.rows]

    def _renamed(self, sample: dict[str, Any]) -> dict[str, Any]:
        if self.folder is not None:
            for key in NAME_KEYS:
                if key in sample:
                    sample[key] = osp.join(self.folder, sample[key])
        return sample


def heads(samples: Iterable[Mapping[str, Any]]) -> Iterable[Mapping]:
    """Names and labels of samples, cheaply.

    Args:
        samples (list[dict] | CachedSamples): The samples.

    Returns:
        Iterable[Mapping]: Annotations with a name and a label at least.
    """
    return samples.heads() if isinstance(samples, CachedSamples) else samples


def sample_name(annotation: Mapping[str, Any]) -> str:
    """Name of a sample, under either key that MMAction2 knows.

    Args:
        annotation (Mapping): One annotation.

    Returns:
        str: Its ``filename``, or else its ``frame_dir``.
    """
    return annotation['filename' if 'filename' in annotation else 'frame_dir']


def join_folder(
    samples: list[dict] | CachedSamples, folder: str | None
) -> list[dict] | CachedSamples:
    """Put a folder before the names of samples, as PoseDataset does.

    Args:
        samples (list[dict] | CachedSamples): Annotations; they are not
            changed.
        folder (str, optional): The folder; None leaves the names alone.

    Returns:
        list[dict] | CachedSamples: Annotations with the longer names.
    """
    if isinstance(samples, CachedSamples):
        return samples.in_folder(folder)
    if folder is None:
        return samples
    return [
        {k: osp.join(folder, v) if k in NAME_KEYS else v for k, v in s.items()}
        for s in samples
    ]
