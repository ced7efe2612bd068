"""Tabulate finished runs: mean and 95 % interval over seeds, last epoch."""

from __future__ import annotations

import argparse
import json
from collections import defaultdict
from pathlib import Path

import numpy as np
from scipy import stats

KEYS = ('overall', 'many', 'medium', 'few', 'mean_class')


def parse_args() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        epilog='Each run is a work directory of tools/train.py, laid out as '
        'ROOT/METHOD/SEED. Runs that did not reach their last validation are '
        'named and left out.',
    )
    parser.add_argument('root', type=Path, help='folder of METHOD/SEED runs')
    parser.add_argument(
        '--epoch',
        type=int,
        help='epoch to read; the default is the last of the longest run',
    )
    return parser.parse_args()


def validations(run: Path) -> dict[int, dict[str, float]]:
    """Read what a run logged at each validation.

    Args:
        run (Path): Work directory; it may hold several logs, of resumes.

    Returns:
        dict[int, dict[str, float]]: Metrics by epoch, in percent.
    """
    found: dict[int, dict[str, float]] = {}
    for log in sorted(run.glob('*/vis_data/scalars.json')):
        for line in log.read_text().splitlines():
            entry = json.loads(line)
            if 'acc/overall' in entry:
                found[entry['step']] = {
                    key: 100 * entry[f'acc/{key}']
                    for key in KEYS
                    if f'acc/{key}' in entry
                }
    return found


def cell(values: list[float]) -> str:
    """Mean and half width of the 95 % t interval.

    Args:
        values (list[float]): One value per seed.

    Returns:
        str: Such as ``70.1 ± 1.2``; a dash without values.
    """
    if not values:
        return '-'
    if len(values) == 1:
        return f'{values[0]:.1f}'
    half = stats.sem(values) * stats.t.ppf(0.975, len(values) - 1)
    return f'{np.mean(values):.1f} ± {half:.1f}'


def table(root: Path, epoch: int | None) -> str:
    """Make the Markdown table.

    Args:
        root (Path): Folder of METHOD/SEED runs.
        epoch (int, optional): Epoch to read. None is the last.

    Returns:
        str: The table, and a line for each run left out.

    Raises:
        ValueError: If no run has a validation.
    """
    runs = {
        run: validations(run)
        for run in sorted(root.glob('*/*'))
        if run.is_dir()
    }
    ends = [max(found) for found in runs.values() if found]
    if not ends:
        raise ValueError(f'no run in {root}/METHOD/SEED has a validation')
    last = max(ends) if epoch is None else epoch
    methods: dict[str, list[dict[str, float]]] = defaultdict(list)
    notes = []
    for run, found in runs.items():
        if last in found:
            methods[run.parent.name].append(found[last])
        else:
            notes.append(f'left out: {run} has no validation of epoch {last}')
    lines = [
        '| method | seeds | ' + ' | '.join(KEYS) + ' |',
        '|---|---|' + '---|' * len(KEYS),
    ]
    for method, seeds in methods.items():
        cells = [cell([s[key] for s in seeds if key in s]) for key in KEYS]
        lines.append(
            f'| {method} | {len(seeds)} | ' + ' | '.join(cells) + ' |'
        )
    return '\n'.join(lines + notes)


def main() -> None:
    """Print the table."""
    args = parse_args()
    print(table(args.root, args.epoch))


if __name__ == '__main__':
    main()
