"""Fusion of streams: dumped scores, matched by sample, weighed and summed."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import comb
from pathlib import Path
from typing import Any

import numpy as np
import torch
from rich.progress import track

from shapmix_mm.datasets.name_list import match_names, read_name_list
from shapmix_mm.evaluation import GROUPS, grouped_accuracy
from shapmix_mm.evaluation.functional import are_probabilities, probabilities
from shapmix_mm.serialization import load_results, whole_file

from .classes import TrainingCounts
from .pages import markdown, needed

__all__ = [
    'PRESETS',
    'DumpedResults',
    'Streams',
    'align',
    'check_disjoint',
    'check_weights',
    'fuse',
    'fusion_rows',
    'fusion_table',
    'named_part',
    'read_results',
    'search_weights',
    'weight_grid',
    'write_fusion',
]

_COLUMNS = ('stream', 'weight', 'overall', 'mean_class', *GROUPS)
# Weights that a search tries at most.
_MOST = 5000
# Joint, bone, joint motion, bone motion, in this order; and what the authors
# of a recognizer sum: InfoGCN k = 8, 1, 2 and their motions, Stream-GCN the
# four and accelerations of joints and bones, HD-GCN joint and bone of its
# three centres, each divided by its length (scores 'l2').
PRESETS = {
    '2s': (1.0, 1.0),
    '4s': (2.0, 2.0, 1.0, 1.0),
    '6s': (2.0, 2.0, 2.0, 1.0, 1.0, 1.0),
    'hdgcn': (1.0,) * 6,
    'infogcn': (1.5, 1.5, 1.5, 1.0, 1.0, 1.0),
    'shiftgcn': (0.6, 0.6, 0.4, 0.4),
    'streamgcn': (4.5, 4.3, 1.94, 0.53, 3.28, 1.66),
}


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
        return are_probabilities(self.scores)


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


@dataclass(frozen=True)
class Streams:
    """Scores of S streams for the same N samples, in the same order.

    Attributes:
        names (tuple[str, ...] | None): Names of the samples; None where they
            were matched by position.
        labels (np.ndarray): True classes ``(N,)``.
        scores (np.ndarray): Scores ``(S, N, K)``.
    """

    names: tuple[str, ...] | None
    labels: np.ndarray
    scores: np.ndarray


def align(
    results: Sequence[DumpedResults],
    *,
    scores: str = 'dumped',
    by_order: bool = False,
) -> Streams:
    """Bring the streams into the order of the first, or refuse them.

    Args:
        results (Sequence[DumpedResults]): Streams.
        scores (str): ``'dumped'`` takes the scores as they are, MMAction2's
            way, whose dumps hold probabilities. ``'softmax'`` makes raw
            scores probabilities. ``'log'`` takes logarithms of probabilities:
            raw scores up to a number for each sample, which no ranking
            depends on, and so what CTR-GCN sums. ``'l2'`` divides the raw
            scores of each sample by their length, as HD-GCN does.
            Defaults to 'dumped'.
        by_order (bool): Whether samples are matched by position instead of
            by name. Defaults to False.

    Returns:
        Streams: Scores ``(S, N, K)``.

    Raises:
        ValueError: If names, labels or classes differ, naming the first that
            does; if a file has no names; or if the scores are not of the
            kind that is asked for.
    """
    first, *others = results
    orders = [np.arange(len(first.labels))]
    if not by_order:
        for result in results:
            _check_named(result)
    for other in others:
        _check_classes(first, other)
        order = _by_position if by_order else _by_name
        orders.append(order(first, other))
        _check_labels(first, other, orders[-1])
    _check_kinds(results, scores)
    stacked = np.stack([r.scores[order] for r, order in zip(results, orders)])
    names = None if by_order else first.names
    return Streams(names, first.labels, _converted(stacked, scores))


def named_part(
    streams: Streams, lists: Sequence[str | os.PathLike[str]]
) -> tuple[Streams, Streams]:
    """Cut the samples in two.

    Args:
        streams (Streams): All samples, with names.
        lists (Sequence[str | os.PathLike]): Files that list the samples of
            the first part, one per line.

    Returns:
        tuple[Streams, Streams]: The listed samples, and the others.

    Raises:
        FileNotFoundError: If a list does not exist.
        ValueError: If a name is no sample, or a part is empty.
    """
    own = streams.names or ()
    lines = [line for path in lists for line in read_name_list(str(path))]
    kept, unknown = match_names(lines, set(own))
    if unknown:
        raise ValueError(
            f'{len(unknown)} held-out names are no samples of the results, '
            f'{unknown[0]!r} the first'
        )
    inside = np.isin(np.array(own), list(kept))
    if inside.all():
        raise ValueError(
            f'all {len(own)} samples are held out, none is left to report'
        )
    listed, others = (
        Streams(
            tuple(name for name, within in zip(own, mask) if within),
            streams.labels[mask],
            streams.scores[:, mask],
        )
        for mask in (inside, ~inside)
    )
    return listed, others


def _check_named(result: DumpedResults) -> None:
    if result.names is None:
        raise ValueError(
            f'{result.path} holds no names of samples. Give PackActionInputs '
            "of the test pipeline meta_keys=('frame_dir',) and test again, "
            'or match by position with --by-order'
        )


def _check_classes(first: DumpedResults, other: DumpedResults) -> None:
    if first.scores.shape[1] != other.scores.shape[1]:
        raise ValueError(
            f'{other.path} has scores of {other.scores.shape[1]} classes '
            f'where {first.path} has {first.scores.shape[1]}'
        )


def _by_position(first: DumpedResults, other: DumpedResults) -> np.ndarray:
    if len(first.labels) != len(other.labels):
        raise ValueError(
            f'{other.path} has {len(other.labels)} samples where '
            f'{first.path} has {len(first.labels)}'
        )
    return np.arange(len(first.labels))


def _by_name(first: DumpedResults, other: DumpedResults) -> np.ndarray:
    places = {name: place for place, name in enumerate(other.names or ())}
    known = set(first.names or ())
    pairs = [(first, n, other) for n in first.names or () if n not in places]
    pairs += [(other, n, first) for n in other.names or () if n not in known]
    if pairs:
        owner, name, lacking = pairs[0]
        raise ValueError(
            f'{lacking.path} lacks sample {name!r} of {owner.path} '
            f'({len(pairs)} names differ)'
        )
    return np.array([places[name] for name in first.names or ()])


def _check_labels(
    first: DumpedResults, other: DumpedResults, order: np.ndarray
) -> None:
    differ = np.flatnonzero(first.labels != other.labels[order])
    if differ.size:
        place = differ[0]
        name = repr(first.names[place]) if first.names else f'number {place}'
        raise ValueError(
            f'sample {name} has label {first.labels[place]} in {first.path}, '
            f'but {other.labels[order[place]]} in {other.path} '
            f'({differ.size} labels differ)'
        )


def _check_kinds(results: Sequence[DumpedResults], scores: str) -> None:
    sure = [result.probabilities for result in results]
    if scores == 'dumped' and len(set(sure)) > 1:
        raise ValueError(
            f'{results[sure.index(True)].path} holds probabilities, '
            f'{results[sure.index(False)].path} raw scores; test both alike'
        )
    if scores in ('softmax', 'l2') and True in sure:
        raise ValueError(
            f'{results[sure.index(True)].path} holds probabilities already; '
            f'{scores} is for raw scores'
        )
    if scores == 'log' and False in sure:
        raise ValueError(
            f'{results[sure.index(False)].path} holds no probabilities, of '
            'which log takes the logarithm; raw scores go as they are dumped'
        )


def _converted(values: np.ndarray, scores: str) -> np.ndarray:
    if scores == 'log':
        # float32 rounds the least probabilities to zero.
        return np.log(values.clip(np.finfo(np.float32).tiny))
    if scores == 'softmax':
        return probabilities(values)
    if scores == 'l2':
        length = np.linalg.norm(values, axis=-1, keepdims=True)
        return values / length.clip(np.finfo(np.float32).tiny)
    if scores != 'dumped':
        raise ValueError(
            "scores should be 'dumped', 'softmax', 'log' or 'l2', got "
            f'{scores!r}'
        )
    return values


def fuse(scores: np.ndarray, weights: Sequence[float]) -> np.ndarray:
    """Weighted sum of the streams.

    Args:
        scores (np.ndarray): Scores ``(S, N, K)``.
        weights (Sequence[float]): A weight for each stream.

    Returns:
        np.ndarray: Scores ``(N, K)``.
    """
    return np.tensordot(check_weights(weights, len(scores)), scores, 1)


def check_weights(weights: Sequence[float], num_streams: int) -> np.ndarray:
    """Read weights, or say what is wrong with them.

    Args:
        weights (Sequence[float]): One for each stream.
        num_streams (int): How many they must be.

    Returns:
        np.ndarray: The weights ``(S,)``.

    Raises:
        ValueError: If they are too few or many, negative, not finite or all
            zero.
    """
    values = np.asarray(weights, dtype=np.float64)
    if values.shape != (num_streams,):
        raise ValueError(
            f'{values.size} weights for {num_streams} results, expected one '
            'for each'
        )
    if not (np.isfinite(values).all() and (values >= 0).all()):
        raise ValueError(f'weights must be >= 0, got {values.tolist()}')
    if not values.any():
        raise ValueError('weights are all zero')
    return values


def search_weights(
    held_out: Streams, *, by: str = 'mean_class', steps: int = 10
) -> tuple[tuple[float, ...], float]:
    """Try all weights on a grid.

    Args:
        held_out (Streams): Samples that no reported figure rests on.
        by (str): ``'mean_class'`` or ``'overall'`` accuracy. Defaults to
            'mean_class', since a part of a training set is as long-tailed.
        steps (int): Weights are multiples of 1 / steps that sum to 1.
            Defaults to 10.

    Returns:
        tuple[tuple[float, ...], float]: Weights, and the accuracy that they
        have on these samples. Of equal ones the most even are taken.

    Raises:
        ValueError: If ``by`` is neither, or the grid is empty or too large.
    """
    if by not in ('mean_class', 'overall'):
        raise ValueError(f"by should be 'mean_class' or 'overall', got {by!r}")
    grid = list(weight_grid(len(held_out.scores), steps))
    # The earliest of the best stays.
    grid.sort(key=lambda weights: sum(w * w for w in weights))
    found, best = grid[0], -1.0
    for weights in track(grid, 'weights', transient=True):
        fused = fuse(held_out.scores, weights)
        found_here = grouped_accuracy(fused, held_out.labels, topk=(1,))
        value = getattr(found_here, by)
        if value > best:
            found, best = weights, value
    return tuple(w / steps for w in found), best


def weight_grid(streams: int, steps: int) -> Iterator[tuple[int, ...]]:
    """All ways to share a number of steps among streams.

    Args:
        streams (int): Number of streams.
        steps (int): Sum of each tuple.

    Yields:
        tuple[int, ...]: Steps of each stream, 0 included.

    Raises:
        ValueError: If there are too many to try, or no step.
    """
    if steps < 1:
        raise ValueError(f'steps should be a positive integer, got {steps}')
    number = comb(steps + streams - 1, streams - 1)
    if number > _MOST:
        raise ValueError(
            f'{streams} streams in steps of 1/{steps} make {number} weights '
            f'to try, more than {_MOST}; take fewer steps or streams'
        )
    for bars in combinations(range(steps + streams - 1), streams - 1):
        ends = (-1, *bars, steps + streams - 1)
        yield tuple(b - a - 1 for a, b in zip(ends, ends[1:]))


def check_disjoint(held_out: Streams, reported: Streams) -> None:
    """Refuse to search weights on reported samples, or on other streams.

    Args:
        held_out (Streams): Samples of the search.
        reported (Streams): Samples of the figures.

    Raises:
        ValueError: If a sample is in both, or number of streams, classes or
            kind of scores differ.
    """
    shared = sorted(set(held_out.names or ()) & set(reported.names or ()))
    if shared:
        raise ValueError(
            f'{len(shared)} held-out samples are among the results, '
            f'{shared[0]!r} the first; weights are never searched on what is '
            'reported'
        )
    facts = [
        (
            f'{len(s.scores)} streams',
            f'{s.scores.shape[2]} classes',
            'probabilities' if are_probabilities(s.scores) else 'raw scores',
        )
        for s in (held_out, reported)
    ]
    for own, other in zip(*facts):
        if own != other:
            raise ValueError(
                f'held-out results have {own}, the others {other}'
            )


def fusion_rows(
    streams: Streams,
    names: Sequence[str],
    weights: Sequence[float],
    counts: TrainingCounts | None = None,
) -> Any:
    """Figures of each stream alone, and of all together.

    Args:
        streams (Streams): Scores of the reported samples.
        names (Sequence[str]): What to call each stream.
        weights (Sequence[float]): Weight of each stream.
        counts (TrainingCounts, optional): What the groups rest on. Defaults
            to None: no groups.

    Returns:
        DataFrame: Rows with ``stream``, ``weight`` and accuracies in [0, 1];
        a group without a tested class is absent.
    """
    scores = [*streams.scores, fuse(streams.scores, weights)]
    rows = [
        (name, weight, *_figures(own, streams, counts))
        for name, weight, own in zip(
            [*names, 'fused'], [*map(float, weights), None], scores
        )
    ]
    return needed('pandas').DataFrame(rows, columns=_COLUMNS)


def _figures(
    scores: np.ndarray, streams: Streams, counts: TrainingCounts | None
) -> list[float | None]:
    known: dict[str, Any] = {}
    if counts is not None:
        known = dict(
            class_counts=counts.counts, many=counts.many, few=counts.few
        )
    found = grouped_accuracy(scores, streams.labels, **known)
    groups = [found.groups[n].accuracy if known else None for n in GROUPS]
    return [found.overall, found.mean_class, *groups]


def fusion_table(rows: Any) -> str:
    """Lay rows out as Markdown, accuracies in percent.

    Args:
        rows (DataFrame): What :func:`fusion_rows` gave.

    Returns:
        str: The table; a group that is not known has a dash.
    """
    texts = rows.astype(object).where(rows.notna(), None)
    for column in _COLUMNS[2:]:
        texts[column] = texts[column].map(
            lambda value: '-' if value is None else f'{100 * value:.2f}'
        )
    texts['weight'] = texts['weight'].map(
        lambda value: '' if value is None else f'{value:g}'
    )
    texts.columns = [name.replace('_', ' ') for name in _COLUMNS]
    return markdown(texts, 'tnnnnnn')


def write_fusion(path: str | Path, rows: Any, **about: Any) -> None:
    """Write rows to a file, in whole or not at all.

    Args:
        path (str | Path): A .csv or .json file; missing folders are made.
        rows (DataFrame): What :func:`fusion_rows` gave.
        **about: Further entries of a JSON file.

    Raises:
        ValueError: If the name ends in neither.
    """
    path = Path(path)
    if path.suffix not in ('.csv', '.json'):
        raise ValueError(f'{path} should end in .csv or .json')
    with whole_file(path) as scratch:
        if path.suffix == '.csv':
            rows.to_csv(scratch, index=False)
        else:
            plain = json.loads(
                rows.to_json(orient='records', double_precision=15)
            )
            text = json.dumps(dict(about, rows=plain), indent=2)
            scratch.write_text(text + '\n', encoding='utf-8')
