"""Annotation files of every kind, read and checked."""

from __future__ import annotations

import os.path as osp
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, NamedTuple, Union

import numpy as np

from ..serialization import load_annotations
from .cache.index import is_cache
from .cache.samples import CachedSamples
from .cache.store import CacheStore
from .ctrgcn_npz import load_ctrgcn_npz

Samples = Union[list[dict], CachedSamples]


class PoseFile(NamedTuple):
    """What an annotation file holds.

    Args:
        path (str): Where it was read from.
        annotations (list[dict] | CachedSamples): Every sample, of all
            splits.
        splits (dict[str, Collection]): Names of the samples of each split;
            in a cache their rows.
        classes (list[str] | None): Class names, when the file has them.
        salient_parts (dict[str, list[str]] | None): Parts known to tell each
            class of a synthetic set, when the file has them.
    """

    path: str
    annotations: Samples
    splits: Mapping[str, Collection]
    classes: list[str] | None
    salient_parts: dict[str, list[str]] | None

    def part(self, split: str | None) -> Samples:
        """Samples of one split.

        Args:
            split (str, optional): Its name; None stands for all samples.

        Returns:
            list[dict] | CachedSamples: Their annotations, in the order of
            the file.

        Raises:
            KeyError: If the file has no such split.
            ValueError: If the split has no sample.
        """
        if split is None:
            return self.annotations[:]
        if split not in self.splits:
            raise KeyError(
                f'{self.path} has no split {split!r}; it has '
                f'{sorted(self.splits)}'
            )
        if isinstance(self.annotations, CachedSamples):
            part: Samples = self.annotations.within(
                np.asarray(self.splits[split])
            )
        else:
            inside = set(self.splits[split])
            part = [a for a in self.annotations if sample_name(a) in inside]
        if not part:
            raise ValueError(
                f'split {split!r} of {self.path} has no sample among its '
                f'{len(self.annotations)} annotations'
            )
        return part

    def training_twin(self, split: str | None) -> str | None:
        """Training split that goes with a split for validation or test.

        Args:
            split (str, optional): A split such as xsub_val.

        Returns:
            str | None: The split called alike with train in the place of val
            or test, such as xsub_train, when the file has it.
        """
        if split is None or 'train' in split:
            return None
        twin = re.sub('val|test', 'train', split)
        return twin if twin != split and twin in self.splits else None


def read_pose_file(path: str) -> PoseFile:
    """Read an annotation file and check how it is built.

    Args:
        path (str): A pickle of ``{split, annotations}``, or of a bare list
            of annotations. Optional keys: ``classes``, the class
            names, and ``salient_parts``, the parts that tell each class.
            Or an ``.npz`` of CTR-GCN, or the folder of a cache.

    Returns:
        PoseFile: Its content, each annotation with a name and a label.

    Raises:
        FileNotFoundError: If there is no such file.
        TypeError: If the file, a sample or a label is of another kind.
        KeyError: If a key is missing, with the sample that lacks it.
        ValueError: If there is no annotation.
    """
    if is_cache(path):
        return _read_cache(str(path))
    content = _load(str(path))
    if isinstance(content, list):
        content = dict(annotations=content)
    if not isinstance(content, Mapping):
        raise TypeError(
            f'{path} should hold a dict of split and annotations, but holds '
            f'a {type(content).__name__}'
        )
    if 'annotations' not in content:
        raise KeyError(
            f"{path} lacks the key 'annotations'; it has {sorted(content)}"
        )
    annotations = content['annotations']
    if len(annotations) == 0:
        raise ValueError(f'{path} has no annotation')
    for index, annotation in enumerate(annotations):
        _check_head(annotation, index, path)
    splits = content.get('split') or {}
    classes = content.get('classes')
    return PoseFile(
        str(path),
        list(annotations),
        dict(splits),
        None if classes is None else [str(name) for name in classes],
        content.get('salient_parts'),
    )


def heads(samples: Iterable[Mapping[str, Any]]) -> Iterable[Mapping]:
    """Names and labels of samples, cheaply.

    Args:
        samples (list[dict] | CachedSamples): The samples.

    Returns:
        Iterable[Mapping]: Annotations with a name and a label at least.
    """
    return samples.heads() if isinstance(samples, CachedSamples) else samples


def take(samples: Samples, indices: Sequence[int]) -> Samples:
    """Pick samples.

    Args:
        samples (list[dict] | CachedSamples): The samples.
        indices (Sequence[int]): Places of those that stay.

    Returns:
        list[dict] | CachedSamples: Those, in that order.
    """
    if isinstance(samples, CachedSamples):
        return samples.take(indices)
    return [samples[index] for index in indices]


def sample_name(annotation: Mapping[str, Any]) -> str:
    """Name of a sample, under either key that MMAction2 knows.

    Args:
        annotation (Mapping): One annotation.

    Returns:
        str: Its ``filename``, or else its ``frame_dir``.
    """
    return annotation['filename' if 'filename' in annotation else 'frame_dir']


def join_folder(samples: Samples, folder: str | None) -> Samples:
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
    keys = ('filename', 'frame_dir')
    return [
        {k: osp.join(folder, v) if k in keys else v for k, v in s.items()}
        for s in samples
    ]


def _load(path: str) -> Any:
    """Read the content of a file by its ending."""
    if path.endswith('.npz'):
        return load_ctrgcn_npz(path)
    return load_annotations(path)


def _read_cache(path: str) -> PoseFile:
    """Open a cache."""
    store = CacheStore(path)
    return PoseFile(
        path,
        CachedSamples(store),
        {name: store.split(name) for name in store.index.splits},
        store.index.classes,
        store.index.salient_parts,
    )


def _check_head(annotation: Any, index: int, path: str) -> None:
    """Check that an annotation is a dict with a name and one label."""
    if not isinstance(annotation, Mapping):
        raise TypeError(
            f'annotation {index} of {path} should be a dict, but is a '
            f'{type(annotation).__name__}'
        )
    if 'frame_dir' not in annotation and 'filename' not in annotation:
        raise KeyError(f"annotation {index} of {path} lacks 'frame_dir'")
    if 'label' not in annotation:
        raise KeyError(
            f'sample {sample_name(annotation)!r} (annotation {index}) of '
            f"{path} lacks the key 'label'"
        )
    label = annotation['label']
    if isinstance(label, bool) or not isinstance(label, (int, np.integer)):
        raise TypeError(
            f'sample {sample_name(annotation)!r} of {path} should have one '
            f'integer label, but has {label!r}'
        )
