"""Section of the report: which body parts tell each class."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from shapmix_mm.shapley import combination_parts
from shapmix_mm.skeletons import Layout, get_layout
from shapmix_mm.visualization import plot_saliency

from .page import Section, figure, notice, paragraph
from .run import Run

__all__ = ['saliency_section']

_PREFIX = 'data_preprocessor.blending.saliency'
# SaliencyFigureHook draws the same table at the end of a training.
_OF_THE_TABLE = 'saliency.png'


def saliency_section(run: Run) -> Section:
    """Show the saliency table, and figures that other tools left.

    Args:
        run (Run): The run.

    Returns:
        Section: Figures; says so where the checkpoint holds no table.
    """
    section = Section('saliency', 'Saliency of body parts')
    drawn = False
    if f'{_PREFIX}.values' not in run.state:
        section.content.append(
            paragraph(
                'No saliency table in this checkpoint; '
                'tools/analysis/exact_saliency.py computes exact values of '
                'any recognizer.'
                if run.checkpoint
                else 'No checkpoint was read, so no saliency table.'
            )
        )
    else:
        try:
            section.content.append(_table_figure(run))
            drawn = True
        except (KeyError, TypeError, ValueError) as error:
            section.content.append(
                notice(f'The saliency table cannot be drawn: {error}')
            )
    for path in sorted(run.work_dir.glob('saliency*.png')):
        if not (drawn and path.name == _OF_THE_TABLE):
            section.content.append(_found(path))
    return section


def _found(path: Path) -> str:
    try:
        return figure(path, f'Saliency figure {path.stem}.', path.name)
    except OSError as error:
        return notice(f'{path.name} cannot be read: {error.strerror}')


def _table_figure(run: Run) -> str:
    blending: dict[str, Any] = run.cfg.model.data_preprocessor.blending
    layout = get_layout(blending['layout'])
    combinations = combination_parts(
        layout.num_parts, blending.get('sizes', (2, 3))
    )
    values = run.state[f'{_PREFIX}.values'].float()
    joints = [len(part) for part in layout.parts]
    density = values / values.new_tensor(
        [sum(joints[p] for p in parts) for parts in combinations]
    )
    updates = run.state.get(f'{_PREFIX}.updates')
    path = plot_saliency(
        density.numpy(),
        run.folder / 'saliency.png',
        combinations=combinations,
        part_names=layout.part_names,
        class_counts=run.counts,
        classes=run.classes,
        updates=None if updates is None else updates.numpy(),
        true_parts=_true_parts(run, layout),
        thresholds=run.thresholds,
        title='Learnt saliency per joint',
    )
    return figure(
        path,
        'Heat map of the saliency of every class for combinations of body '
        'parts and for single parts, with the three best by name.',
        'Table of the checkpoint, divided by the joints of each combination '
        'as for Eq. 3.',
    )


def _true_parts(run: Run, layout: Layout) -> list[list[int]] | None:
    """Parts known to tell each class of a synthetic set."""
    salient = run.test.metainfo.get('salient_parts') if run.test else None
    if not salient or run.classes is None:
        return None
    names = list(layout.part_names)
    return [[names.index(p) for p in salient[name]] for name in run.classes]
