"""Stock PoseDataset that also reads caches."""

from __future__ import annotations

from mmaction.datasets import PoseDataset
from mmaction.registry import DATASETS
from mmengine.logging import MMLogger

from .index import is_cache
from .reading import CachedReading
from .samples import CachedSamples
from .store import CacheStore


@DATASETS.register_module()
class CachedPoseDataset(PoseDataset, CachedReading):
    """A PoseDataset whose ``ann_file`` may name the folder of a cache.

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
        store = CacheStore(self.ann_file)
        samples = CachedSamples(store)
        if self.split is not None:
            samples = samples.within(store.split(self.split))
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
