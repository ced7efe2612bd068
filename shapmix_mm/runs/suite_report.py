"""Write the comparison of a suite: Markdown, CSV, figures, one HTML page."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

from .results import Result
from .suite import Suite
from .suite_csv import runs_csv, summary_csv
from .suite_page import comparison_page
from .suite_text import Heading, comparison_markdown
from .summary import summarize

__all__ = ['write_comparison']


def write_comparison(
    suite: Suite,
    results: Sequence[Result],
    out: Path,
    *,
    baseline: str | None = None,
    best: bool = False,
    command: str = '',
) -> list[Path]:
    """Write tables and page, and the page's figures as files of their own.

    Args:
        suite (Suite): The suite.
        results (Sequence[Result]): Its runs.
        out (Path): Folder to write to.
        baseline (str, optional): Method that the others are tested against.
            Defaults to None, the suite's.
        best (bool): Whether the numbers are those of the epoch that is best
            on the test set. Defaults to False.
        command (str): Command line that did the runs. Defaults to ''.

    Returns:
        list[Path]: The files.
    """
    settings = summarize(results, baseline or suite.baseline)
    heading = Heading(suite, results, best, command)
    with tempfile.TemporaryDirectory() as folder:
        page = comparison_page(heading, settings, Path(folder))
        figures = {p.name: p.read_bytes() for p in Path(folder).glob('*.png')}
    texts = {
        'report.md': comparison_markdown(heading, settings),
        'report.html': page,
        'summary.csv': summary_csv(settings, heading.selection),
        'runs.csv': runs_csv(results, heading.selection),
    }
    out.mkdir(parents=True, exist_ok=True)
    contents = {name: text.encode() for name, text in texts.items()}
    contents.update(sorted(figures.items()))
    for name, content in contents.items():
        part = out / f'.{name}.{os.getpid()}.tmp'
        part.write_bytes(content)
        os.replace(part, out / name)
    return [out / name for name in contents]
