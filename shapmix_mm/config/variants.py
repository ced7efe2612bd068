"""What a mixin changes in the data of a config, wherever it stands there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from mmengine.config import Config

from ..datasets.cache.normalisation import DETERMINISTIC, TWINS
from ..datasets.ntu_protocols import BENCHMARKS
from .data import innermost
from .load import pipeline_steps, type_name

__all__ = ['in_effective_epochs', 'vary_data']

_FEATURES = ('SkeletonFeatures', 'GenSkeFeat', 'FastGenSkeFeat')
_STOCK = ('j', 'b', 'jm', 'bm')
_SPLIT = re.compile(r'(xsub|xview|xset)(?=_)')
# Arguments of loops and schedulers that count epochs.
_IN_EPOCHS = (
    *('max_epochs', 'val_begin', 'val_interval', 'begin', 'end'),
    *('T_max', 'milestones', 'step_size', 'periods', 'total_steps'),
)
_FACTOR = re.compile(r'_if\d+(?=\.)')


def vary_data(
    cfg: Config,
    *,
    stream: str | None = None,
    split: str | None = None,
    imbalance: int | None = None,
    views: int | None = None,
    batch: int | None = None,
) -> None:
    """Train and evaluate on other data of the same set, or in other shape.

    A mixin states these as ``data_variant = dict(...)``, because a dataset
    may be wrapped, and its pipeline is a list.

    Args:
        cfg (Config): The config, changed in place.
        stream (str, optional): Features of every pipeline: ``'j'``, ``'b'``,
            ``'k'``, ``'jm'``, ``'bm'``, ``'km'``, ``'ja'`` or ``'ba'``.
            ``SkeletonFeatures`` takes the place of a step of MMAction2 that
            does not know it. Defaults to None, as it is.
        split (str, optional): Benchmark of NTU RGB+D: ``'xsub'``,
            ``'xview'`` or ``'xset'``. Defaults to None, as it is.
        imbalance (int, optional): Imbalance factor. Defaults to None, as it
            is.
        views (int, optional): Augmented views of each training sample, made
            by the random steps that the pipeline has. Defaults to None, as it
            is.
        batch (int, optional): Factor on the training batch, for a sampler
            that deals out several samples where others deal out one.
            Defaults to None, as it is.

    Raises:
        ValueError: If the config has nothing of the kind.
    """
    if stream is not None:
        steps = [s for s in pipeline_steps(cfg) if _has_features(s)]
        _insist(steps, 'stream', f'transform among {", ".join(_FEATURES)}')
        for step in steps:
            _set_stream(step, stream)
    if split is not None:
        sets = [d for d in _datasets(cfg) if _SPLIT.match(_text(d, 'split'))]
        _insist(sets, 'split', 'dataset with a split such as xsub_train')
        for node in sets:
            _set_split(node, split)
    if imbalance is not None:
        tails = [d['longtail'] for d in _datasets(cfg) if d.get('longtail')]
        _insist(tails, 'imbalance', 'dataset with a longtail')
        for tail in tails:
            _set_imbalance(tail, imbalance)
    if views is not None:
        sets = [
            d
            for d in innermost(cfg.get('train_dataloader'))
            if 'pipeline' in d
        ]
        _insist(sets, 'views', 'training dataset with a pipeline')
        for node in sets:
            node['pipeline'] = _in_views(node['pipeline'], views)
    if batch is not None:
        cfg.train_dataloader.batch_size *= batch
        if 'auto_scale_lr' in cfg:
            cfg.auto_scale_lr.base_batch_size *= batch


def _in_views(pipeline: list[dict], views: int) -> list[dict]:
    """Steps that draw nothing once, and the others once for each view."""
    shared = [
        type_name(step['type']) in (*DETERMINISTIC, *TWINS)
        for step in pipeline
    ]
    first = shared.index(False) if False in shared else len(shared)
    rest = dict(type='MultiView', num_views=views, pipeline=pipeline[first:])
    return [*pipeline[:first], rest]


def _has_features(step: dict) -> bool:
    return type_name(step['type']) in _FEATURES


def _set_stream(step: dict, stream: str) -> None:
    step['feats'] = [stream]
    if stream in _STOCK or type_name(step['type']) == 'SkeletonFeatures':
        return
    # Ours, equal in the streams that MMAction2's step has, knows the others.
    layout = step.pop('dataset', 'nturgb+d')
    step.pop('axis', None)
    step.update(type='SkeletonFeatures', layout=layout)


def _text(node: dict, key: str) -> str:
    value = node.get(key)
    return value if isinstance(value, str) else ''


def _insist(found: list, key: str, what: str) -> None:
    if not found:
        raise ValueError(f'data_variant.{key}: the config has no {what}')


def _datasets(cfg: Config) -> Iterator[dict]:
    """Settings of every dataset, and the variables that they were made of."""
    for part in ('train', 'val', 'test'):
        yield from innermost(cfg.get(f'{part}_dataloader'))
    if cfg.get('longtail'):
        yield dict(longtail=cfg.longtail, **_variables(cfg))


def _variables(cfg: Config) -> dict:
    first = next(innermost(cfg.get('train_dataloader')), {})
    return {k: first[k] for k in ('split', 'num_classes') if k in first}


def _set_split(node: dict, split: str) -> None:
    for key in ('split', 'train_split'):
        if key in node:
            node[key] = _SPLIT.sub(split, node[key])
    tail = node.get('longtail')
    if not tail:
        return
    if tail.get('file'):
        tail['file'] = _SPLIT.sub(split, tail['file'])
    else:
        rule = BENCHMARKS[f'ntu{node["num_classes"]}_{split}']
        tail.update(n_max=rule.n_max, names=rule.names)


def _set_imbalance(tail: dict, imbalance: int) -> None:
    if not tail.get('file'):
        tail['imbalance'] = imbalance
        return
    name, count = _FACTOR.subn(f'_if{imbalance}', tail['file'])
    if not count:
        raise ValueError(
            f'data_variant.imbalance: longtail.file {tail["file"]} names no '
            'imbalance factor such as _if100'
        )
    tail['file'] = name


def in_effective_epochs(cfg: Config, mixin: dict[str, Any]) -> None:
    """Turn a mixin's passes over the data into epochs of a config.

    ``effective_epochs = True`` in a mixin says that its ``train_cfg`` and
    ``param_scheduler`` count passes. An epoch of a RepeatDataset is several.

    Args:
        cfg (Config): The config that the mixin is for.
        mixin (dict): Settings of the mixin, changed in place.
    """
    node, times = (cfg.get('train_dataloader') or {}).get('dataset') or {}, 1
    while isinstance(node.get('dataset'), dict):
        times *= node.get('times', 1)
        node = node['dataset']
    loop = mixin.get('train_cfg', {})
    schedule = mixin.get('param_scheduler') or []
    schedule = [schedule] if isinstance(schedule, dict) else schedule
    for part in (loop, *schedule):
        # A scheduler may count iterations.
        if not part.get('by_epoch', True):
            continue
        for key in _IN_EPOCHS:
            if part.get(key):
                part[key] = _fewer(part[key], times)


def _fewer(passes: Any, times: int) -> Any:
    if isinstance(passes, (list, tuple)):
        return [_fewer(count, times) for count in passes]
    return max(1, round(passes / times))
