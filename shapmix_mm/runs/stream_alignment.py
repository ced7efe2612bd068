"""Streams of scores brought into one order, or refused."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from shapmix_mm.datasets.name_list import match_names, read_name_list

from .dumped_results import DumpedResults

__all__ = ['Streams', 'align', 'named_part']


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
            depends on, and so what CTR-GCN sums. Defaults to 'dumped'.
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
    if scores == 'softmax' and True in sure:
        raise ValueError(
            f'{results[sure.index(True)].path} holds probabilities already; '
            'softmax is for raw scores'
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
        powers = np.exp(values - values.max(axis=-1, keepdims=True))
        return powers / powers.sum(axis=-1, keepdims=True)
    if scores != 'dumped':
        raise ValueError(
            f"scores should be 'dumped', 'softmax' or 'log', got {scores!r}"
        )
    return values
