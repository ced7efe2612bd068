"""Keep the classifier's weights of each class within a ball."""

from __future__ import annotations

import math
from typing import Any

import torch
from mmaction.registry import HOOKS
from mmengine.hooks import Hook
from mmengine.runner import Runner
from torch import nn

from ...arguments import Fraction, Positive
from ...config.launch import bare_model

__all__ = ['MaxNormHook', 'linear_classifier']

_KEY = 'max_norm_radius'


@HOOKS.register_module()
class MaxNormHook(Hook):
    r"""MaxNorm constraint of weight balancing.

    .. math:: W_k \leftarrow \min(1, \delta / \lVert W_k \rVert_2) \, W_k

    The radius lies between the smallest and the largest norm of the
    classifier that the training starts with, :math:`\delta = r_{min} +
    share \, (r_{max} - r_{min})`. Checkpoints hold it, and a resumed run goes
    on with it. The bias is free. Source: Alshammari et al., Long-Tailed
    Recognition via Weight Balancing, CVPR 2022; its released code projects at
    the end of each epoch only (``by_epoch``).

    Args:
        share (float): Place of the radius between the two norms, in [0, 1].
            Defaults to 0.1.
        radius (float, optional): The radius itself. Defaults to None, from
            ``share``.
        by_epoch (bool): Whether to project after each epoch and not after
            each step. Defaults to False.
    """

    # Before anything that copies or saves the weights of the step.
    priority = 'ABOVE_NORMAL'

    def __init__(
        self,
        *,
        share: Fraction = 0.1,
        radius: Positive | None = None,
        by_epoch: bool = False,
    ) -> None:
        self.share, self.radius, self.by_epoch = share, radius, by_epoch

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Take the radius of the run that goes on.

        Args:
            runner (Runner): The runner.
            checkpoint (dict): What was loaded.
        """
        if runner._resume and _KEY in checkpoint:
            self.radius = checkpoint[_KEY]

    def before_train(self, runner: Runner) -> None:
        """Measure the classifier that the training starts with.

        Args:
            runner (Runner): The runner, its checkpoint loaded.

        Raises:
            TypeError: If there is no linear classifier.
            ValueError: If its norms give no radius.
        """
        self._layer = linear_classifier(runner, type(self).__name__)
        if self.radius is None:
            norms = self._layer.weight.detach().norm(dim=1)
            least, most = norms.min().item(), norms.max().item()
            self.radius = least + self.share * (most - least)
        if not 0 < self.radius < math.inf:
            raise ValueError(
                'MaxNormHook needs a classifier of finite norms, not all of '
                f'them 0; they give the radius {self.radius}'
            )
        runner.logger.info(f'MaxNorm: radius {self.radius:.6g}')

    def after_train_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: Any = None,
        outputs: dict | None = None,
    ) -> None:
        """Project after a step.

        Args:
            runner (Runner): The runner.
            batch_idx (int): Index of the batch in the epoch.
            data_batch (dict): The batch.
            outputs (dict): Losses of the step.
        """
        if not self.by_epoch:
            self._project()

    def after_train_epoch(self, runner: Runner) -> None:
        """Project after an epoch.

        Args:
            runner (Runner): The runner.
        """
        if self.by_epoch:
            self._project()

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Keep the radius.

        Args:
            runner (Runner): The runner.
            checkpoint (dict): What will be saved, changed in place.
        """
        checkpoint[_KEY] = self.radius

    def _project(self) -> None:
        if self.radius is not None:
            with torch.no_grad():
                self._layer.weight.renorm_(2, 0, self.radius)


def linear_classifier(runner: Runner, owner: str) -> nn.Linear:
    """The last layer of a recognizer.

    Args:
        runner (Runner): The runner.
        owner (str): Who asks, for the message.

    Returns:
        nn.Linear: Row k of its weight belongs to class k.

    Raises:
        TypeError: If the head has none, or one that ignores the norms.
    """
    model = bare_model(runner)
    layer = getattr(getattr(model, 'cls_head', None), 'fc', None)
    if not isinstance(layer, nn.Linear):
        raise TypeError(
            f'{owner} changes the norms of a linear classifier cls_head.fc, '
            'as GCNHead and FeatureGCNHead have one; got '
            f'{type(layer).__name__}'
        )
    return layer
