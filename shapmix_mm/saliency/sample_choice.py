"""Samples of a dataset by name, by class and by seed."""

from __future__ import annotations

import random
from typing import Any, Sequence

import numpy as np
import torch
from torch.utils.data import Dataset, Subset

__all__ = ['SeededSamples', 'choose_samples', 'sample_labels', 'sample_name']


class SeededSamples(Dataset):
    """Chosen samples, each with random draws of its own.

    What a random transform makes of a sample then depends on its index
    alone, not on the rank, the loader process or the samples before it. The
    global random state is not put back.

    Args:
        samples (Dataset): All samples.
        indices (Sequence[int], optional): Those to serve. Defaults to None:
            all.
        seed (int): Seed of the draws. Defaults to 0.
    """

    # Not called `dataset`: what it wraps must not be unwrapped again.
    def __init__(
        self, samples: Any, indices: Sequence[int] | None = None, seed: int = 0
    ) -> None:
        self.samples = samples
        self.indices = range(len(samples)) if indices is None else indices
        self.seed = seed

    def __len__(self) -> int:
        return len(self.indices)

    def __getitem__(self, position: int) -> Any:
        index = self.indices[position]
        state = np.random.SeedSequence([self.seed, index]).generate_state(1)
        random.seed(int(state[0]))
        np.random.seed(int(state[0]))
        torch.manual_seed(int(state[0]))
        return self.samples[index]

    def get_data_info(self, position: int) -> dict:
        """What the annotation file tells of a sample.

        Args:
            position (int): Position among the served samples.

        Returns:
            dict: Annotation.
        """
        return _info(self.samples, self.indices[position])


def _info(dataset: Any, index: int) -> dict:
    if isinstance(dataset, Subset):
        return _info(dataset.dataset, dataset.indices[index])
    method = getattr(dataset, 'get_data_info', None)
    return {} if method is None else method(index)


def sample_name(dataset: Any, index: int) -> str:
    """Name of a sample, for messages and files.

    Args:
        dataset (Dataset): Dataset.
        index (int): Index of the sample.

    Returns:
        str: Its ``frame_dir`` or ``filename``, or else ``number`` and the
        index.
    """
    info = _info(dataset, index)
    return str(info.get('frame_dir', info.get('filename', f'number {index}')))


def sample_labels(dataset: Any) -> list[Any]:
    """Labels as the annotation file has them; no pipeline is run.

    Args:
        dataset (Dataset): Dataset.

    Returns:
        list: One entry for each sample; None where it tells none.
    """
    return [
        _info(dataset, index).get('label') for index in range(len(dataset))
    ]


def choose_samples(
    labels: Sequence[Any],
    *,
    classes: Sequence[int] | None = None,
    max_per_class: int | None = None,
    seed: int = 0,
) -> list[int]:
    """Choose samples of some classes, at most so many of each.

    Args:
        labels (Sequence[int]): Label of each sample.
        classes (Sequence[int], optional): Classes to keep. Defaults to None:
            all.
        max_per_class (int, optional): Most samples of a class; which ones,
            is drawn. Defaults to None: all.
        seed (int): Seed of the draw. Defaults to 0.

    Returns:
        list[int]: Ascending indices.

    Raises:
        ValueError: If ``max_per_class`` is not positive, or a sample has not
            one label.
    """
    if max_per_class is not None and max_per_class < 1:
        raise ValueError(
            f'max_per_class must be positive, got {max_per_class}'
        )
    groups: dict[Any, list[int]] = {}
    for index, label in enumerate(labels):
        if not isinstance(label, (int, np.integer)) or label < 0:
            raise ValueError(
                f'sample {index} has label {label!r}, expected a class index'
            )
        if classes is None or label in classes:
            groups.setdefault(label, []).append(index)
    chosen: list[int] = []
    for label, indices in groups.items():
        # A class of its own stream: other classes do not change its draw.
        order = np.random.default_rng([seed, label]).permutation(len(indices))
        chosen += [indices[i] for i in order[:max_per_class].tolist()]
    return sorted(chosen)
