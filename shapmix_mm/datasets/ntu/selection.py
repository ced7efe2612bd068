"""Which raw files are tried, by their names alone."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from ..preparation import Skipped, SourceFile, UnusableFile
from .names import parse_file_name


def select_files(
    files: Iterable[SourceFile],
    nturgbd: int,
    missing: Collection[str] = frozenset(),
) -> tuple[list[SourceFile], list[Skipped]]:
    """Sort out what the names alone tell.

    Args:
        files (Iterable[SourceFile]): All files there are.
        nturgbd (int): The set, 60 or 120.
        missing (Collection[str]): Samples known to lack their skeletons.
            Defaults to none.

    Returns:
        tuple[list[SourceFile], list[Skipped]]: Files to convert, ordered by
        the names of their samples, files of one name side by side and those
        of one path as they were; and what was left out.
    """
    chosen: list[tuple[str, SourceFile]] = []
    skipped: list[Skipped] = []
    for file in files:
        try:
            name, _ = parse_file_name(file.name, nturgbd)
            if name in missing:
                raise UnusableFile('on the missing list')
            chosen.append((name, file))
        except UnusableFile as error:
            skipped.append(Skipped(file.name, error.reason, error.detail))
    chosen.sort(key=lambda pair: (pair[0], pair[1].source, pair[1].name))
    return [file for _, file in chosen], skipped
