"""Merge method mixins into a config that already exists."""

from __future__ import annotations

import copy
import os.path as osp
from pathlib import Path
from typing import Any, Sequence

from mmengine.config import Config, ConfigDict

from .data import innermost
from .load import (
    read_config,
    strip_delete_keys,
    substitute_transforms,
    type_name,
)
from .variants import in_effective_epochs, vary_data

__all__ = ['apply_mixin', 'find_mixin', 'load_config']

_LISTS = ('custom_hooks', 'val_evaluator', 'test_evaluator')
# Where a loss and a blend stand, of which type they are without one, and what
# they have in common with one of another type.
_REPLACED = (
    (('model', 'cls_head', 'loss_cls'), 'CrossEntropyLoss', ('loss_weight',)),
    (
        ('model', 'data_preprocessor', 'blending'),
        '',
        ('num_classes', 'layout'),
    ),
)


def load_config(path: str, mixins: Sequence[str] = ()) -> Config:
    """Load a config and merge mixins into it, in the order given.

    Args:
        path (str): Config file, or ``package::path`` for a config that an
            OpenMMLab package ships.
        mixins (Sequence[str]): Mixin files, or short names of our own, such
            as ``shapmix``.

    Returns:
        Config: The merged config.

    Raises:
        FileNotFoundError: If a file does not exist.
        TypeError: If ``transform_substitutes`` is no dict of names.
        ValueError: If a file is no config, a mixin needs what the config does
            not tell, or the config exchanges a transform for an unknown one.
    """
    cfg = read_config(path)
    strip_delete_keys(cfg._cfg_dict)
    for name in mixins:
        apply_mixin(cfg, read_config(find_mixin(name)))
    substitute_transforms(cfg)
    return cfg


def find_mixin(name: str) -> str:
    """Resolve a mixin's short name.

    Args:
        name (str): File name, or the stem of a file in ``configs/_base_``.

    Returns:
        str: Path of the mixin.

    Raises:
        FileNotFoundError: If there is no such mixin; it lists the known.
    """
    if osp.isfile(name):
        return name
    package = Path(__file__).resolve().parents[1]
    for root in (package / '.mim', package.parent):
        folder = root / 'configs' / '_base_'
        if (folder / f'{name}.py').is_file():
            return str(folder / f'{name}.py')
        if folder.is_dir():
            known = sorted(
                p.stem
                for p in folder.glob('*.py')
                if p.stem != 'default_runtime'
            )
            raise FileNotFoundError(
                f'--with {name}: no such file, and no mixin of that name; '
                f'known are {", ".join(known)}'
            )
    raise FileNotFoundError(f'--with {name}: no such file')


def apply_mixin(cfg: Config, mixin: Config) -> None:
    """Merge one mixin into a config, in place.

    Hooks and metrics are added to those that the config has, or merged into
    one of the same type, where mmengine would replace the whole list; metrics
    only where there are data to evaluate. Of a loss that one of another type
    replaces its weight stays, of a blend layout and number of classes, which
    a blend that has none takes from the model that it meets.

    Args:
        cfg (Config): The config.
        mixin (Config): The mixin.

    Raises:
        ValueError: If the layout or the number of classes cannot be told, or
            the mixin trains for epochs where the config counts iterations.
    """
    extra = mixin.to_dict()
    vary_data(cfg, **extra.pop('data_variant', {}))
    if extra.pop('effective_epochs', False):
        in_effective_epochs(cfg, extra)
    lists = {key: extra.pop(key) for key in _LISTS if key in extra}
    imports = extra.pop('custom_imports', {}).get('imports', [])
    _make_room(cfg._cfg_dict, extra)
    _drop_replaced(cfg, extra)
    _check_loop(cfg, extra)
    cfg.merge_from_dict(extra)
    strip_delete_keys(cfg._cfg_dict)
    for key, items in lists.items():
        loader = key.replace('evaluator', 'dataloader')
        if loader == key or cfg.get(loader) is not None:
            cfg[key] = _union(cfg.get(key), items)
    _add_imports(cfg, imports)
    _select_by_class_mean(cfg, lists.get('val_evaluator', []))
    loss = (cfg.model.get('cls_head') or {}).get('loss_cls')
    if loss is not None:
        # What MMAction2's heads build where a config names no loss.
        loss.setdefault('type', 'CrossEntropyLoss')
    blending = cfg.model.get('data_preprocessor', {}).get('blending')
    if blending is not None:
        _complete(blending, cfg)


def _union(old: Any, new: list) -> list:
    present = list(old) if isinstance(old, (list, tuple)) else [old]
    present = [dict(item) for item in present if item]
    added = []
    for item in new:
        name = type_name(item['type'])
        same = [own for own in present if type_name(own['type']) == name]
        if same:
            same[0].update(item)
        else:
            added.append(item)
    return present + added


def _select_by_class_mean(cfg: Config, added: list) -> None:
    """With the metric of all classes alike, keep the checkpoint best in it."""
    metric = 'LongTailMetric'
    hooks = cfg.get('default_hooks') or {}
    # None keeps no checkpoints at all.
    if (
        metric not in [type_name(item['type']) for item in added]
        or cfg.get('val_dataloader') is None
        or hooks.get('checkpoint', {}) is None
    ):
        return
    prefix = next(
        item.get('prefix') or 'acc'
        for item in cfg.val_evaluator
        if type_name(item['type']) == metric
    )
    # Where the config leaves it to MMEngine, what that would take.
    saving = hooks.get('checkpoint', dict(type='CheckpointHook', interval=1))
    saving = dict(saving, save_best=f'{prefix}/mean_class')
    if 'acc' not in prefix:
        # By which MMEngine knows that more is better.
        saving['rule'] = 'greater'
    cfg.merge_from_dict(dict(default_hooks=dict(checkpoint=saving)))


def _drop_replaced(cfg: Config, extra: dict) -> None:
    """Leave no argument of a loss or blend to one of another type."""
    for path, default, shared in _REPLACED:
        new: Any = extra
        old: Any = cfg
        for key in path:
            new, old = new.get(key) or {}, old.get(key) or {}
        before = type_name(old.get('type', default))
        if before and 'type' in new and before != type_name(new['type']):
            for key in old.keys() - {'type', *shared}:
                del old[key]


def _check_loop(cfg: Config, extra: dict) -> None:
    """Leave no argument of a loop to one of another type."""
    new, old = extra.get('train_cfg', {}), cfg.get('train_cfg') or {}
    if new.get('_delete_'):
        return
    if 'max_epochs' in new and 'max_iters' in old:
        raise ValueError(
            'the mixin trains for epochs (train_cfg.max_epochs), and the '
            'config counts iterations (train_cfg.max_iters); give a config '
            'with train_cfg=dict(by_epoch=True, max_epochs=...)'
        )
    if 'type' in new:
        # Which MMEngine takes instead of a type, not beside one.
        old.pop('by_epoch', None)


def _add_imports(cfg: Config, modules: Sequence[str]) -> None:
    old = cfg.get('custom_imports', None) or {}
    names = old.get('imports') or []
    names = [names] if isinstance(names, str) else list(names)
    names += [name for name in modules if name not in names]
    cfg.custom_imports = dict(old, imports=names)


def _complete(blending: ConfigDict, cfg: Config) -> None:
    model = cfg.model
    if 'num_classes' not in blending:
        head = model.get('cls_head') or {}
        if 'num_classes' not in head:
            raise ValueError(
                'the mixin needs model.cls_head.num_classes, or '
                'model.data_preprocessor.blending.num_classes'
            )
        blending['num_classes'] = head['num_classes']
    if 'layout' not in blending:
        blending['layout'] = _layout_with_parts(cfg)


def _layout_with_parts(cfg: Config) -> Any:
    """The graph's layout, or the dataset's where that has no parts.

    A stock graph takes a dict without parts only.
    """
    graph = (cfg.model.get('backbone') or {}).get('graph_cfg') or {}
    named = [graph.get('layout')]
    for node in innermost(cfg.get('train_dataloader')):
        named.append(node.get('layout'))
    for layout in named:
        if layout and (isinstance(layout, str) or 'parts' in layout):
            return copy.deepcopy(layout)
    raise ValueError(
        'the mixin needs a layout with parts, and the config tells none in '
        'model.backbone.graph_cfg.layout or of a LongTailedPoseDataset: write '
        "model = dict(data_preprocessor=dict(blending=dict(layout='nw-ucla')))"
        ', with a name or a dict, into a file, and give it before the mixin, '
        '--with FILE.py MIXIN'
    )


def _make_room(old: Any, new: dict) -> None:
    """Take out what is no dict where a dict comes: MMEngine merges no two."""
    for key, value in new.items():
        if not isinstance(value, dict) or not isinstance(old, dict):
            continue
        if key in old and not isinstance(old[key], dict):
            old.pop(key)
        else:
            _make_room(old.get(key), value)
