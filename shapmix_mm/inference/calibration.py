"""Calibrated probabilities: a temperature, kept beside the checkpoint.

Source: temperature scaling (Guo et al., ICML 2017, Sec. 4.2).
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from shapmix_mm.evaluation.functional import expected_calibration_error
from shapmix_mm.serialization import write_whole

__all__ = [
    'Calibrated',
    'fit_temperature',
    'read_temperature',
    'temperature_file',
    'tempered',
    'write_temperature',
]

_SMALLEST = 1e-30
# Beyond them a model is not overconfident, but broken.
_RANGE = (0.05, 20.0)


@dataclass(frozen=True)
class Calibrated:
    """A temperature, and what it does to the samples it was fitted on.

    Args:
        temperature (float): Logits are divided by it.
        samples (int): Samples of the validation split.
        nll_before (float): Mean negative log likelihood without it.
        nll_after (float): The same with it.
        ece_before (float): Expected calibration error without it.
        ece_after (float): The same with it.
    """

    temperature: float
    samples: int
    nll_before: float
    nll_after: float
    ece_before: float
    ece_after: float


def tempered(chances: np.ndarray, temperature: float) -> np.ndarray:
    """Probabilities whose logits are divided by a temperature.

    Args:
        chances (np.ndarray): Probabilities ``(..., K)``.
        temperature (float): Above 1 makes them less sure.

    Returns:
        np.ndarray: Probabilities ``(..., K)``, the very array at 1.

    Example:
        >>> tempered(np.array([0.8, 0.2]), 2.0).round(3).tolist()
        [0.667, 0.333]
    """
    if temperature == 1:
        return chances
    powers = np.maximum(chances, _SMALLEST) ** (1 / temperature)
    return powers / powers.sum(-1, keepdims=True)


def fit_temperature(
    chances: np.ndarray, labels: Sequence[int] | np.ndarray
) -> Calibrated:
    """Fit the temperature of the least negative log likelihood.

    Args:
        chances (np.ndarray): Probabilities ``(N, K)``.
        labels (Sequence[int]): True classes, ``(N,)``.

    Returns:
        Calibrated: Temperature between 0.05 and 20, and its effect.
    """
    from scipy.optimize import minimize_scalar

    labels = np.asarray(labels)

    def nll(temperature: float) -> float:
        own = tempered(chances, temperature)[np.arange(len(labels)), labels]
        return float(-np.log(np.maximum(own, _SMALLEST)).mean())

    best = minimize_scalar(
        lambda power: nll(float(np.exp(power))),
        bounds=tuple(np.log(_RANGE)),
        method='bounded',
        options=dict(xatol=1e-6),
    )
    temperature = float(np.exp(best.x))
    after = tempered(chances, temperature)
    return Calibrated(
        temperature,
        len(labels),
        nll(1.0),
        nll(temperature),
        expected_calibration_error(chances, labels).ece,
        expected_calibration_error(after, labels).ece,
    )


def temperature_file(checkpoint: str | Path) -> Path:
    """Where the temperature of a checkpoint is kept.

    Args:
        checkpoint (str or Path): The checkpoint.

    Returns:
        Path: A JSON beside it.
    """
    return Path(f'{checkpoint}.temperature.json')


def write_temperature(checkpoint: str | Path, found: Calibrated) -> None:
    """Keep a temperature beside its checkpoint.

    Args:
        checkpoint (str or Path): The checkpoint.
        found (Calibrated): The temperature.

    Raises:
        OSError: If the folder takes no file.
    """
    content = dict(asdict(found), checkpoint_crc32=_crc32(checkpoint))
    text = json.dumps(content, indent=2) + '\n'
    write_whole(temperature_file(checkpoint), text)


def read_temperature(checkpoint: str | Path) -> Calibrated | None:
    """Read the temperature that is kept beside a checkpoint.

    Args:
        checkpoint (str or Path): The checkpoint.

    Returns:
        Calibrated or None: None if there is none, or it was fitted for
        another checkpoint of that name.

    Raises:
        ValueError: If the file is damaged.
    """
    path = temperature_file(checkpoint)
    if not path.is_file():
        return None
    try:
        content = json.loads(path.read_text(encoding='utf-8'))
        if content.pop('checkpoint_crc32') != _crc32(checkpoint):
            return None
        found = Calibrated(**content)
        if not _RANGE[0] / 2 < found.temperature < _RANGE[1] * 2:
            raise ValueError(f'temperature {found.temperature}')
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise ValueError(
            f'{path} holds no temperature as --calibrate writes it ({error}); '
            'delete it to fit a new one'
        ) from error
    return found


def _crc32(path: str | Path) -> int:
    value = 0
    with open(path, 'rb') as file:
        while block := file.read(1 << 20):
            value = zlib.crc32(block, value)
    return value
