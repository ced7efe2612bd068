"""Losses for long-tailed training, with hard and with soft targets."""

from .balanced_softmax_loss import BalancedSoftmaxLoss

__all__ = ['BalancedSoftmaxLoss']
