"""Writing an annotation file sample by sample, in whole or not at all."""

from __future__ import annotations

import pickle
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Callable

from ...serialization import whole_file


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
