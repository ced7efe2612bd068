"""Skeleton dataset whose training split is long-tailed."""

from __future__ import annotations

import os.path as osp
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Callable

from mmaction.registry import DATASETS
from mmengine.logging import MMLogger

from ..arguments import PositiveInt
from ..skeletons import get_layout
from .cache import CachedPoseDataset
from .longtail import LongTailSpec, check_no_class_empty, select_names
from .pose_checks import (
    check_labels,
    check_poses,
    check_usable,
    invalid_samples,
    odd_names,
)
from .pose_file import (
    PoseFile,
    Samples,
    heads,
    join_folder,
    read_pose_file,
    sample_name,
    take,
)

_MOST_NAMED = 5


@DATASETS.register_module()
class LongTailedPoseDataset(CachedPoseDataset):
    """A PoseDataset that can thin its training split out to a long tail.

    ``metainfo['class_counts']`` holds the samples per class of the
    *training* split as they are after selection and filtering, in training
    and validation datasets alike, so that a metric can tell many-, medium-
    and few-shot classes without the training data. They do not follow
    ``indices`` or subsets; :func:`class_counts` counts those. Datasets of
    several files in a ConcatDataset need ``ignore_keys=['class_counts']``.

    A pickle is read by an unpickler that admits arrays and plain containers
    only, and is checked before training: bad samples are named. A cache made
    of it by ``tools/data/build_cache.py`` serves the same samples.

    Args:
        ann_file (str): Pickle of ``{split, annotations}``, optionally with
            class names under ``classes``; or an ``.npz`` of CTR-GCN, or
            a cache.
        pipeline (list[dict | callable]): Data transforms.
        split (str, optional): Split to serve; None serves every sample.
            Defaults to None.
        train_split (str, optional): Split that is long-tailed and counted.
            None takes ``split`` with train in the place of val or test when
            the file has that one, else ``split`` itself unless
            ``test_mode``. Defaults to None.
        longtail (dict, optional): Arguments of :class:`LongTailSpec`; give
            training and validation datasets the same. It thins out
            ``train_split`` only, so that no other training split is served.
            None keeps every sample. Defaults to None.
        num_classes (int, optional): Number of classes K. None takes the
            class names of the file, else the largest label. Defaults to
            None.
        drop_invalid (bool): Whether to drop selected samples whose
            coordinates are not finite, absurdly large or zero throughout
            instead of raising an error. Defaults to False.
        layout (str | dict | Layout, optional): Joint layout that every
            sample must fit. Defaults to None.
        **kwargs: Further arguments of PoseDataset.

    Raises:
        FileNotFoundError: If the annotation file is missing.
        KeyError: If a split or a key of a sample is missing.
        TypeError: If a value has the wrong type.
        ValueError: If a value is out of range, a class has no training
            sample, or a sample does not fit.
    """

    num_classes: Any

    def __init__(
        self,
        ann_file: str,
        pipeline: list[dict | Callable],
        *,
        split: str | None = None,
        train_split: str | None = None,
        longtail: Mapping[str, Any] | None = None,
        num_classes: PositiveInt | None = None,
        drop_invalid: bool = False,
        layout: Any = None,
        **kwargs: Any,
    ) -> None:
        if kwargs.get('multi_class'):
            raise TypeError(
                'LongTailedPoseDataset takes one label per sample, but got '
                'multi_class=True'
            )
        self.train_split = train_split
        self.longtail = (
            None if longtail is None else LongTailSpec.from_config(longtail)
        )
        self.drop_invalid = drop_invalid
        self.layout = None if layout is None else get_layout(layout)
        # Held from loading to filtering only, so that copies stay small.
        self._training: Samples | None = None
        self._serves_training = False
        super().__init__(
            ann_file, pipeline, split=split, num_classes=num_classes, **kwargs
        )

    def load_data_list(self) -> Samples:
        """Read, check and select the samples of the split.

        Returns:
            list[dict] | CachedSamples: Their annotations.
        """
        file = read_pose_file(self.ann_file)
        training = self._training_part(file)
        served = None if self._serves_training else file.part(self.split)
        self._settle_classes(file, training, served)
        self._warn_of_names(file)
        if training is not None:
            training = self._thin_out(training, file)
        if served is None:
            served = training = self._usable(training or [])
        else:
            served = self._usable(served)
            if training is not None and self.drop_invalid:
                training = self._usable(training, log=False)
        self._training = training
        return join_folder(served, self.data_prefix.get('video'))

    def filter_data(self) -> Samples:
        """Filter as PoseDataset does, then count the training samples.

        Returns:
            list[dict] | CachedSamples: The samples that stay.

        Raises:
            ValueError: If no sample stays, or a class has no training
                sample.
        """
        training, self._training = self._training, None
        kept = super().filter_data()
        if not kept:
            raise ValueError(
                f'no sample of split {self.split!r} of {self.ann_file} is '
                'left after filtering'
            )
        if training is None:
            return kept
        if self._serves_training:
            training = kept
        elif self.valid_ratio:
            self.data_list = training
            training = super().filter_data()
            self.data_list = kept
        counter = Counter(int(sample['label']) for sample in heads(training))
        counts = [counter[k] for k in range(self.num_classes)]
        check_no_class_empty(
            counts,
            self._metainfo.get('classes'),
            f'the training samples of {self.ann_file}',
        )
        self._metainfo['class_counts'] = counts
        return kept

    def _training_part(self, file: PoseFile) -> Samples | None:
        """Find the training samples, and whether they are the ones served."""
        train_split = self.train_split or file.training_twin(self.split)
        if train_split is None and not self.test_mode:
            train_split = self.split
            self._serves_training = True
        elif train_split is not None:
            self._serves_training = train_split == self.split
            self._check_split(train_split)
        elif self.longtail is not None:
            raise ValueError(
                'longtail needs train_split to count the training samples of '
                f'{file.path} for split {self.split!r}'
            )
        else:
            return None
        return file.part(train_split)

    def _check_split(self, train_split: str) -> None:
        """Refuse to serve one training split whole and thin out another."""
        other = self.split is not None and 'train' in self.split
        if self.longtail is not None and other and not self._serves_training:
            raise ValueError(
                f'split {self.split!r} would be served whole, for longtail '
                f'thins out train_split {train_split!r} only: give both the '
                'same name'
            )

    def _settle_classes(self, file: PoseFile, *parts: Samples | None) -> None:
        """Fix number and names of the classes, and check the labels."""
        if file.classes is not None:
            self._metainfo.setdefault('classes', file.classes)
        if file.salient_parts is not None:
            self._check_parts(file)
            self._metainfo.setdefault('salient_parts', file.salient_parts)
        classes = self._metainfo.get('classes')
        if self.num_classes is None and classes is not None:
            self.num_classes = len(classes)
        elif self.num_classes is None:
            labels = (a['label'] for a in heads(file.annotations))
            self.num_classes = 1 + max(labels)
        if classes is not None and len(classes) != self.num_classes:
            raise ValueError(
                f'num_classes is {self.num_classes}, but {file.path} comes '
                f'with {len(classes)} class names'
            )
        for part in parts:
            check_labels(part or [], self.num_classes, file.path)

    def _check_parts(self, file: PoseFile) -> None:
        """Refuse parts that the layout has not, before the training."""
        known = self.layout.part_names if self.layout else ()
        for name, parts in (file.salient_parts or {}).items():
            for part in parts:
                if self.layout and part not in known:
                    raise ValueError(
                        f'salient_parts of {file.path} has the part {part!r} '
                        f'for class {name!r}; layout {self.layout.name!r} '
                        f'has {", ".join(known)}'
                    )

    def _thin_out(self, training: Samples, file: PoseFile) -> Samples:
        """Keep the training samples of the long-tailed set."""
        spec = self.longtail
        if spec is None:
            return training
        if spec.file is not None and self.data_root:
            spec = replace(spec, file=osp.join(self.data_root, spec.file))
        names = [sample_name(a) for a in heads(training)]
        every = {sample_name(a) for a in heads(file.annotations)}
        selection = select_names(
            names,
            [int(a['label']) for a in heads(training)],
            spec=spec,
            num_classes=self.num_classes,
            classes=self._metainfo.get('classes'),
            outside=every.difference(names),
        )
        kept = set(selection.names)
        if self._serves_training:
            MMLogger.get_current_instance().info(
                f'long-tailed training set: {len(kept)} of {len(names)} '
                f'samples, {max(selection.counts)} to '
                f'{min(selection.counts)} per class'
            )
        return take(training, [i for i, n in enumerate(names) if n in kept])

    def _usable(self, samples: Samples, log: bool = True) -> Samples:
        """Check the skeletons; drop or refuse those that are of no use."""
        # With this prefix every skeleton has a file of its own.
        if 'skeleton' not in self.data_prefix:
            check_poses(samples, self.ann_file, self.layout)
        if not self.drop_invalid:
            check_usable(samples, self.ann_file)
            return samples
        invalid = invalid_samples(samples)
        if log:
            named = [
                f'{sample_name(samples[i])!r} ({what})'
                for i, what in list(invalid.items())[:_MOST_NAMED]
            ]
            MMLogger.get_current_instance().info(
                f'{len(invalid)} of {len(samples)} samples of split '
                f'{self.split!r} dropped: {", ".join(named) or "none"}'
            )
        left = [i for i in range(len(samples)) if i not in invalid]
        return take(samples, left)

    def _warn_of_names(self, file: PoseFile) -> None:
        """Tell, once for a training, which names are odd."""
        if not self._serves_training:
            return
        for what, names in odd_names(*file.name_lists()).items():
            MMLogger.get_current_instance().warning(
                f'{len(names)} samples of {file.path} {what}, '
                f'{names[0]!r} the first'
            )
