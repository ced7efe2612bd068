"""Joint positions behind the features that a dataset serves."""

from __future__ import annotations

from typing import Any

import numpy as np
from mmaction.datasets.transforms import GenSkeFeat, JointToBone, ToMotion
from torch.utils.data import ConcatDataset

from shapmix_mm.datasets import SkeletonFeatures
from shapmix_mm.skeletons import Layout
from shapmix_mm.visualization import bones_to_joints

from ..config.data import unrepeated

__all__ = ['feature_joints', 'stream_features']


def stream_features(dataset: Any) -> tuple[str, ...]:
    """Features that a dataset's pipeline joins along the channels.

    Args:
        dataset (Dataset): Dataset, wrapped or not.

    Returns:
        tuple[str, ...]: Out of 'j', 'b', 'jm' and 'bm'; joints alone if the
        pipeline makes no features.
    """
    inner: Any = unrepeated(dataset)
    while isinstance(inner, ConcatDataset) or hasattr(inner, 'dataset'):
        inner = getattr(inner, 'dataset', None) or inner.datasets[0]
    pipeline = getattr(inner, 'pipeline', None)
    feats: tuple[str, ...] = ('j',)
    for step in getattr(pipeline, 'transforms', None) or ():
        if isinstance(step, (SkeletonFeatures, GenSkeFeat)):
            feats = tuple(step.feats)
        elif isinstance(step, JointToBone) and step.target == 'keypoint':
            feats = ('b',)
        elif isinstance(step, ToMotion) and step.target == 'keypoint':
            feats = (f'{feats[0]}m',)
    return feats


def feature_joints(
    values: np.ndarray, feats: tuple[str, ...], layout: Layout
) -> np.ndarray:
    """Joint positions out of features; bones are put end to end.

    Args:
        values (np.ndarray): Features (..., V, C).
        feats (tuple[str, ...]): What the channels hold, in equal shares.
        layout (Layout): The layout.

    Returns:
        np.ndarray: Positions (..., V, 2 or 3), of bones with the root at the
        origin; joints that are all zero, as of absent persons, stay so.

    Raises:
        ValueError: If the features hold neither joints nor bones.

    Example:
        >>> feature_joints(np.ones((25, 6)), ('b', 'j'), layout).shape
        (25, 3)
    """
    layout.check_joints(values.shape[-2], 'the stream')
    if not {'j', 'b'} & set(feats):
        raise ValueError(
            f'features {list(feats)} hold motion alone, from which no body '
            "can be drawn; it takes 'j' or 'b' among them"
        )
    name = 'j' if 'j' in feats else 'b'
    share = values.shape[-1] // len(feats)
    first = feats.index(name) * share
    dims = min(share, 2 if layout.planar else 3)
    chosen = values[..., first : first + dims]
    return chosen if name == 'j' else bones_to_joints(chosen, layout)
