"""Sections of the report that need the scores of a test."""

from __future__ import annotations

import numpy as np
from scipy.special import softmax

from shapmix_mm.evaluation.functional import (
    GroupedAccuracy,
    class_groups,
    expected_calibration_error,
    grouped_accuracy,
)
from shapmix_mm.visualization.confusion import plot_confusion
from shapmix_mm.visualization.reliability import plot_reliability
from shapmix_mm.visualization.run_classes import plot_accuracy_by_count

from .head_section import percent
from .page import Section, figure, figures, notice, paragraph, table
from .run import Run
from .scores import Scores

__all__ = ['score_sections']


def score_sections(run: Run) -> list[Section]:
    """Show accuracy by class, confusion and calibration.

    Args:
        run (Run): The run; without a test, the sections say so.

    Returns:
        list[Section]: Three sections, or one that says what is left out.
    """
    if run.test is None:
        text = (
            'Accuracy by class, confusion matrix and calibration were left '
            'out: they need a test of the checkpoint, and --no-test was given.'
        )
        return [Section('test', 'Test', [notice(text)])]
    few, many = run.thresholds
    result = grouped_accuracy(
        run.test.scores, run.test.labels, run.counts, many=many, few=few
    )
    return [
        _classes(run, run.test, result),
        _confusion(run, run.test),
        _calibration(run, run.test),
    ]


def _confusions(test: Scores) -> np.ndarray:
    size = test.scores.shape[1]
    found = np.zeros((size, size))
    np.add.at(found, (test.labels, test.scores.argmax(axis=1)), 1)
    return found


def _classes(run: Run, test: Scores, result: GroupedAccuracy) -> Section:
    section = Section('classes', 'Accuracy by class')
    source = run.checkpoint.name if run.checkpoint else 'the checkpoint'
    section.content.append(
        paragraph(
            f'Test of {source}: {len(test.labels):,} clips, '
            f'{percent(result.overall)} % right, mean over the classes '
            f'{percent(result.mean_class)} %.'
        )
    )
    if run.counts is None:
        text = 'The training samples per class are unknown.'
        section.content.append(notice(text))
    else:
        section.content += [
            _group_table(result),
            _scatter(run, run.counts, result),
        ]
    section.content.append(
        '<details><summary>Table of all classes</summary>'
        + _class_table(run, test, result)
        + '</details>'
    )
    return section


def _group_table(result: GroupedAccuracy) -> str:
    rows = [
        (
            name,
            str(group.num_classes),
            str(group.num_samples),
            percent(group.accuracy),
        )
        for name, group in result.groups.items()
    ]
    return table(
        ('group', 'classes', 'test clips', 'accuracy (%)'), rows, 'tnnn'
    )


def _scatter(run: Run, counts: np.ndarray, result: GroupedAccuracy) -> str:
    path = plot_accuracy_by_count(
        counts,
        result.per_class,
        run.folder / 'classes.png',
        classes=run.classes,
        thresholds=run.thresholds,
    )
    return figure(
        path,
        'Scatter plot of the accuracy of each class against its training '
        'samples; the table below has the numbers.',
    )


def _class_table(run: Run, test: Scores, result: GroupedAccuracy) -> str:
    size = len(result.support)
    names = run.classes or [str(index) for index in range(size)]
    few, many = run.thresholds
    counts = np.full(size, np.nan) if run.counts is None else run.counts
    groups = [''] * size
    if run.counts is not None:
        groups = class_groups(counts, many=many, few=few).tolist()
    wrong = _confusions(test)
    np.fill_diagonal(wrong, 0)
    rows = []
    for k in np.argsort(-counts, kind='stable').tolist():
        other = int(wrong[k].argmax())
        share = wrong[k, other] / max(result.support[k], 1)
        rows.append(
            (
                names[k],
                groups[k],
                f'{counts[k]:.0f}' if np.isfinite(counts[k]) else '–',
                str(result.support[k]),
                percent(result.per_class[k]),
                f'{names[other]} ({percent(share)} %)' if share else '–',
            )
        )
    header = (
        'class',
        'group',
        'training samples',
        'test clips',
        'accuracy (%)',
        'most often taken for',
    )
    return table(header, rows, 'ttnnnt')


def _confusion(run: Run, test: Scores) -> Section:
    path = plot_confusion(
        _confusions(test),
        run.folder / 'confusion.png',
        class_counts=run.counts,
        classes=run.classes,
        thresholds=run.thresholds,
    )
    text = (
        'Each row adds up to 100 %. Classes are sorted by training samples, '
        'so that what a rare class loses to frequent ones lies left of the '
        'diagonal.'
    )
    alt = (
        'Confusion matrix of the true classes, as rows, against the '
        'predicted ones, as columns.'
    )
    return Section('confusion', 'Confusion matrix', [figure(path, alt, text)])


def _calibration(run: Run, test: Scores) -> Section:
    section = Section('calibration', 'Calibration')
    scores = np.asarray(test.scores, dtype=np.float64)
    if scores.min() < 0 or not np.allclose(scores.sum(1), 1, atol=1e-2):
        scores = softmax(scores, axis=1)
        section.content.append(
            paragraph('The scores are no probabilities; a softmax was taken.')
        )
    whole = expected_calibration_error(scores, test.labels)
    section.content.append(
        paragraph(
            'Expected calibration error: the mean gap between confidence '
            'and accuracy over 15 bins of equal width, by samples (Guo et '
            'al., 2017).'
        )
    )
    rows = [_calibration_row('all', scores, test.labels)]
    if run.counts is not None:
        few, many = run.thresholds
        groups = class_groups(run.counts, many=many, few=few)[test.labels]
        for name in ('many', 'medium', 'few'):
            mine = groups == name
            if mine.any():
                row = _calibration_row(name, scores[mine], test.labels[mine])
                rows.append(row)
    header = (
        'true class',
        'clips',
        'ECE (%)',
        'mean confidence (%)',
        'accuracy (%)',
    )
    path = plot_reliability(whole, run.folder / 'reliability.png')
    alt = f'Reliability plot; expected calibration error {whole.ece:.3f}.'
    section.content.append(
        figures(figure(path, alt), table(header, rows, 'tnnnn'))
    )
    return section


def _calibration_row(
    name: str, scores: np.ndarray, labels: np.ndarray
) -> tuple[str, ...]:
    found = expected_calibration_error(scores, labels)
    right = float((scores.argmax(axis=1) == labels).mean())
    return (
        name,
        f'{len(labels):,}',
        percent(found.ece),
        percent(found.mean_confidence),
        percent(right),
    )
