"""The comparison as one HTML page that needs nothing but itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from shapmix_mm.runs.page import (
    Section,
    facts_table,
    figure,
    notice,
    page,
    paragraph,
    table,
)
from shapmix_mm.visualization.method_intervals import (
    MeanOfSeeds,
    plot_method_intervals,
)

from .statistics import Interval
from .suite_text import Heading, cost_note, paired_note
from .summary import Setting
from .tables import Table, absolute_table, paired_table, runs_table

__all__ = ['comparison_page']


def comparison_page(
    heading: Heading, settings: Sequence[Setting], folder: Path
) -> str:
    """Write the page.

    Args:
        heading (Heading): What stands around the tables.
        settings (Sequence[Setting]): Datasets.
        folder (Path): Where figures are drawn.

    Returns:
        str: HTML.
    """
    head = [paragraph(heading.suite.about)] if heading.suite.about else []
    if heading.best:
        head.append(notice(heading.notes()[0]))
    if heading.unfinished():
        head.append(notice(heading.unfinished()))
    sections = [
        section
        for setting in settings
        for section in (
            _means(heading, setting, folder),
            _differences(setting, folder),
        )
    ]
    runs = Section('runs', 'Runs', [_html(runs_table(heading.results))])
    facts = Section('setup', 'Set-up', [facts_table(heading.facts())])
    return page(heading.title, head, [*sections, runs, facts])


def _means(heading: Heading, setting: Setting, folder: Path) -> Section:
    section = Section(setting.name, setting.title)
    section.content.append(_html(absolute_table(setting)))
    notes = [*heading.notes(), cost_note(setting)]
    section.content += [paragraph(note) for note in notes if note]
    numbers = {row.title: _numbers(row.cells) for row in setting.rows}
    if any(numbers.values()):
        base = setting.baseline.cells if setting.baseline else {}
        path = plot_method_intervals(
            numbers,
            folder / f'{setting.name}.png',
            unit='percent; dashed: mean of the baseline',
            reference={name: cell.mean for name, cell in base.items()},
        )
        alt = 'Mean and interval of each method; the table has the numbers.'
        section.content.append(
            figure(
                path,
                alt,
                'Small dots are seeds, large ones their means, bars 95 % t '
                'intervals.',
            )
        )
    return section


def _differences(setting: Setting, folder: Path) -> Section:
    base = setting.baseline.title if setting.baseline else 'the baseline'
    section = Section(
        f'{setting.name}-paired', f'{setting.title}: against {base}'
    )
    section.content.append(paragraph(paired_note(setting)))
    numbers = {
        row.title: _numbers(
            {name: one.difference for name, one in row.against.items()}
        )
        for row in setting.rows
        if row.against
    }
    if numbers:
        names = {name for cells in numbers.values() for name in cells}
        path = plot_method_intervals(
            numbers,
            folder / f'{setting.name}-paired.png',
            unit=f'points of percent above {base}',
            reference=dict.fromkeys(names, 0.0),
        )
        alt = 'Paired difference of each method; the table has the numbers.'
        section.content.append(figure(path, alt))
        section.content.append(
            '<details><summary>Table of all tests</summary>'
            + _html(paired_table(setting))
            + '</details>'
        )
    return section


def _numbers(cells: Mapping[str, Interval]) -> dict[str, MeanOfSeeds]:
    return {
        name: MeanOfSeeds(cell.values, cell.mean, cell.half)
        for name, cell in cells.items()
    }


def _html(one: Table) -> str:
    return table(one.header, one.rows, one.kinds)
