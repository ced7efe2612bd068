"""Annotation files of every kind, read and checked."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple, Union

import numpy as np

from ..serialization import load_annotations
from .cache import CachedSamples, CacheFile, is_cache
from .cache.samples import heads, join_folder, sample_name
from .ctrgcn_npz import load_ctrgcn_npz
from .pose_checks import check_head, shown, with_fractions
from .stgcn_npy import load_stgcn_npy

__all__ = [
    'PoseFile',
    'Samples',
    'heads',
    'join_folder',
    'read_pose_file',
    'sample_name',
    'take',
]

Samples = Union[list[dict], CachedSamples]
_KINDS = dict(
    annotations='a list of dicts, one for each sample',
    split='a dict with the names of the samples of each split',
    classes='a list of the names of the classes',
    salient_parts='a dict with a list of parts for each class',
)


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

    def name_lists(
        self,
    ) -> tuple[list[str], dict[str, list[str]], dict[str, str]]:
        """Names as :func:`odd_names` takes them.

        Returns:
            tuple: Names of all samples, those that each split lists, and the
            training split of each split for validation or test.
        """
        names = [sample_name(a) for a in heads(self.annotations)]
        cached = isinstance(self.annotations, CachedSamples)
        splits = {
            # A cache lists rows.
            split: [names[i] for i in listed] if cached else list(listed)
            for split, listed in self.splits.items()
        }
        twins = {split: self.training_twin(split) for split in splits}
        return names, splits, {k: v for k, v in twins.items() if v}

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
            Or an ``.npz`` of CTR-GCN, an ``.npy`` of ST-GCN, or a cache.

    Returns:
        PoseFile: Its content, each annotation with a name and a label.

    Raises:
        FileNotFoundError: If there is no such file.
        TypeError: If the file, one of its keys, a sample, its name or its
            label is of another kind.
        KeyError: If a key is missing, with the sample that lacks it.
        ValueError: If there is no annotation, a label is far beyond any
            number of classes, or ``salient_parts`` has a class of its own.
    """
    if is_cache(path):
        return _read_cache(str(path))
    content = _load(str(path))
    if isinstance(content, list):
        content = dict(annotations=content)
    _check_content(content, str(path))
    for annotation in content['annotations']:
        # MMAction2 packs no label of numpy's types.
        annotation['label'] = int(annotation['label'])
        if 'keypoint' in annotation:
            annotation['keypoint'] = with_fractions(annotation['keypoint'])
    splits = content.get('split') or {}
    classes, parts = (content.get(key) for key in ('classes', 'salient_parts'))
    return PoseFile(
        str(path),
        list(content['annotations']),
        dict(splits),
        None if classes is None else [str(name) for name in classes],
        None
        if parts is None
        else {str(k): list(map(str, v)) for k, v in parts.items()},
    )


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


def _load(path: str) -> Any:
    """Read the content of a file by its ending."""
    if path.endswith('.npz'):
        return load_ctrgcn_npz(path)
    if path.endswith('.npy'):
        return load_stgcn_npy(path)
    return load_annotations(path)


def _read_cache(path: str) -> PoseFile:
    """Open a cache."""
    file = CacheFile(path)
    return PoseFile(
        path,
        CachedSamples(file),
        dict(file.splits),
        file.classes,
        file.salient_parts,
    )


def _check_content(content: Any, path: str) -> None:
    """Check that the file holds samples, and splits and names where it may."""
    if not isinstance(content, Mapping):
        raise TypeError(
            f'{path} should hold a dict of split and annotations, but holds '
            f'a {type(content).__name__}'
        )
    if 'annotations' not in content:
        raise KeyError(
            f"{path} lacks the key 'annotations'; it has "
            f'{sorted(content, key=str)}'
        )
    _check_kinds(content, path)
    if len(content['annotations']) == 0:
        raise ValueError(f'{path} has no annotation')
    for index, annotation in enumerate(content['annotations']):
        check_head(annotation, index, path)
    _check_salient(content.get('salient_parts'), content.get('classes'), path)
    for name, members in (content.get('split') or {}).items():
        _check_split(name, members, f'split {name!r} of {path}')


def _check_kinds(content: Mapping[str, Any], path: str) -> None:
    """Check the kind of each key; all but the annotations may be None."""
    splits, classes, parts = map(content.get, list(_KINDS)[1:])
    fits = (
        _is_list(content['annotations']),
        splits is None or isinstance(splits, Mapping),
        classes is None or _is_list(classes),
        parts is None
        or (isinstance(parts, Mapping) and all(map(_is_list, parts.values()))),
    )
    for (key, wanted), right in zip(_KINDS.items(), fits):
        if not right:
            raise TypeError(
                f'{key} of {path} should be {wanted}, but is '
                f'{shown(content[key])}'
            )


def _check_salient(parts: Any, classes: Any, path: str) -> None:
    """Check that parts are given for classes that there are."""
    if parts is None or classes is None:
        return
    known = [str(name) for name in classes]
    for name in map(str, parts):
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f', did you mean {near[0]!r}?' if near else ''
            raise ValueError(
                f'salient_parts of {path} names {name!r}, which is none of '
                f'its classes{hint}'
            )


def _check_split(name: Any, members: Any, where: str) -> None:
    """Check that a split bears a name and lists names of samples."""
    if not isinstance(name, str):
        raise TypeError(f'{where} should have text for its name')
    if not (_is_list(members) or isinstance(members, (dict, set, frozenset))):
        raise TypeError(
            f'{where} should be a list of names of samples, but is '
            f'{shown(members)}'
        )
    for member in members:
        if not isinstance(member, str):
            raise TypeError(
                f'{where} should be a list of names of samples, but holds '
                f'{shown(member)}'
            )


def _is_list(value: Any) -> bool:
    """Whether a value is an ordered collection of things."""
    flat = getattr(value, 'ndim', 1) == 1
    return flat and isinstance(value, (list, tuple, np.ndarray))
