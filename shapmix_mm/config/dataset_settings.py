"""Dataset settings inside those of a dataloader."""

from __future__ import annotations

from typing import Any, Iterator

__all__ = ['innermost']


def innermost(node: Any) -> Iterator[dict]:
    """Dataset settings inside a dataloader's, through wrappers.

    Args:
        node (dict or list): Settings of a dataloader or dataset.

    Yields:
        dict: Settings of a dataset that wraps no other.
    """
    if isinstance(node, (list, tuple)):
        for item in node:
            yield from innermost(item)
    elif isinstance(node, dict):
        inner = [node[key] for key in ('dataset', 'datasets') if key in node]
        yield from innermost(inner) if inner else iter([node])
