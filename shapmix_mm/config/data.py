"""Datasets of a config: their settings, caches, and each split as built."""

from __future__ import annotations

import ast
import copy
import json
import os.path as osp
from collections.abc import Iterator, Sequence
from itertools import takewhile
from typing import Any

from mmaction.datasets import PoseDataset
from mmaction.datasets.transforms import GenSkeFeat, JointToBone, ToMotion
from mmaction.registry import DATASETS, TRANSFORMS
from mmengine.config import Config
from mmengine.dataset import Compose
from mmengine.registry import DefaultScope
from torch.utils.data import ConcatDataset, Dataset, Subset

from ..datasets import FormatHeatmaps, MultiView, SkeletonFeatures
from ..datasets.cache import is_cache, leading
from ..datasets.cache.normalisation import text
from ..datasets.pose_file import read_pose_file

__all__ = [
    'ann_file_of',
    'build_split',
    'innermost',
    'serve_caches',
    'shared_transforms',
    'stream_features',
    'transform_from_words',
    'unrepeated',
]

_PARTS = ('train', 'val', 'test')
_LOADERS = tuple(f'{part}_dataloader' for part in _PARTS)
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


def innermost(node: Any) -> Iterator[dict]:
    """Dataset settings inside a dataloader's, through wrappers.

    Args:
        node (dict or list): Settings of a dataloader or dataset.

    Yields:
        dict: Settings of a dataset that wraps no other.
    """
    if isinstance(node, (list, tuple)):
        for item in node:
            yield from innermost(item)
    elif isinstance(node, dict):
        inner = [node[key] for key in ('dataset', 'datasets') if key in node]
        yield from innermost(inner) if inner else iter([node])


def _value(words: str) -> Any:
    for read in (json.loads, ast.literal_eval):
        try:
            return read(words)
        except (ValueError, SyntaxError):
            continue
    return words


def build_split(cfg: Config, split: str, *, augment: bool = False) -> Any:
    """Build the dataset of a split, each sample once.

    Args:
        cfg (Config): Complete config.
        split (str): ``train``, ``val`` or ``test``, the dataset of that
            dataloader; or the name of a split in the annotation file.
        augment (bool): Whether the pipeline is that of the training. Defaults
            to False: that of the test, for the training split too.

    Returns:
        Dataset: The samples.

    Raises:
        ValueError: If the config has no such dataloader or pipeline, or the
            annotation file no such split.
    """
    cfg = copy.deepcopy(cfg)
    serve_caches(cfg)
    settings = copy.deepcopy(_settings(cfg, split))
    pipeline = _pipeline(cfg, augment)
    for node in innermost(settings):
        if pipeline is not None:
            node['pipeline'] = pipeline
        # In training mode a dataset may serve another sample than asked for.
        node['test_mode'] = True
    try:
        return unrepeated(DATASETS.build(settings))
    except (KeyError, ValueError) as error:
        _check_split(settings, split, error)
        raise


def _settings(cfg: Config, split: str) -> Any:
    present = {
        name: cfg[f'{name}_dataloader']['dataset']
        for name in _PARTS
        if cfg.get(f'{name}_dataloader')
    }
    if split in present:
        return present[split]
    if split in _PARTS or not present:
        raise ValueError(
            f'the config has no {split}_dataloader; it has those of '
            f'{sorted(present)}'
        )
    leaves = {name: [*innermost(node)] for name, node in present.items()}
    for name, nodes in leaves.items():
        if any(node.get('split') == split for node in nodes):
            return present[name]
    # The newest evaluation settings, pointed at the other split.
    node = dict(leaves[[name for name in _PARTS if name in leaves][-1]][0])
    if 'split' not in node:
        raise ValueError(
            f'--split {split}: {node["type"]} has no argument split; '
            f'choose from {sorted(present)}'
        )
    return dict(node, split=split)


def _pipeline(cfg: Config, augment: bool) -> Any:
    for name in ('train',) if augment else ('test', 'val'):
        for node in innermost(cfg.get(f'{name}_dataloader')):
            return copy.deepcopy(node.get('pipeline'))
    if augment:
        raise ValueError('--augment needs a train_dataloader in the config')
    return None


def _check_split(settings: Any, split: str, error: Exception) -> None:
    """Say which splits there are, if it is that which went wrong."""
    if settings.get('split') != split or 'ann_file' not in settings:
        return
    path = osp.join(settings.get('data_root') or '', settings['ann_file'])
    known = sorted(read_pose_file(path).splits)
    if split not in known:
        raise ValueError(
            f'annotation file {path} has no split {split!r}; it has {known}'
        ) from error


def unrepeated(dataset: Any) -> Dataset:
    """A dataset without the wrappers that only repeat samples.

    Args:
        dataset (Dataset): Training dataset, wrapped or not.

    Returns:
        Dataset: Each sample once.
    """
    if isinstance(dataset, ConcatDataset):
        return ConcatDataset([unrepeated(part) for part in dataset.datasets])
    if hasattr(dataset, 'dataset') and not isinstance(dataset, Subset):
        return unrepeated(dataset.dataset)
    return dataset


def stream_features(dataset: Any) -> tuple[str, ...]:
    """Features that a dataset's pipeline joins along the channels.

    Args:
        dataset (Dataset): Dataset, wrapped or not.

    Returns:
        tuple[str, ...]: Those of ``SkeletonFeatures``; joints alone if the
        pipeline makes none; ``'heatmap'`` where it draws these, ``'limb'``
        where limbs are among them.
    """
    inner: Any = unrepeated(dataset)
    while isinstance(inner, ConcatDataset) or hasattr(inner, 'dataset'):
        inner = getattr(inner, 'dataset', None) or inner.datasets[0]
    pipeline = getattr(inner, 'pipeline', None)
    feats: tuple[str, ...] = ('j',)
    steps = list(getattr(pipeline, 'transforms', None) or ())
    if steps and isinstance(steps[-1], MultiView):
        steps += steps[-1].pipeline.transforms
    limbs = any(getattr(step, 'with_limb', False) for step in steps)
    for step in steps:
        if isinstance(step, FormatHeatmaps):
            feats = ('limb' if limbs else 'heatmap',)
        elif isinstance(step, (SkeletonFeatures, GenSkeFeat)):
            feats = tuple(step.feats)
        elif isinstance(step, JointToBone) and step.target == 'keypoint':
            feats = ('b',)
        elif isinstance(step, ToMotion) and step.target == 'keypoint':
            feats = (f'{feats[0]}m',)
    return feats
