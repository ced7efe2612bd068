"""Scores, labels and names of a dumped test."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from shapmix_mm.serialization.results import load_results

__all__ = ['DumpedResults', 'read_results']


@dataclass(frozen=True)
class DumpedResults:
    """What a test gave for N samples of K classes.

    Attributes:
        path (str): File that it was read from.
        scores (np.ndarray): Scores ``(N, K)``, float64.
        labels (np.ndarray): True classes ``(N,)``.
        names (tuple[str, ...] | None): Names of the samples, each once; None
            if the file has none, as of stock pipelines.
    """

    path: str
    scores: np.ndarray
    labels: np.ndarray
    names: tuple[str, ...] | None

    @property
    def probabilities(self) -> bool:
        """bool: Whether each sample's scores are none below 0, sum 1."""
        sums = self.scores.sum(axis=1)
        return bool((self.scores >= 0).all() and np.allclose(sums, 1, 0, 1e-3))


def read_results(path: str | os.PathLike[str]) -> DumpedResults:
    """Read what ``tools/test.py CONFIG CHECKPOINT --dump FILE`` wrote.

    Samples bear their names if ``PackActionInputs`` of the test's pipeline
    has ``meta_keys=('frame_dir',)``, as in the configs of this package.

    Args:
        path (str | os.PathLike): Pickle of a list with a dict for each
            sample: ``pred_score``, ``gt_label`` and perhaps ``frame_dir``.

    Returns:
        DumpedResults: Its content.

    Raises:
        FileNotFoundError: If there is no such file.
        KeyError: If a sample lacks scores or label, or some have a name and
            others none.
        TypeError: If the file or a sample is of another kind.
        ValueError: If the file cannot be read, holds no sample, scores that
            are not finite or of another number of classes, a label that is
            no class, or a name twice.
    """
    path = os.fspath(path)
    samples = load_results(path)
    if not isinstance(samples, list) or not all(
        isinstance(sample, Mapping) for sample in samples
    ):
        raise TypeError(
            f'{path} should hold a list of dicts, one for each sample, as '
            'tools/test.py --dump writes it'
        )
    if not samples:
        raise ValueError(f'{path} holds no sample')
    scores = [_score(s, i, path) for i, s in enumerate(samples)]
    labels = [_label(s, i, path) for i, s in enumerate(samples)]
    found = DumpedResults(
        path, _stack(scores, path), np.array(labels), _names(samples, path)
    )
    _check_values(found)
    return found


def _score(sample: Mapping, index: int, path: str) -> np.ndarray:
    if 'pred_score' not in sample:
        raise KeyError(f"sample {index} of {path} lacks 'pred_score'")
    score = sample['pred_score']
    if not isinstance(score, (torch.Tensor, np.ndarray)) or score.ndim != 1:
        raise TypeError(
            f'pred_score of sample {index} of {path} should be one row of '
            'scores'
        )
    return np.asarray(torch.as_tensor(score).double())


def _label(sample: Mapping, index: int, path: str) -> int:
    if 'gt_label' not in sample:
        raise KeyError(f"sample {index} of {path} lacks 'gt_label'")
    label = np.asarray(sample['gt_label'])
    if label.size != 1 or not np.issubdtype(label.dtype, np.integer):
        raise TypeError(
            f'gt_label of sample {index} of {path} should be one class, '
            f'got {label.tolist()}'
        )
    return int(label.reshape(()))


def _names(samples: Sequence[Mapping], path: str) -> tuple[str, ...] | None:
    names = [sample.get('frame_dir') for sample in samples]
    if all(name is None for name in names):
        return None
    if None in names:
        raise KeyError(
            f"sample {names.index(None)} of {path} lacks 'frame_dir', which "
            'others have'
        )
    seen: set[Any] = set()
    for name in names:
        if name in seen:
            raise ValueError(f'sample {name!r} comes twice in {path}')
        seen.add(name)
    return tuple(str(name) for name in names)


def _stack(scores: Sequence[np.ndarray], path: str) -> np.ndarray:
    sizes = [len(score) for score in scores]
    for index, size in enumerate(sizes):
        if size != sizes[0]:
            raise ValueError(
                f'sample {index} of {path} has {size} scores where the '
                f'first has {sizes[0]}'
            )
    return np.stack(scores)


def _check_values(found: DumpedResults) -> None:
    bad = np.flatnonzero(~np.isfinite(found.scores).all(axis=1))
    if bad.size:
        raise ValueError(
            f'scores of sample {bad[0]} of {found.path} are not finite '
            f'({bad.size} of {len(found.labels)} samples are affected)'
        )
    classes = found.scores.shape[1]
    bad = np.flatnonzero((found.labels < 0) | (found.labels >= classes))
    if bad.size:
        raise ValueError(
            f'sample {bad[0]} of {found.path} has label '
            f'{found.labels[bad[0]]} where the scores have {classes} classes'
        )
