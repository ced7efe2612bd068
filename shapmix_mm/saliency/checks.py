"""What SaliencyHook asks of its arguments and of the model."""

from __future__ import annotations

from typing import Any

from shapmix_mm.models import ShapMixBlending
from shapmix_mm.shapley import AVERAGES

from .guidance import GUIDANCE

#: What a table does until the warm-up is over.
WARMUP_RULES = ('average', 'overwrite')

__all__ = ['check_names', 'check_numbers', 'find_blend']


def check_names(estimator: str, average: str, warmup_rule: str) -> None:
    """Refuse names that nothing is known by.

    Args:
        estimator (str): One of ``GUIDANCE``.
        average (str): One of ``AVERAGES``.
        warmup_rule (str): One of ``WARMUP_RULES``.

    Raises:
        ValueError: If it is not; lists the known ones.
    """
    for name, value, known in (
        ('estimator', estimator, GUIDANCE),
        ('average', average, AVERAGES),
        ('warmup_rule', warmup_rule, WARMUP_RULES),
    ):
        if value not in known:
            raise ValueError(
                f'unknown {name} {value!r} of SaliencyHook, known are '
                f'{", ".join(known)}'
            )


def check_numbers(
    interval: int, share: float, momentum: float, warmup_epochs: float
) -> None:
    """Refuse numbers out of range.

    Args:
        interval (int): Steps between estimates, at least 1.
        share (float): In (0, 1].
        momentum (float): In [0, 1).
        warmup_epochs (float): Not negative.

    Raises:
        ValueError: Names the argument and its range.
    """
    if not isinstance(interval, int) or interval < 1:
        raise ValueError(
            f'interval must be a positive integer, got {interval!r}'
        )
    if not 0 < share <= 1:
        raise ValueError(f'share must lie in (0, 1], got {share}')
    if not 0 <= momentum < 1:
        raise ValueError(f'momentum must lie in [0, 1), got {momentum}')
    if warmup_epochs < 0:
        raise ValueError(
            f'warmup_epochs must not be negative, got {warmup_epochs}'
        )


def find_blend(model: Any) -> ShapMixBlending:
    """Blend of a model that ``SaliencyHook`` can serve.

    Args:
        model (nn.Module): A recognizer.

    Returns:
        ShapMixBlending: Its blend.

    Raises:
        ValueError: If it has none whose state would be saved, or one without
            class counts.
    """
    blend = getattr(model.data_preprocessor, 'blending', None)
    if not isinstance(blend, ShapMixBlending):
        raise ValueError(
            'SaliencyHook needs a ShapMixBlending as '
            'model.data_preprocessor.blending itself (nested in another '
            'blend, its table would be missing from checkpoints); found '
            f'{type(blend).__name__}'
        )
    if blend.class_counts.numel() == 0:
        raise ValueError(
            'ShapMixBlending has no class counts; add '
            "dict(type='ClassCountsHook') to custom_hooks"
        )
    return blend
