"""Datasets that read caches: what they need for it, and the stock one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from mmaction.datasets import PoseDataset
from mmaction.registry import DATASETS
from mmengine.dataset import BaseDataset
from mmengine.dataset.base_dataset import force_full_init
from mmengine.logging import MMLogger

from .cache_file import CacheFile, is_cache
from .normalisation import rest_of
from .samples import CachedSamples

_ROW_BYTES = 8


class CachedReading(BaseDataset):
    """Second base of a dataset class, for ``ann_file`` of either kind.

    With a cache, the data list is a :class:`CachedSamples`, and what mmengine
    keeps in place of the pickled annotations is their row numbers, 16 bytes
    for a sample. Its subsets and worker processes then work as ever. The
    pipeline loses the transforms that the cache has done, whenever it is set.
    """

    data_list: Any
    _samples: CachedSamples | None = None

    @property
    def pipeline(self) -> Any:
        """Transforms that samples go through after they are read."""
        return self._pipeline

    @pipeline.setter
    def pipeline(self, pipeline: Any) -> None:
        if is_cache(self.ann_file):
            pipeline = rest_of(pipeline, CacheFile(self.ann_file))
        self._pipeline = pipeline

    @force_full_init
    def get_data_info(self, idx: int) -> dict:
        """Read the annotation of a sample.

        Args:
            idx (int): Index of the sample.

        Returns:
            dict: Its annotation and ``sample_idx``.
        """
        if self._samples is None:
            return super().get_data_info(idx)
        info = self._samples.read(self._row(idx))
        info['sample_idx'] = idx if idx >= 0 else len(self) + idx
        return info

    @force_full_init
    def label_of(self, idx: int) -> Any:
        """Read a label, from a cache without the skeleton.

        Args:
            idx (int): Index of the sample.

        Returns:
            Any: Its label as the annotation file has it.
        """
        # A subset of serialized data has no data list.
        samples = self._samples or getattr(self, 'data_list', None)
        if not isinstance(samples, CachedSamples):
            return super().get_data_info(idx)['label']
        row = self._row(idx) if self._samples else int(samples.rows[idx])
        return samples.file.columns['label'][row]

    def _row(self, idx: int) -> int:
        end = int(self.data_address[idx])
        return int(self.data_bytes[end - _ROW_BYTES : end].view(np.int64)[0])

    def _get_unserialized_subset(
        self, indices: int | Sequence[int]
    ) -> list | CachedSamples:
        if isinstance(self.data_list, CachedSamples) and isinstance(
            indices, Sequence
        ):
            return self.data_list.take(indices)
        return super()._get_unserialized_subset(indices)

    def _serialize_data(self) -> tuple[np.ndarray, np.ndarray]:
        if not isinstance(self.data_list, CachedSamples):
            return super()._serialize_data()
        rows = np.ascontiguousarray(self.data_list.rows, dtype=np.int64)
        self._samples, self.data_list = self.data_list, []
        addresses = _ROW_BYTES * np.arange(1, len(rows) + 1)
        return rows.view(np.uint8), addresses


@DATASETS.register_module()
class CachedPoseDataset(PoseDataset, CachedReading):
    """A PoseDataset whose ``ann_file`` may name a cache.

    It serves what PoseDataset serves from the annotation file that the cache
    was made from: the same samples in the same order, with the same keys and
    values. ``split=None`` serves every sample. Arguments are those of
    PoseDataset; other annotation files are left to it.
    """

    def load_data_list(self) -> list[dict] | CachedSamples:
        """Find the samples of the split.

        Returns:
            list[dict] | CachedSamples: Their annotations.

        Raises:
            KeyError: If there is no such split.
        """
        if not is_cache(self.ann_file):
            return super().load_data_list()
        file = CacheFile(self.ann_file)
        samples = CachedSamples(file)
        if self.split is not None:
            samples = samples.within(file.split(self.split))
        return samples.in_folder(self.data_prefix.get('video'))

    def filter_data(self) -> list[dict] | CachedSamples:
        """Keep samples with persons in enough frames.

        Returns:
            list[dict] | CachedSamples: Those that stay.
        """
        if not isinstance(self.data_list, CachedSamples):
            return super().filter_data()
        if isinstance(self.valid_ratio, float) and self.valid_ratio > 0:
            self.data_list = self.data_list.valid_from(
                self.valid_ratio, self.box_thr
            )
        MMLogger.get_current_instance().info(
            f'{len(self.data_list)} videos remain after valid thresholding'
        )
        return self.data_list

    def get_cat_ids(self, idx: int) -> list[int]:
        """Class of a sample, as mmengine's ClassBalancedDataset asks for it.

        Args:
            idx (int): Index of the sample.

        Returns:
            list[int]: Its labels.
        """
        label = self.label_of(idx)
        return list(label) if self.multi_class else [int(label)]
