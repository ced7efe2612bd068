"""Where results are written to."""

from __future__ import annotations

import tempfile
from pathlib import Path


def report_path(path: str | Path) -> Path:
    """Where the report of an annotation file goes, beside it.

    Args:
        path (str or Path): The annotation file.

    Returns:
        Path: The report.
    """
    return Path(f'{path}.skipped.csv')


def check_target(path: str | Path) -> None:
    """Refuse a path that could not be written after hours of work.

    Args:
        path (str or Path): Annotation file to write; missing folders are
            made.

    Raises:
        ValueError: If it or its report is a folder, or its folder takes no
            file.
    """
    path = Path(path)
    for target in (path, report_path(path)):
        if target.is_dir():
            raise ValueError(f'{target} is a folder, expected a file to write')
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # Permissions do not tell: some file systems refuse even root.
        with tempfile.TemporaryFile(dir=path.parent):
            pass
    except OSError as error:
        raise ValueError(
            f'{path} cannot be written, {path.parent} takes no file: '
            f'{error.strerror}'
        ) from error
