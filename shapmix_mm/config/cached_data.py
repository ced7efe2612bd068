"""Caches in configs: who reads them, and what they can do once."""

from __future__ import annotations

import ast
import json
import os.path as osp
from collections.abc import Sequence
from itertools import takewhile
from typing import Any

from mmaction.datasets import PoseDataset
from mmaction.registry import TRANSFORMS
from mmengine.config import Config
from mmengine.dataset import Compose
from mmengine.registry import DefaultScope

from ..datasets.cache import is_cache, leading
from ..datasets.cache.normalisation import text
from .dataset_settings import innermost

__all__ = ['serve_caches', 'shared_transforms', 'transform_from_words']

_LOADERS = ('train_dataloader', 'val_dataloader', 'test_dataloader')
_STOCK = ('PoseDataset', 'mmaction.PoseDataset', PoseDataset)


def serve_caches(cfg: Config) -> None:
    """Let stock PoseDatasets read the caches that they name.

    Their type becomes CachedPoseDataset, which serves the same samples.
    Stock PoseDataset itself takes a file called ``.pkl`` and nothing else.

    Args:
        cfg (Config): The config, changed in place.
    """
    for loader in _LOADERS:
        for node in innermost(cfg.get(loader)):
            if node.get('type') in _STOCK and is_cache(ann_file_of(node)):
                node['type'] = 'CachedPoseDataset'


def ann_file_of(node: dict) -> str | None:
    """Path of a dataset's annotation file, below its data root.

    Args:
        node (dict): Settings of a dataset.

    Returns:
        str | None: None if the settings name none on this machine.
    """
    path = node.get('ann_file')
    if not isinstance(path, str) or not path or '://' in path:
        return None
    return osp.join(node.get('data_root') or '', path)


def shared_transforms(cfg: Config) -> list[Any]:
    """Build the deterministic transforms that all pipelines begin with.

    Args:
        cfg (Config): Complete config.

    Returns:
        list: The built transforms, in their order.

    Raises:
        ValueError: If there is no pipeline, or two pipelines begin with the
            same transform but other arguments.
    """
    pipelines = [
        (loader, node['pipeline'])
        for loader in _LOADERS
        for node in innermost(cfg.get(loader))
        if 'pipeline' in node
    ]
    if not pipelines:
        raise ValueError('the config has no dataset with a pipeline')
    with DefaultScope.overwrite_default_scope('mmaction'):
        built = [(name, Compose(p).transforms) for name, p in pipelines]
    first, transforms = built[0]
    shared = leading(transforms)
    for name, others in built[1:]:
        steps = leading(others)
        shared = _common(shared, steps)
        rest = steps[len(shared) :], leading(transforms)[len(shared) :]
        if all(rest) and rest[0][0]['type'] == rest[1][0]['type']:
            raise ValueError(
                f'the pipeline of {first} begins with '
                f'{text(leading(transforms))}, but that of {name} with '
                f'{text(steps)}: one cache cannot serve both'
            )
    return transforms[: len(shared)]


def _common(one: list[dict], two: list[dict]) -> list[dict]:
    """What two lists begin with in common."""
    pairs = zip(one, two)
    return [a for a, _ in takewhile(lambda pair: pair[0] == pair[1], pairs)]


def transform_from_words(words: Sequence[str]) -> Any:
    """Build a transform from words of a command line.

    Args:
        words (Sequence[str]): Its type, then ``key=value`` each; values as
            in Python or JSON, other text stands for itself.

    Returns:
        Callable: The built transform.

    Raises:
        KeyError: If there is no such transform.
        TypeError: If it takes no such argument.
        ValueError: If a word is no setting.
    """
    name, *settings = words
    kind = TRANSFORMS.get(name)
    if kind is None:
        raise KeyError(f'there is no transform {name!r}')
    args = {}
    for setting in settings:
        key, equals, value = setting.partition('=')
        if not key.isidentifier() or not equals:
            raise ValueError(f'{setting!r} after {name} is no KEY=VALUE')
        args[key] = _value(value)
    return kind(**args)


def _value(words: str) -> Any:
    for read in (json.loads, ast.literal_eval):
        try:
            return read(words)
        except (ValueError, SyntaxError):
            continue
    return words
