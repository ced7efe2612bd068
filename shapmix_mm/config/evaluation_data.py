"""Datasets of a config's splits, with the pipeline of the test."""

from __future__ import annotations

import copy
import os.path as osp
from typing import Any

from mmaction.registry import DATASETS
from mmengine.config import Config

from shapmix_mm.config.cached_data import serve_caches
from shapmix_mm.config.dataset_settings import innermost, unrepeated
from shapmix_mm.datasets.pose_file import read_pose_file

__all__ = ['build_split']

_LOADERS = ('train', 'val', 'test')


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
        for name in _LOADERS
        if cfg.get(f'{name}_dataloader')
    }
    if split in present:
        return present[split]
    if split in _LOADERS or not present:
        raise ValueError(
            f'the config has no {split}_dataloader; it has those of '
            f'{sorted(present)}'
        )
    leaves = {name: [*innermost(node)] for name, node in present.items()}
    for name, nodes in leaves.items():
        if any(node.get('split') == split for node in nodes):
            return present[name]
    # The newest evaluation settings, pointed at the other split.
    node = dict(leaves[[name for name in _LOADERS if name in leaves][-1]][0])
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
