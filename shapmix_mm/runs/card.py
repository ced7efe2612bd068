"""The model card: what a training has made, from facts only."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from mmengine.dist import master_only
from mmengine.logging import print_log
from mmengine.model import is_model_wrapper

from shapmix_mm.config.data import innermost
from shapmix_mm.config.launch import num_classes_of
from shapmix_mm.datasets import class_counts
from shapmix_mm.evaluation import (
    GROUPS,
    class_groups,
    class_order,
    describe_thresholds,
    thresholds_of,
)
from shapmix_mm.models.blending import ShapMixBlending
from shapmix_mm.serialization import find_whole_checkpoint, whole_file
from shapmix_mm.version import __version__

from .pages import ABSENT, markdown, needed, percent, render
from .report import devices
from .run import RunError, RunLog, logged, passes_per_epoch, planned_end

__all__ = ['CARD', 'write_card']

CARD = 'model_card.md'
_DATA = ('ann_file', 'split', 'longtail')


@master_only
def write_card(runner: Any, command: str) -> Path | None:
    """Write the card of a finished training beside its checkpoints.

    Args:
        runner (Runner): Runner whose training has ended.
        command (str): Command line of the training.

    Returns:
        Path | None: The card; None where it cannot be written, which the log
        says: a trained model is not to be lost over it. Other ranks get
        None.
    """
    path = Path(runner.work_dir) / CARD
    try:
        text = render('card.md', **_facts(runner, command), markdown=markdown)
        with whole_file(path) as scratch:
            scratch.write_text(text, encoding='utf-8')
    except (OSError, RunError, TypeError, ValueError) as error:
        print_log(f'no model card: {error}', logger='current', level=30)
        return None
    print_log(f'model card: {path}', logger='current')
    return path


def _facts(runner: Any, command: str) -> dict[str, Any]:
    model = runner.model
    model = model.module if is_model_wrapper(model) else model
    size = num_classes_of(model)
    trained = np.array(class_counts(runner.train_dataloader.dataset, size))
    tested = None
    if runner.val_loop is not None:
        dataset = runner.val_loop.dataloader.dataset
        tested = np.array(class_counts(dataset, size))
    metainfo = getattr(runner.train_dataloader.dataset, 'metainfo', None) or {}
    names = [str(name) for name in metainfo.get('classes') or ()]
    if len(names) != size:
        names = [str(index) for index in range(size)]
    log = logged(Path(runner.work_dir)) or RunLog()
    few, many = thresholds_of(runner.cfg)
    groups = class_groups(trained, many=many, few=few)
    last = log.last()
    return dict(
        title=Path(runner.cfg.filename or runner.experiment_name).stem,
        facts=_of_the_run(runner, log, command),
        data=_of_the_data(runner.cfg),
        method=_of_the_method(runner.cfg),
        thresholds=describe_thresholds(many, few),
        groups=_group_table(groups, trained, tested, last),
        end=last and last[0],
        unit=planned_end(runner.cfg)[1],
        accuracies=last and last[1],
        calibration=last and log.calibration.get(last[0]),
        classes=_class_table(model, names, groups, trained, tested),
        percent=percent,
    )


def _of_the_run(runner: Any, log: RunLog, command: str) -> dict[str, str]:
    end, unit = planned_end(runner.cfg)
    times = passes_per_epoch(runner.cfg)
    length = f'{end} {unit}s'
    if unit == 'epoch' and times > 1:
        length += f' of {times} passes over the data each'
    checkpoint = find_whole_checkpoint(runner.work_dir)
    known = log.environment
    versions = [f'shapmix_mm {__version__}']
    versions += [
        f'{n} {known[n]}'
        for n in ('PyTorch', 'MMEngine', 'Python')
        if n in known
    ]
    return {
        'command': f'`{command}`',
        'checkpoint': Path(checkpoint).name if checkpoint else 'none',
        'seed': str(runner.seed),
        'length': length,
        'device': ', '.join(devices(known)) or 'unknown',
        'versions': ', '.join(' '.join(v.split()) for v in versions),
    }


def _of_the_data(cfg: Any) -> dict[str, str]:
    found = {}
    for title, key in (('training', 'train'), ('test', 'val')):
        # Several datasets may be joined.
        told = [
            ', '.join(f'{n} `{node[n]}`' for n in _DATA if node.get(n))
            for node in innermost(cfg.get(f'{key}_dataloader'))
        ]
        if any(told):
            found[title] = '; '.join(filter(None, told))
    return found


def _of_the_method(cfg: Any) -> dict[str, str]:
    """Types of what a method of this library can be made of."""
    model = cfg.model
    blend = (model.get('data_preprocessor') or {}).get('blending') or {}
    sampler = (cfg.train_dataloader.get('sampler') or {}).get('type')
    optimizer = (cfg.optim_wrapper or {}).get('optimizer') or {}
    settings = ', '.join(
        f'{k}={optimizer[k]}' for k in ('lr', 'weight_decay') if k in optimizer
    )
    found = {
        'recognizer': model.type,
        'backbone': (model.get('backbone') or {}).get('type'),
        'loss': ((model.get('cls_head') or {}).get('loss_cls') or {}).get(
            'type', 'CrossEntropyLoss'
        ),
        'mixing': blend.get('type', 'none'),
        'sampler': sampler,
        'optimizer': f'{optimizer.get("type")} ({settings})',
        'hooks': ', '.join(
            hook['type'] for hook in cfg.get('custom_hooks') or ()
        ),
    }
    return {title: f'`{text}`' for title, text in found.items() if text}


def _group_table(
    groups: np.ndarray,
    trained: np.ndarray,
    tested: np.ndarray | None,
    last: tuple[int, dict[str, float]] | None,
) -> Any:
    rows = []
    accuracies = {} if last is None else last[1]
    for name in (*GROUPS, 'all'):
        mine = (groups == name) | (name == 'all')
        value = accuracies.get('overall' if name == 'all' else name)
        if mine.any():
            rows.append(
                {
                    'group': name,
                    'classes': str(mine.sum()),
                    'training clips': f'{trained[mine].sum():,}',
                    'test clips': ABSENT
                    if tested is None
                    else f'{tested[mine].sum():,}',
                    'accuracy (%)': percent(value),
                }
            )
    return needed('pandas').DataFrame(rows)


def _class_table(
    model: Any,
    names: list[str],
    groups: np.ndarray,
    trained: np.ndarray,
    tested: np.ndarray | None,
) -> Any:
    """A row per class, the most frequent first."""
    telling = _telling_parts(model)
    rows = []
    for k in class_order(trained):
        row = {
            'class': names[k],
            'group': groups[k],
            'training clips': str(trained[k]),
            'test clips': ABSENT if tested is None else str(tested[k]),
        }
        if telling is not None:
            row['telling parts'] = telling[k]
        rows.append(row)
    return needed('pandas').DataFrame(rows)


def _telling_parts(model: Any) -> list[str] | None:
    """Combination of the highest value observed of each class."""
    blend = getattr(model.data_preprocessor, 'blending', None)
    if not isinstance(blend, ShapMixBlending):
        return None
    table = blend.saliency
    known = table.updates > 0
    best = table.values.where(known, float('-inf')).argmax(1).tolist()
    parts = [
        ' + '.join(blend.layout.part_names[p] for p in found)
        for found in blend.saliency.combinations
    ]
    return [
        parts[place] if learnt else ABSENT
        for place, learnt in zip(best, known.any(1).tolist())
    ]
