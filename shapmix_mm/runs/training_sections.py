"""Sections of the report on training data, course and cost of a run."""

from __future__ import annotations

import math

import numpy as np

from shapmix_mm.visualization import plot_class_counts
from shapmix_mm.visualization.run_curves import (
    plot_accuracy_curves,
    plot_training_curves,
)

from .page import Section, facts_table, figure, figures, notice, paragraph
from .run import Run

__all__ = ['cost_section', 'counts_section', 'course_section']

_SHOWN = (
    'sys.platform',
    'Python',
    'PyTorch',
    'CUDA_HOME',
    'NVCC',
    'MMEngine',
    'OpenCV',
    'GCC',
    'Distributed launcher',
    'GPU number',
)


def counts_section(run: Run) -> Section:
    """Show the training samples per class.

    Args:
        run (Run): The run.

    Returns:
        Section: A bar chart.
    """
    section = Section('counts', 'Training samples per class')
    if run.counts is None:
        section.content.append(
            notice(
                'The training samples per class are unknown: neither '
                'checkpoint nor metric hold them, and the training set could '
                'not be read.'
            )
        )
        return section
    path = plot_class_counts(
        run.counts,
        run.folder / 'counts.png',
        thresholds=run.thresholds,
        classes=run.classes,
    )
    alt = (
        f'Bar chart of the training samples of {len(run.counts)} classes, '
        f'from {run.counts.max():.0f} down to {run.counts.min():.0f}.'
    )
    section.content.append(figure(path, alt))
    return section


def course_section(run: Run) -> Section:
    """Show accuracies, loss and learning rate over the training.

    Args:
        run (Run): The run.

    Returns:
        Section: Two figures.
    """
    section = Section('course', 'Course of the training')
    drawn = []
    last = run.log.last()
    if last is not None:
        path = plot_accuracy_curves(
            run.log.accuracies,
            run.folder / 'accuracy.png',
            unit=run.progress.unit,
        )
        names = ', '.join(name.replace('_', ' ') for name in last[1])
        drawn.append(figure(path, f'Accuracy of {names} at each validation.'))
    rate = run.log.series('lr')
    path = plot_training_curves(
        [entry['step'] for entry in run.log.steps],
        run.folder / 'training.png',
        loss=run.log.series('loss'),
        learning_rate=rate if np.isfinite(rate).any() else None,
    )
    drawn.append(
        figure(path, 'Training loss and learning rate over the iterations.')
    )
    section.content.append(figures(*drawn))
    if run.log.parts > 1:
        section.content.append(
            paragraph(
                f'The run was started {run.log.parts} times; where parts '
                'overlap, the later one is shown.'
            )
        )
    return section


def cost_section(run: Run) -> Section:
    """Tell time, memory, device and versions.

    Args:
        run (Run): The run.

    Returns:
        Section: A table.
    """
    log = run.log
    facts = []
    for name, key in (
        ('time per iteration', 'time'),
        ('of it, waiting for data', 'data_time'),
    ):
        values = np.array(log.series(key))
        if np.isfinite(values).any():
            facts.append((name, f'{np.nanmean(values):.3f} s on average'))
    memory = np.array(log.series('memory'))
    if np.isfinite(memory).any():
        facts.append(('GPU memory', f'{np.nanmax(memory):,.0f} MB at most'))
    passes = np.array(log.series('saliency_passes'))
    if np.isfinite(passes).any():
        last = passes[np.isfinite(passes)][-1]
        facts.append(('saliency passes, last logged', f'{last:,.6g}'))
    facts.append(('wall time of the training', _duration(log.seconds)))
    facts.append(('device', _device(log.environment)))
    facts += [
        (name, log.environment[name])
        for name in _SHOWN
        if name in log.environment
    ]
    return Section('cost', 'Cost', [facts_table(facts)])


def _duration(seconds: float) -> str:
    if not seconds or not math.isfinite(seconds):
        return 'unknown'
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f'{hours} h {minutes} min'
    return f'{minutes} min {rest} s'


def _device(environment: dict[str, str]) -> str:
    cards = [
        f'{value} ({key})'
        for key, value in environment.items()
        if key.startswith('GPU ') and key != 'GPU number'
    ]
    if cards:
        return ', '.join(cards)
    if environment.get('CUDA available') == 'False':
        return 'CPU'
    return 'unknown'
