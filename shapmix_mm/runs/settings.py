"""The complete config of a run, and what the suite changes in it."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

from mmengine.config import Config

from shapmix_mm.engine import SteplessTrainLoop

from .suite_checks import guess
from .suite_failure import SuiteError

__all__ = [
    'differences',
    'effective_passes',
    'override',
    'plain',
    'stretch',
    'takes_steps',
]


def override(cfg: Config, options: Mapping[str, Any], where: str) -> None:
    """Merge options into a config, in place.

    Args:
        cfg (Config): The config.
        options (Mapping[str, Any]): Values by dotted key. A key must be in
            the config already, unless a ``+`` is written before it.
        where (str): Place in the suite, for the message.

    Raises:
        SuiteError: If the config has no such key.
    """
    for key in options:
        if not key.startswith('+'):
            _check_key(cfg, key, f'{where}: options')
    cfg.merge_from_dict(
        {key.lstrip('+'): value for key, value in options.items()}
    )


def _check_key(cfg: Config, key: str, where: str) -> None:
    node: Any = cfg._cfg_dict
    for part in key.split('.'):
        if isinstance(node, (list, tuple)):
            known = [str(index) for index in range(len(node))]
        else:
            known = list(node) if isinstance(node, dict) else []
        if part not in known:
            raise SuiteError(
                f'{where}: the config has no {key!r}: {part!r} is none of '
                f'{", ".join(known) or "nothing"}{guess(part, known)}; a '
                f'new setting is written +{key}'
            )
        node = node[part if isinstance(node, dict) else int(part)]


def effective_passes(cfg: Config) -> int:
    """Passes over the training data in an epoch (RepeatDataset)."""
    times, node = 1, cfg.train_dataloader.dataset
    while 'dataset' in node:
        times *= node.get('times', 1)
        node = node.dataset
    return times


def takes_steps(cfg: Config) -> bool:
    """Whether a run of the config trains at all."""
    return cfg.train_cfg.get('type') != SteplessTrainLoop.__name__


def stretch(cfg: Config, epochs: int, where: str) -> dict[str, Any]:
    """Options that train for another number of effective epochs.

    Milestones and ends of the schedule move in proportion.

    Args:
        cfg (Config): The config.
        epochs (int): Effective epochs.
        where (str): Place in the suite, for the message.

    Returns:
        dict[str, Any]: Options; none if the config has the number already.

    Raises:
        SuiteError: If it is no whole number of the config's epochs.
    """
    times, old = effective_passes(cfg), cfg.train_cfg.max_epochs
    if epochs % times:
        raise SuiteError(
            f'{where}: epochs {epochs} is no multiple of the {times} passes '
            'over the data in an epoch of the config (RepeatDataset)'
        )
    new = epochs // times
    if new == old:
        return {}
    options: dict[str, Any] = {'train_cfg.max_epochs': new}
    for index, scheduler in enumerate(cfg.get('param_scheduler') or []):
        for key in ('begin', 'end', 'milestones', 'T_max'):
            if key in scheduler:
                value = _scaled(scheduler[key], new / old)
                options[f'param_scheduler.{index}.{key}'] = value
    return options


def _scaled(value: Any, factor: float) -> Any:
    if isinstance(value, (list, tuple)):
        return [_scaled(item, factor) for item in value]
    # Downwards, so that no milestone comes to stand at the end.
    return max(1, math.floor(value * factor + 1e-9)) if value else value


def plain(cfg: Config) -> dict[str, Any]:
    """Return a config as plain data, as a JSON file would give it back."""
    return json.loads(json.dumps(cfg.to_dict(), sort_keys=True, default=str))


def differences(old: Any, new: Any, path: str = '') -> list[str]:
    """Dotted keys in which two plain configs differ.

    Args:
        old (Any): One of them.
        new (Any): The other.
        path (str): Where they stand. Defaults to '', the top.

    Returns:
        list[str]: Keys, in order.
    """
    if isinstance(old, dict) and isinstance(new, dict):
        keys = sorted({*old, *new})
        return [
            key
            for name in keys
            for key in differences(
                old.get(name), new.get(name), f'{path}.{name}'.strip('.')
            )
        ]
    return [] if old == new else [path]
