"""Fill the tables of results on the pages from the committed runs.

A table says by its first column which methods it has, by its header what it
tells of them. To add a row, write its name (that of the suite) and run this.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from shapmix_mm.runs.statistics import compare, holm, interval, joint
from shapmix_mm.runs.suite import DatasetEntry, Suite, read_suite

sys.path.insert(0, str(Path(__file__).parent))
from config_table import write_pages  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]
PAGES = ROOT / 'README.md', ROOT / 'docs' / 'longtail_results.md'
# Suite below a heading, and the dataset of its tables that begin with methods;
# those that begin with a metric are over all datasets of the suite.
SECTIONS = {
    'Results': ('core', 'ltmsrc12'),
    'The sets together': ('core', ''),
    'LT-MSRC-12': ('core', 'ltmsrc12'),
    'LT-NW-UCLA by subject': ('core', 'ltnwucla-folds'),
    'LT-UTD-MHAD': ('core', 'ltutdmhad'),
    'LT-Penn-Action': ('core', 'ltpennaction'),
    'LT-SBU by pair': ('core', 'ltsbu'),
    'The demo set': ('demo', 'demo'),
    'Who is pasted': ('demo', 'demo'),
    'How much guidance can give': ('demo-oracle', 'demo'),
}
METRICS = {
    **{name: name for name in ('overall', 'many', 'medium', 'few')},
    'few-shot': 'few',
    'mean class': 'mean_class',
    'ECE': 'ece',
}
# Short names of those that the others are compared with.
BASELINES = {
    'BS': 'balsoftmax',
    'BS of 2 x epochs': 'balsoftmax-2x',
    'ST-Mix': 'stmix',
    'Shap-Mix': 'shapmix',
}
LEVEL = 0.05


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        '--check',
        action='store_true',
        help='write nothing; 1 if a table is not what it should be',
    )
    return parser.parse_args(argv)


class Results:
    """What the committed runs tell of the methods of a suite.

    Args:
        suite (Suite): The suite.
        runs (pd.DataFrame): Runs, of the columns of ``runs.csv``.
        datasets (list[DatasetEntry]): Datasets of the suite.
    """

    def __init__(
        self, suite: Suite, runs: pd.DataFrame, datasets: list[DatasetEntry]
    ) -> None:
        self.methods = {entry.title: entry for entry in suite.methods}
        self.runs = runs
        self.datasets = datasets

    def values(
        self, dataset: DatasetEntry, method: str, metric: str
    ) -> dict[int, float]:
        """Values of a method in percent, by seed."""
        runs = self.runs
        rows = runs[(runs.dataset == dataset.name) & (runs.method == method)]
        return dict(zip(rows.seed, 100 * rows[metric]))

    def column(self, titles: list[str], what: str) -> list[str]:
        """Cells of a column, a method a row.

        Args:
            titles (list[str]): Titles of the methods.
            what (str): A metric, or ``METRIC less BASELINE``.

        Returns:
            list[str]: Mean and 95 % interval; bold for a difference that is
            clear of zero after Holm's correction over the methods of the
            rows; empty where a method is compared with itself or was not
            trained. What trains for more epochs is a control, not a method.
        """
        methods = [self.methods[title].name for title in titles]
        if ' less ' not in what:
            (dataset,) = self.datasets
            every = [self.values(dataset, m, METRICS[what]) for m in methods]
            found = [interval([*v.values()], dataset.overlap) for v in every]
            return [one.text() if one else '' for one in found]
        title, _, other = what.partition(' less ')
        cells, ps = zip(
            *(
                self.difference(method, METRICS[title], BASELINES[other])
                for method in methods
            )
        )
        counted = [
            p if self.methods[title].times == 1 else None
            for title, p in zip(titles, ps)
        ]
        return [
            f'**{cell}**' if p is not None and p < LEVEL else cell
            for cell, p in zip(cells, holm(counted))
        ]

    def difference(
        self, method: str, metric: str, baseline: str
    ) -> tuple[str, float | None]:
        """Cell of a difference, see :meth:`column`, and its p.

        Several datasets count alike, as in the joint test of a report; those
        without runs of both are left out, and the cell says so.
        """
        found = [
            compare(
                self.values(dataset, method, metric),
                self.values(dataset, baseline, metric),
                dataset.overlap,
            )
            for dataset in self.datasets
        ]
        if method == baseline or not any(found):
            return '', None
        if len(found) == 1 and found[0]:
            return found[0].difference.text(sign=True), found[0].p
        together = joint(
            [one.difference.values if one else () for one in found],
            [dataset.overlap for dataset in self.datasets],
        )
        if together is None:
            return '', None
        cell = f'{together.mean:+.1f} ({together.low:+.1f} to '
        cell += f'{together.high:+.1f})'
        if together.sets < len(found):
            cell += f', {together.sets} sets'
        return cell, together.p


def fill(text: str, runs: pd.DataFrame) -> str:
    """Fill the tables of a page.

    Args:
        text (str): The page.
        runs (pd.DataFrame): All committed runs.

    Returns:
        str: The page with the tables of :data:`SECTIONS` filled.
    """
    parts = re.split(r'^## (.*)\n', text, flags=re.MULTILINE)
    return parts[0] + ''.join(
        f'## {title}\n{fill_section(title, body, runs)}'
        for title, body in zip(parts[1::2], parts[2::2])
    )


def fill_section(title: str, text: str, runs: pd.DataFrame) -> str:
    """Fill the tables of a section, those of its subsections left out."""
    if title not in SECTIONS:
        return text
    name, dataset = SECTIONS[title]
    file = ROOT / 'tools' / 'benchmark' / 'suites' / f'{name}.yaml'
    suite = read_suite(file, ROOT / 'configs')
    every = Results(suite, runs, suite.datasets)
    one = Results(
        suite, runs, [d for d in suite.datasets if d.name == dataset]
    )
    own, *below = re.split(r'^(?=### )', text, flags=re.MULTILINE)
    filled = re.sub(
        r'^\| (method|overall|few-shot) .*\n(?:\|.*\n)+',
        lambda found: table(found[0], one if found[1] == 'method' else every),
        own,
        flags=re.MULTILINE,
    )
    return ''.join([filled, *below])


def table(text: str, results: Results) -> str:
    """Fill a table whose first column names methods.

    Args:
        text (str): The table.
        results (Results): Where its cells come from.

    Returns:
        str: The table; columns that are no metric stay as they are.
    """
    head, _, *rows = (
        [cell.strip() for cell in line.strip('|').split('|')]
        for line in text.splitlines()
    )
    titles = [row[0] for row in rows]
    columns = [[head[0], *titles]]
    for at, title in enumerate(head[1:], 1):
        cells = [row[at] for row in rows]
        what = f'{head[0]} {title}' if title.startswith('less ') else title
        if ' less ' in what or what in METRICS:
            cells = results.column(titles, what)
        columns.append([title, *cells])
    widths = [max(map(len, column)) for column in columns]
    return _markdown(zip(*columns), widths)


def _markdown(rows: Iterable[tuple[str, ...]], widths: list[int]) -> str:
    """Write a table, the first column to the left, the others to the right."""
    lines = []
    for first, *others in rows:
        cells = [first.ljust(widths[0])]
        cells += [cell.rjust(w) for cell, w in zip(others, widths[1:])]
        lines.append(f'| {" | ".join(cells)} |\n')
    rules = ['-' * widths[0], *('-' * (w - 1) + ':' for w in widths[1:])]
    lines.insert(1, f'| {" | ".join(rules)} |\n')
    return ''.join(lines)


def main(argv: list[str] | None = None) -> int:
    """Fill the pages, or compare them."""
    check = parse_args(argv).check
    files = sorted((ROOT / 'docs' / 'results').glob('*/runs.csv'))
    runs = pd.concat(map(pd.read_csv, files), ignore_index=True)
    pages = ((p, fill(p.read_text(encoding='utf-8'), runs)) for p in PAGES)
    return write_pages(pages, check, __file__)


if __name__ == '__main__':
    sys.exit(main())
