"""Expected calibration error of top-1 confidence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .grouped_accuracy import check_classes

# float16 scores may sum to a little more than one.
_SLACK = 1e-3
_SLACK_OF_SUM = 1e-2


@dataclass(frozen=True)
class Calibration:
    """Result of :func:`expected_calibration_error`; B bins.

    Attributes:
        ece (float): Expected calibration error, in [0, 1].
        edges (np.ndarray): Bounds of the bins, ``(B + 1,)``.
        samples (np.ndarray): Samples of each bin, ``(B,)``.
        accuracy (np.ndarray): Top-1 accuracy of each bin, ``(B,)``, NaN for
            an empty bin.
        confidence (np.ndarray): Mean confidence of each bin, ``(B,)``, NaN
            for an empty bin.
    """

    ece: float
    edges: np.ndarray
    samples: np.ndarray
    accuracy: np.ndarray
    confidence: np.ndarray

    @property
    def mean_confidence(self) -> float:
        """Mean confidence over all samples."""
        known = self.samples > 0
        weights = self.samples[known] / self.samples.sum()
        return float((self.confidence[known] * weights).sum())


def are_probabilities(scores: np.ndarray) -> bool:
    """Whether no score is below 0 and those of each sample sum to 1.

    Args:
        scores (np.ndarray): Scores ``(..., K)``.

    Returns:
        bool: The verdict, with some slack for half precision.
    """
    sums = np.asarray(scores, dtype=np.float64).sum(axis=-1)
    near = np.abs(sums - 1) <= _SLACK_OF_SUM
    return bool((np.asarray(scores) >= 0).all() and near.all())


def probabilities(scores: np.ndarray) -> np.ndarray:
    """Scores as they are where they are probabilities, else their softmax.

    Args:
        scores (np.ndarray): Scores ``(..., K)``.

    Returns:
        np.ndarray: Probabilities ``(..., K)``, float64.

    Example:
        >>> probabilities(np.log([[1.0, 3.0]])).round(2).tolist()
        [[0.25, 0.75]]
    """
    values = np.asarray(scores, dtype=np.float64)
    if are_probabilities(values):
        return values
    powers = np.exp(values - values.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


def expected_calibration_error(
    scores: np.ndarray, labels: Sequence[int] | np.ndarray, bins: int = 15
) -> Calibration:
    r"""Compare how sure a recognizer is with how often it is right.

    Samples are sorted into bins of equal width by their largest probability;
    a bin holds its upper bound. The error is
    :math:`\sum_b n_b / N\, |acc_b - conf_b|` (Guo et al., ICML 2017, Eq. 3),
    to which an empty bin adds nothing.

    Args:
        scores (np.ndarray): Probabilities ``(N, K)``.
        labels (Sequence[int] | np.ndarray): True classes, ``(N,)``.
        bins (int): B, the number of bins. Defaults to 15.

    Returns:
        Calibration: The error, and what each bin contributes.

    Raises:
        TypeError: If labels are no integers.
        ValueError: If there is no sample, a shape disagrees, a score is no
            probability, a label is no class or ``bins`` is not positive.

    Example:
        >>> scores = [[.9, .1], [.9, .1], [.2, .8], [.3, .7]]
        >>> round(expected_calibration_error(scores, [0, 1, 1, 1]).ece, 3)
        0.325
    """
    scores = _check_probabilities(scores)
    num, classes = scores.shape
    labels = check_classes(np.asarray(labels), classes, 'labels', num)
    if bins < 1:
        raise ValueError(f'bins must be a positive integer, got {bins}')
    confidence = scores.max(axis=1).clip(0, 1)
    edges = np.linspace(0, 1, bins + 1)
    place = np.searchsorted(edges[1:-1], confidence, side='left')
    number = np.bincount(place, minlength=bins)
    right = scores.argmax(axis=1) == labels

    def mean(values: np.ndarray) -> np.ndarray:
        total = np.bincount(place, weights=values, minlength=bins)
        means = np.full(bins, np.nan)
        np.divide(total, number, out=means, where=number > 0)
        return means

    accuracy, sureness = mean(right), mean(confidence)
    gaps = np.abs(accuracy - sureness)[number > 0]
    ece = float((gaps * number[number > 0]).sum() / len(labels))
    return Calibration(ece, edges, number, accuracy, sureness)


def _check_probabilities(scores: np.ndarray) -> np.ndarray:
    values = np.asarray(scores, dtype=np.float64)
    if values.ndim != 2 or 0 in values.shape:
        raise ValueError(
            'scores must be (samples, classes) of >= 1 sample, got shape '
            f'{values.shape}'
        )
    inside = (values >= -_SLACK) & (values <= 1 + _SLACK)
    bad = np.flatnonzero(~inside.all(axis=1))
    if bad.size:
        raise ValueError(
            f'scores of sample {bad[0]} are no probabilities '
            f'({bad.size} of {len(values)} samples are affected); '
            'apply a softmax first'
        )
    return values
