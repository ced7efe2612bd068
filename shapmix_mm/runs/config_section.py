"""Section of the report: what the run changed in its base."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mmengine.config import Config

from .config_difference import difference, show_value
from .config_source import find_source, load_base
from .page import Section, notice, paragraph, table
from .run import Run

__all__ = ['config_section']

_MAIN = (
    'model.type',
    'model.backbone',
    'model.data_preprocessor',
    'model.cls_head',
    'train_dataloader.batch_size',
    'train_dataloader.dataset',
    'train_cfg',
    'optim_wrapper',
    'param_scheduler',
    'custom_hooks',
    'randomness',
)
# A pipeline would fill the page.
_MAX_VALUE = 700


def config_section(run: Run, given: Path | None) -> Section:
    """Compare the run's config with its base.

    Args:
        run (Run): The run.
        given (Path, optional): Config file that the run was started with.
            None looks for one of its name.

    Returns:
        Section: A table of differences, or of the main settings where the
        config file is not found.
    """
    section = Section('config', 'Configuration')
    source = given or find_source(run.name)
    if source is None:
        section.content = [
            notice(
                f'The config file {run.name} was not found, so its base is '
                'unknown (report.py --config FILE names it). Main settings '
                'of the run:'
            ),
            _main(run.cfg),
        ]
        return section
    try:
        section.content = _differences(run, source)
    except Exception as error:
        # It is Python, edited since perhaps, and may fail in any way.
        what = ' '.join(str(error).split())
        section.content = [
            notice(
                f'The config file {run.name} cannot be loaded '
                f'({type(error).__name__}: {what}). Main settings of the run:'
            ),
            _main(run.cfg),
        ]
    return section


def _differences(run: Run, source: Path) -> list[str]:
    leaf = Config.fromfile(source)
    base = load_base(source)
    changes = difference(base and base[1], leaf, run.cfg)
    content = [
        paragraph(
            f'{run.name} is based on {base[0]}.'
            if base
            else f'{run.name} has no base and is compared with itself.'
        )
    ]
    if any(change.origin == 'command line' for change in changes):
        content.append(
            paragraph(
                '“Command line” marks what differs from the file itself: '
                'arguments of the training, such as --cfg-options, --with '
                'and --seed, or an edit of the file since.'
            )
        )
    if not changes:
        return [*content, paragraph('The run differs from it in nothing.')]
    rows = [
        (c.key, _cut(c.base), _cut(c.run), c.origin.replace(' ', '\u00a0'))
        for c in changes
    ]
    return [
        *content,
        table(('key', 'base', 'this run', 'set by'), rows, 'ccct'),
    ]


def _main(cfg: Config) -> str:
    rows = []
    for key in _MAIN:
        value: Any = cfg.to_dict()
        for name in key.split('.'):
            value = value.get(name) if isinstance(value, dict) else None
        if value is not None:
            rows.append((key, _cut(show_value(value))))
    return table(('key', 'this run'), rows, 'cc')


def _cut(text: str) -> str:
    return text if len(text) <= _MAX_VALUE else text[:_MAX_VALUE] + ' …'
