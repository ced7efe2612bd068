"""Read a config, and exchange transforms that it names."""

from __future__ import annotations

import os.path as osp
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import mmaction.registry
from mmaction.registry import TRANSFORMS
from mmengine.config import Config, ConfigDict
from mmengine.config.lazy import LazyAttr, LazyObject
from mmengine.hub import get_config
from mmengine.registry import Registry

from ..arguments import type_name
from ..compat.configs import leaf_file

__all__ = [
    'pipeline_steps',
    'read_config',
    'read_layout',
    'strip_delete_keys',
    'substitute_transforms',
    'type_name',
]


def read_config(path: str) -> Config:
    """Read a config, which is Python of anyone and may fail in any way.

    Args:
        path (str): Config file, or ``package::path`` for a config that an
            OpenMMLab package ships. A file that does not exist is looked
            for in the folders beside it.

    Returns:
        Config: The config. One in MMEngine's newer style, which imports
        classes, names them instead, as those of the older style do.

    Raises:
        FileNotFoundError: If the file, or one that it builds on, does not
            exist.
        ValueError: If one of them is no config; mmengine does not tell which.
    """
    if '::' not in path and not osp.isfile(path):
        # The leaves of a dataset lie in its folder; their names are unique.
        found = leaf_file(Path(osp.dirname(path)), osp.basename(path))
        if not found.is_file():
            raise FileNotFoundError(f'config file {path} does not exist')
        path = str(found)
    try:
        cfg = get_config(path) if '::' in path else Config.fromfile(path)
        return _plain(cfg) if Config._is_lazy_import(cfg.filename) else cfg
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


def read_layout(name: str) -> str | dict[str, Any]:
    """Find the layout that a command line names.

    Args:
        name (str): A layout that is built in, or a config file that has one
            as ``layout``.

    Returns:
        str | dict: What :func:`shapmix_mm.skeletons.get_layout` takes.

    Raises:
        FileNotFoundError: If the file does not exist.
        ValueError: If it is no config, or has no layout.
    """
    if not name.endswith('.py'):
        return name
    layout = read_config(name).get('layout')
    if layout is None:
        raise ValueError(f'{name} has no layout = dict(...)')
    return layout.to_dict() if isinstance(layout, ConfigDict) else layout


def _plain(cfg: Config) -> Config:
    """A config of imported classes as one of their names.

    Every place that looks at a type, and each dump, then sees one style.
    """
    settings = {
        key: _named(value, key) for key, value in cfg._to_lazy_dict().items()
    }
    # What a name is looked up in; a class needed none.
    settings['default_scope'] = settings.get('default_scope') or 'mmaction'
    return Config(settings, cfg_text=cfg.text, filename=cfg.filename)


def _named(value: Any, path: str) -> Any:
    if isinstance(value, dict):
        return {k: _named(v, f'{path}.{k}') for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(
            _named(item, f'{path}.{number}')
            for number, item in enumerate(value)
        )
    if not isinstance(value, (LazyObject, LazyAttr)):
        return value
    if not path.endswith('.type'):
        raise ValueError(
            f'{path} is {value}, an imported object; only a type may be one'
        )
    built = value.build()
    name = getattr(built, '__name__', '')
    for registry in vars(mmaction.registry).values():
        while isinstance(registry, Registry):
            if registry.module_dict.get(name) is built:
                return name
            registry = registry.parent
    return f'{built.__module__}.{built.__qualname__}'


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
    if not names:
        return 0
    count = 0
    for step in pipeline_steps(cfg):
        new = names.get(type_name(step['type']))
        if new is not None:
            step['type'] = new
            count += 1
    return count


def pipeline_steps(cfg: Config) -> Iterator[dict]:
    """Settings of every transform of a config.

    Args:
        cfg (Config): The config.

    Yields:
        dict: What has a type in a list called ``pipeline`` or
        ``..._pipeline``, at any depth.
    """
    yield from _steps(cfg._cfg_dict, inside=False)


def _steps(node: Any, *, inside: bool) -> Iterator[dict]:
    if isinstance(node, (list, tuple)):
        for item in node:
            yield from _steps(item, inside=inside)
    elif isinstance(node, dict):
        if inside and 'type' in node:
            yield node
        for key, value in node.items():
            within = inside or str(key).endswith('pipeline')
            yield from _steps(value, inside=within)


def strip_delete_keys(node: Any) -> None:
    """Take out every ``_delete_`` for which there was nothing to delete.

    MMEngine leaves it where the base lacks the key, and it would become an
    argument.

    Args:
        node (Any): Settings, changed in place.
    """
    if isinstance(node, dict):
        node.pop('_delete_', None)
        node = list(node.values())
    if isinstance(node, (list, tuple)):
        for value in node:
            strip_delete_keys(value)
