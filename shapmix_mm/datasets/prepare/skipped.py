"""Files that a preparation leaves out, each with its reason."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from ...serialization import write_whole


class UnusableFile(ValueError):
    """A raw file that does not become a sample.

    Args:
        reason (str): A few words that many files share, for counting.
        detail (str): What is wrong with this file. Defaults to ''.
    """

    def __init__(self, reason: str, detail: str = '') -> None:
        super().__init__(reason, detail)
        self.reason = reason
        self.detail = detail


class Skipped(NamedTuple):
    """One file that was left out.

    Args:
        file (str): Its path, within the folder or archive it came from.
        reason (str): As of :class:`UnusableFile`.
        detail (str): What is wrong with it, or ''. Defaults to ''.
    """

    file: str
    reason: str
    detail: str = ''


def write_skipped(skipped: Sequence[Skipped], path: str | Path) -> None:
    """Write a report with one row per file; only a header if there is none.

    Args:
        skipped (Sequence[Skipped]): What was left out.
        path (str or Path): CSV to write, in whole or not at all.
    """
    text = io.StringIO(newline='')
    writer = csv.writer(text, lineterminator='\n')
    writer.writerow(Skipped._fields)
    writer.writerows(skipped)
    # Archives and disks hold names that are no Unicode.
    content = text.getvalue().encode('utf-8', 'backslashreplace')
    write_whole(path, content)


def skipped_summary(skipped: Sequence[Skipped], total: int) -> str:
    """Sum up in one line.

    Args:
        skipped (Sequence[Skipped]): What was left out.
        total (int): Files or samples that there were.

    Returns:
        str: How many were left out, and how many for each reason, the
        commonest first.
    """
    line = f'skipped {len(skipped):,} of {total:,}'
    if not skipped:
        return line
    reasons = Counter(entry.reason for entry in skipped).most_common()
    listed = ', '.join(f'{count:,} {reason}' for reason, count in reasons)
    return f'{line}: {listed}'
