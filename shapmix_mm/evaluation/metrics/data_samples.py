"""Score and label of a sample as a recogniser returns it."""

from __future__ import annotations

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


def read_label(sample: dict) -> int:
    """Read the only label of a sample.

    Args:
        sample (dict): Model output with ``gt_label``.

    Returns:
        int: The class.

    Raises:
        KeyError: If there is none.
        TypeError: If there are several, or it is no integer.
    """
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
    return int(label)
