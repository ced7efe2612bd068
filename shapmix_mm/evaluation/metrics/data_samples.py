"""Scores and labels of samples as a recognizer returns them."""

from __future__ import annotations

from collections.abc import Sequence

import torch


def read_score(sample: dict) -> torch.Tensor:
    """Read the scores of a sample.

    Args:
        sample (dict): Model output with ``pred_score``.

    Returns:
        torch.Tensor: Scores ``(K,)``, not copied.

    Raises:
        KeyError: If there are none.
        TypeError: If they are not one tensor with one axis.
    """
    if 'pred_score' not in sample:
        raise KeyError(
            "data sample has no 'pred_score', expected the scores "
            'that the head predicts'
        )
    score = sample['pred_score']
    if not isinstance(score, torch.Tensor) or score.ndim != 1:
        what = (
            f'shape {tuple(score.shape)}'
            if isinstance(score, torch.Tensor)
            else type(score).__name__
        )
        raise TypeError(
            f'pred_score must be one tensor of shape (classes,), got {what}'
        )
    return score


def read_labels(samples: Sequence[dict]) -> list[int]:
    """Read the only label of each sample, all of them in one copy.

    On a GPU each label that is read alone waits for the device.

    Args:
        samples (Sequence[dict]): Model outputs with ``gt_label``.

    Returns:
        list[int]: The classes.

    Raises:
        KeyError: If a sample has none.
        TypeError: If it has several, or it is no integer.
    """
    labels = [_label(sample) for sample in samples]
    if not labels:
        return []
    return torch.cat([label.reshape(1) for label in labels]).tolist()


def _label(sample: dict) -> torch.Tensor:
    if 'gt_label' not in sample:
        raise KeyError("data sample has no 'gt_label', expected its class")
    label = torch.as_tensor(sample['gt_label'])
    if label.numel() != 1:
        raise TypeError(
            'gt_label must be a single class, got '
            f'{label.numel()} values; LongTailMetric is not '
            'defined for multi-label data'
        )
    if label.is_floating_point():
        raise TypeError(f'gt_label must be an integer, got {label.dtype}')
    return label
