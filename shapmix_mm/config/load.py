"""Read a config, and exchange transforms that it names."""

from __future__ import annotations

import os.path as osp
from collections.abc import Mapping
from typing import Any

from mmaction.registry import TRANSFORMS
from mmengine.config import Config
from mmengine.hub import get_config

__all__ = ['read_config', 'substitute_transforms']


def read_config(path: str) -> Config:
    """Read a config, which is Python of anyone and may fail in any way.

    Args:
        path (str): Config file, or ``package::path`` for a config that an
            OpenMMLab package ships.

    Returns:
        Config: The config.

    Raises:
        FileNotFoundError: If the file, or one that it builds on, does not
            exist.
        ValueError: If one of them is no config; mmengine does not tell which.
    """
    if '::' not in path and not osp.isfile(path):
        raise FileNotFoundError(f'config file {path} does not exist')
    try:
        return get_config(path) if '::' in path else Config.fromfile(path)
    except OSError:
        raise
    except SyntaxError as error:
        line = f'line {error.lineno}, {(error.text or "").strip()!r}'
        raise ValueError(
            f'config {path}, or a file that it builds on, is no valid Python '
            f'in {line}: {error.msg}'
        ) from error
    except Exception as error:
        why = ' '.join(str(error).split())
        raise ValueError(
            f'config {path} cannot be read: {type(error).__name__}: {why}'
        ) from error


def substitute_transforms(cfg: Config) -> int:
    """Exchange the transforms that ``transform_substitutes`` names.

    The config's key ``transform_substitutes`` maps the type of a transform
    to the type that takes its place with the same arguments, in every list
    called ``pipeline`` or ``..._pipeline``, and in transforms that wrap
    others. A mixin, or a base of a leaf, can so change single steps of a
    pipeline, where mmengine can only replace the whole list. Applying it
    twice does no more than once.

    Args:
        cfg (Config): The config, changed in place.

    Returns:
        int: How many transforms were exchanged.

    Raises:
        TypeError: If ``transform_substitutes`` is no dict of names.
        ValueError: If a substitute is not registered.
    """
    names = cfg.get('transform_substitutes') or {}
    if not isinstance(names, Mapping) or not all(
        isinstance(name, str) for pair in names.items() for name in pair
    ):
        raise TypeError(
            'transform_substitutes must map names of transforms to names of '
            f'transforms, got {names!r}'
        )
    for old, new in names.items():
        if TRANSFORMS.get(new) is None:
            raise ValueError(
                f'transform_substitutes gives {new!r} for {old!r}, but no '
                'such transform is registered'
            )
    return _walk(cfg._cfg_dict, names, inside=False) if names else 0


def _walk(node: Any, names: Mapping[str, str], *, inside: bool) -> int:
    """Exchange below a node, which may lie inside a pipeline."""
    if isinstance(node, (list, tuple)):
        return sum(_walk(item, names, inside=inside) for item in node)
    if not isinstance(node, dict):
        return 0
    count = 0
    if inside and isinstance(node.get('type'), str):
        new = names.get(node['type'].removeprefix('mmaction.'))
        if new is not None:
            node['type'] = new
            count = 1
    for key, value in node.items():
        inner = inside or str(key).endswith('pipeline')
        count += _walk(value, names, inside=inner)
    return count
