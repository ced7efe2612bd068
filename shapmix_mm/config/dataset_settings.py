"""Datasets and their settings without the wrappers around them."""

from __future__ import annotations

from typing import Any, Iterator

from torch.utils.data import ConcatDataset, Dataset, Subset

__all__ = ['innermost', 'unrepeated']


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


def unrepeated(dataset: Any) -> Dataset:
    """A dataset without the wrappers that only repeat samples.

    Args:
        dataset (Dataset): Training dataset, wrapped or not.

    Returns:
        Dataset: Each sample once.
    """
    if isinstance(dataset, ConcatDataset):
        return ConcatDataset([unrepeated(part) for part in dataset.datasets])
    if hasattr(dataset, 'dataset') and not isinstance(dataset, Subset):
        return unrepeated(dataset.dataset)
    return dataset
