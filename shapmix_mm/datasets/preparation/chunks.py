"""Items that are converted together."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from .shard_file import write_shard
from .skipped import Skipped, UnusableFile


class Converter(Protocol):
    """Makes a sample of an item, in any process: it must pickle."""

    def __call__(self, item: Any) -> dict[str, Any]:
        """Convert one item; UnusableFile says why it cannot be."""

    def name(self, item: Any) -> str:
        """What a report calls the item."""

    def fingerprint(self, item: Any) -> str:
        """Text that changes when the result for the item may change."""


class Chunk(NamedTuple):
    """Items that are converted together, and where their result lies."""

    path: Path
    items: Sequence[Any]


def convert_chunk(chunk: Chunk, convert: Converter) -> int:
    """Convert the items of a chunk, and write the result.

    Args:
        chunk (Chunk): What to convert, and where the result goes.
        convert (Converter): Makes a sample of an item.

    Returns:
        int: Items of the chunk.

    Raises:
        OSError: If the disk refuses the result.
    """
    samples: list[dict[str, Any]] = []
    skipped: list[Skipped] = []
    for item in chunk.items:
        name = convert.name(item)
        try:
            samples.append(dict(convert(item), source=name))
        except UnusableFile as error:
            skipped.append(Skipped(name, error.reason, error.detail))
        except MemoryError as error:
            skipped.append(Skipped(name, 'too large', str(error)))
    write_shard(chunk.path, samples, skipped)
    return len(chunk.items)
