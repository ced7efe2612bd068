"""Writing an annotation file sample by sample, in whole or not at all."""

from __future__ import annotations

import os
import pickle
from collections.abc import Iterable
from pathlib import Path
from typing import IO, Any, Callable

from .disk import FULL


def write_whole(path: str | Path, write: Callable[[IO[bytes]], Any]) -> None:
    """Write a file beside its target and move it there in one step.

    Args:
        path (str or Path): Where to; missing folders are made.
        write (callable): Writes the content to the open file it is given.

    Raises:
        OSError: If the disk refuses it; a full disk names the file.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    scratch = path.with_name(f'{path.name}.{os.getpid()}.part')
    try:
        with scratch.open('wb') as handle:
            write(handle)
            handle.flush()
            os.fsync(handle.fileno())
        os.replace(scratch, path)
    except OSError as error:
        # A write that finds no room does not say of which file.
        if error.errno in FULL:
            error.filename = str(path)
        raise
    finally:
        scratch.unlink(missing_ok=True)


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

    def write(handle: IO[bytes]) -> None:
        pickler = pickle.Pickler(handle, protocol=4)
        # The memo would hold every sample until the end.
        pickler.fast = True
        pickler.dump(
            dict(annotations=_LateList(annotations), split=_LateDict(split))
        )

    write_whole(path, write)


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
