"""Tabulate finished runs: mean and 95 % interval over seeds, last epoch."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

import shapmix_mm  # noqa: F401  (registers modules, cures stock wheels)
from shapmix_mm.arguments import PositiveInt, option
from shapmix_mm.evaluation import describe_thresholds, thresholds_of
from shapmix_mm.runs.pages import markdown, needed
from shapmix_mm.runs.run import (
    ACCURACIES,
    RunError,
    find_runs,
    lacks,
    load_run_config,
    planned_end,
    read_log,
)
from shapmix_mm.runs.statistics import interval


def parse_args() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        epilog='Each run is a work directory of tools/train.py, wherever it '
        'lies below ROOT. Runs in METHOD/SEED, with a whole number as SEED, '
        'are seeds of a method; any other is a row of its own. Runs that did '
        'not reach their last validation are named and left out.',
    )
    parser.add_argument('root', type=Path, help='folder with runs below it')
    parser.add_argument(
        '--epoch',
        type=option(PositiveInt),
        help='epoch to read; the default is the planned end of each run, or '
        'the last epoch of the longest where its config is missing',
    )
    return parser.parse_args()


def read_run(folder: Path, root: Path) -> dict[str, Any]:
    """Read a run as a row.

    Args:
        folder (Path): Work directory; it may hold several logs, of resumes.
        root (Path): Folder of all runs.

    Returns:
        dict[str, Any]: Folder, method, log, and where its config is known
        thresholds and planned epochs.
    """
    names = folder.resolve().relative_to(root.resolve()).parts
    seeded = len(names) > 1 and names[-1].isdecimal()
    row: dict[str, Any] = dict(
        folder=folder,
        method='/'.join(names[:-1] if seeded else names) or folder.name,
        log=read_log(folder),
        end=None,
        groups='unknown',
    )
    try:
        _, cfg = load_run_config(folder)
    except RunError:
        return row
    few, many = thresholds_of(cfg)
    end, unit = planned_end(cfg)
    return dict(row, end=end, unit=unit, groups=describe_thresholds(many, few))


def read_runs(root: Path, epoch: int | None) -> tuple[Any, list[str]]:
    """Read all runs.

    Args:
        root (Path): Folder with runs below it.
        epoch (int, optional): Epoch to read. None is each run's planned
            end, or the last of the longest where its config is missing.

    Returns:
        tuple[DataFrame, list[str]]: A row per run with its accuracies in
        percent, and a line for each run left out or damaged.

    Raises:
        RunError: If no run has a validation.
    """
    notes, rows = [], []
    for folder in find_runs(root):
        try:
            rows.append(read_run(folder, root))
        except RunError as error:
            notes.append(f'left out: {error}')
    ends = [row['log'].last()[0] for row in rows if row['log'].last()]
    if not ends:
        raise RunError(f'no run below {root} has a validation')
    last = max(ends) if epoch is None else epoch
    kept = []
    for row in rows:
        log, planned = row['log'], row['end'] or last
        notes += [f'damaged: {place}' for place in log.damaged]
        end = last if epoch is not None else planned
        found = log.at(end)
        if found:
            kept.append(dict(row, **{n: 100 * v for n, v in found.items()}))
            continue
        missing = lacks(
            row['folder'],
            log,
            end,
            unit=row.get('unit', 'epoch'),
            checkpoint=False,
        )
        notes.append(
            f'left out: {row["folder"]} has no validation of epoch {end}: '
            f'{missing}'
        )
    columns = ['folder', 'method', 'groups', *ACCURACIES]
    return needed('pandas').DataFrame(kept, columns=columns), notes


def table(root: Path, epoch: int | None) -> str:
    """Make the Markdown table.

    Args:
        root (Path): Folder with runs below it.
        epoch (int, optional): Epoch to read. None is each run's planned
            end, or the last of the longest where its config is missing.

    Returns:
        str: The table, what the groups are, and a line for each run left
        out.

    Raises:
        RunError: If no run has a validation.
    """
    runs, notes = read_runs(root, epoch)
    rows = []
    for method, seeds in runs.groupby('method', sort=False):
        row = dict(method=method, seeds=str(len(seeds)))
        for name in ACCURACIES:
            cell = interval(seeds[name].dropna().tolist())
            row[name] = cell.text() if cell else '-'
        rows.append(row)
    if not rows:
        return '\n'.join(notes)
    lines = [markdown(needed('pandas').DataFrame(rows), 'tnnnnnn')]
    for groups, some in runs.groupby('groups', sort=False):
        names = ', '.join(dict.fromkeys(some.method))
        of = '' if runs.groups.nunique() == 1 else f' of {names}'
        lines.append(f'groups{of}: {groups}')
    return '\n'.join([*lines, *notes])


def main() -> None:
    """Print the table."""
    args = parse_args()
    try:
        print(table(args.root, args.epoch))
    except RunError as error:
        sys.exit(f'error: {error}')


if __name__ == '__main__':
    main()
