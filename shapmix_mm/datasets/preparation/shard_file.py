"""The file that holds the results of one chunk."""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ...serialization import RestrictedUnpickler, write_whole
from .skipped import Skipped


class DamagedShard(ValueError):
    """A file of results that is not as it was written."""


def write_shard(
    path: str | Path,
    samples: Sequence[dict[str, Any]],
    skipped: Sequence[Skipped],
) -> None:
    """Write the results of a chunk, in whole or not at all.

    Args:
        path (str or Path): Where to.
        samples (Sequence[dict]): Each with ``frame_dir`` and ``source``.
        skipped (Sequence[Skipped]): What was left out.
    """
    # A reader that admits plain data only knows no class of ours.
    plain = [tuple(entry) for entry in skipped]
    content = dict(samples=list(samples), skipped=plain)
    write_whole(path, pickle.dumps(content, protocol=4))


def read_shard(
    path: str | Path, count: int
) -> tuple[list[dict[str, Any]], list[Skipped]]:
    """Read the results of a chunk back.

    Args:
        path (str or Path): What :func:`write_shard` wrote.
        count (int): Items of the chunk.

    Returns:
        tuple[list[dict], list[Skipped]]: Samples, and what was left out.

    Raises:
        DamagedShard: If it cannot be read, or holds anything else than one
            result for each item.
    """
    try:
        with Path(path).open('rb') as handle:
            content = RestrictedUnpickler(handle).load()
        samples = content['samples']
        skipped = [Skipped(*entry) for entry in content['skipped']]
        if not _is_whole(samples, skipped, count):
            raise ValueError(f'no results of {count} items')
    except Exception as error:
        # A damaged pickle can fail in any opcode, with any exception.
        why = ' '.join(f'{type(error).__name__}: {error}'.split())
        raise DamagedShard(f'work file {path} is damaged ({why})') from error
    return samples, skipped


def _is_whole(samples: Any, skipped: list[Skipped], count: int) -> bool:
    """Whether there is one usable result for each item."""
    return (
        isinstance(samples, list)
        and len(samples) + len(skipped) == count
        and all(
            isinstance(sample, dict) and {'frame_dir', 'source'} <= set(sample)
            for sample in samples
        )
        and all(isinstance(text, str) for entry in skipped for text in entry)
    )
