"""Exchange transforms of a config's pipelines by name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mmaction.registry import TRANSFORMS
from mmengine.config import Config

__all__ = ['substitute_transforms']


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
