"""From samples that come one by one to an annotation file and a report."""

from __future__ import annotations

import pickle
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Callable

from ...serialization import check_writable, whole_file
from .shards import ShardRun
from .skipped import Skipped, skipped_summary, write_skipped


def report_path(path: str | Path) -> Path:
    """Where the report of an annotation file goes, beside it.

    Args:
        path (str or Path): The annotation file.

    Returns:
        Path: The report.
    """
    return Path(f'{path}.skipped.csv')


def check_target(path: str | Path, *sources: str | Path) -> None:
    """Refuse an annotation file that could not be written, or its report.

    Args:
        path (str or Path): Annotation file to write; missing folders are
            made.
        *sources (str or Path): Files that it is made from.

    Raises:
        ValueError: If it is one of the sources, if it or its report is a
            folder, or if its folder takes no file.
    """
    if Path(path).resolve() in [Path(source).resolve() for source in sources]:
        raise ValueError(f'{path} is read, and would be written over: --out')
    for target in (path, report_path(path)):
        check_writable(target)


def stream_annotations(
    path: str | Path,
    annotations: Iterable[dict[str, Any]],
    split: Callable[[], dict[str, list[str]]],
) -> None:
    """Pickle ``{annotations, split}`` while the samples are made.

    The file is a plain dict with a plain list for any reader, but no more
    than one sample need be in memory while it is written.

    Args:
        path (str or Path): Pickle to write.
        annotations (Iterable[dict]): The samples, in the order of the file.
        split (callable): Gives the names of each split; called when all
            samples are written.
    """
    with whole_file(path) as part, part.open('wb') as handle:
        pickler = pickle.Pickler(handle, protocol=4)
        # The memo would hold every sample until the end.
        pickler.fast = True
        pickler.dump(
            dict(annotations=_LateList(annotations), split=_LateDict(split))
        )


class _LateList:
    """What unpickles as the list of the items of an iterable."""

    def __init__(self, items: Iterable[Any]) -> None:
        self.items = items

    def __reduce__(self) -> tuple:
        return list, (), None, iter(self.items)


class _LateDict:
    """What unpickles as a dict that is made when its turn comes."""

    def __init__(self, make: Callable[[], dict[str, Any]]) -> None:
        self.make = make

    def __reduce__(self) -> tuple:
        return dict, (), None, None, iter(self.make().items())


class NothingUsable(ValueError):
    """A run that gave no sample at all."""


def join_and_report(
    run: ShardRun,
    path: str | Path,
    split: Callable[[list[str]], dict[str, list[str]]],
    skipped: list[Skipped],
    *,
    total: int,
) -> dict[str, list[str]]:
    """Write annotation file and report, and sum up what was left out.

    Args:
        run (ShardRun): A run whose items are all converted.
        path (str or Path): Annotation file.
        split (callable): Sorts the names of all samples into splits.
        skipped (list[Skipped]): What was left out before the run; the rest
            is appended.
        total (int): Files or videos that there were.

    Returns:
        dict[str, list[str]]: The splits.

    Raises:
        NothingUsable: If there is no sample; the report is written all the
            same, for it says why.
    """
    try:
        made = write_samples(run, path, split, skipped)
    except NothingUsable:
        _tell(skipped, path, total)
        raise
    # Not after any other failure: only a part was read by then.
    _tell(skipped, path, total)
    return made


def write_samples(
    run: ShardRun,
    path: str | Path,
    split: Callable[[list[str]], dict[str, list[str]]],
    skipped: list[Skipped],
) -> dict[str, list[str]]:
    """Join the results of a run into one annotation file.

    Args:
        run (ShardRun): A run whose items are all converted.
        path (str or Path): Annotation file.
        split (callable): Sorts the names of all samples into splits.
        skipped (list[Skipped]): What the run left out is appended to it, as
            is each further sample of a name.

    Returns:
        dict[str, list[str]]: The splits.

    Raises:
        NothingUsable: If there is no sample; the file is left as it was.
    """
    sources: dict[str, str] = {}
    made: dict[str, list[str]] = {}

    def finished() -> dict[str, list[str]]:
        if not sources:
            raise NothingUsable(f'nothing usable, {path} is not written')
        made.update(split(list(sources)))
        return made

    stream_annotations(path, _first_of_name(run, sources, skipped), finished)
    return made


def _first_of_name(
    run: ShardRun, sources: dict[str, str], skipped: list[Skipped]
) -> Iterator[dict[str, Any]]:
    """Pass the first sample of each name, and note where it came from."""
    for sample in run.samples(skipped):
        name, source = sample['frame_dir'], sample.pop('source')
        if name in sources:
            detail = f'of {sources[name]}'
            skipped.append(Skipped(source, 'duplicate', detail))
            continue
        sources[name] = source
        yield sample


def write_report(skipped: list[Skipped], path: str | Path) -> Path:
    """Write the report of an annotation file, ordered by file.

    Args:
        skipped (list[Skipped]): What was left out.
        path (str or Path): The annotation file.

    Returns:
        Path: The report.
    """
    target = report_path(path)
    write_skipped(sorted(skipped), target)
    return target


def _tell(skipped: list[Skipped], path: str | Path, total: int) -> None:
    report = write_report(skipped, path)
    summary = skipped_summary(skipped, total)
    print(f'{summary} (names and reasons: {report})')
