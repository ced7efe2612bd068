"""Classes in the order of figures: by training count, with their groups."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.patches import Patch

from ..evaluation.functional import check_class_counts, class_groups
from .style import class_labels, group_legend

UNGROUPED = 'all'


@dataclass(frozen=True, eq=False)
class ClassOrder:
    """Classes sorted by training count, largest first.

    Args:
        indices (np.ndarray): Class at each place, (K,).
        labels (list[str]): Name and count at each place.
        groups (np.ndarray): Group at each place, (K,); ``'all'`` without
            counts.
        legend (list[Patch]): Legend entry of each group; none without
            counts.
    """

    indices: np.ndarray
    labels: list[str]
    groups: np.ndarray
    legend: list[Patch]

    @classmethod
    def by_count(
        cls,
        num_classes: int,
        class_counts: Sequence[float] | np.ndarray | None,
        classes: Sequence[str] | None,
        thresholds: tuple[float, float],
        max_length: int = 28,
    ) -> ClassOrder:
        """Sort classes.

        Args:
            num_classes (int): K.
            class_counts (Sequence[float] | np.ndarray, optional): Training
                samples (K,); None keeps the order.
            classes (Sequence[str], optional): Names; None shows indices.
            thresholds (tuple[float, float]): Counts (few, many) that bound
                the groups.
            max_length (int): Letters of a name. Defaults to 28.

        Returns:
            ClassOrder: The order.

        Raises:
            ValueError: If names or counts are of another number of classes.
        """
        labels = class_labels(classes, num_classes, max_length)
        if class_counts is None:
            everyone = np.full(num_classes, UNGROUPED)
            return cls(np.arange(num_classes), labels, everyone, [])
        counts = check_class_counts(class_counts, num_classes)
        groups = class_groups(counts, many=thresholds[1], few=thresholds[0])
        order = np.argsort(-counts, kind='stable')
        return cls(
            order,
            [f'{labels[i]} ({counts[i]:.0f})' for i in order.tolist()],
            groups[order],
            group_legend(counts, thresholds),
        )
