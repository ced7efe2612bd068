"""Level the norms of a trained classifier."""

from __future__ import annotations

import torch
from mmaction.registry import HOOKS
from mmengine.hooks import EMAHook, Hook
from mmengine.runner import Runner

from ...arguments import NonNegative
from .max_norm_hook import linear_classifier

__all__ = ['TauNormHook']


@HOOKS.register_module()
class TauNormHook(Hook):
    r"""Tau-normalisation, before the first step.

    .. math:: W_k \leftarrow W_k / \lVert W_k \rVert_2^\tau

    Together with ``SteplessTrainLoop`` it turns a trained model into a
    balanced one without any training. A resumed run is not changed again.
    Source: Kang et al., Decoupling Representation and Classifier for
    Long-Tailed Recognition, ICLR 2020; its released code leaves the bias out.

    Args:
        tau (float): 0 leaves the norms as they are, 1 makes them equal.
            Whoever tunes it has to do so on samples that neither the first
            stage nor the test uses. Defaults to 1.0.
        keep_bias (bool): Whether the bias stays; otherwise it is set to 0.
            Defaults to False.
    """

    def __init__(
        self, *, tau: NonNegative = 1.0, keep_bias: bool = False
    ) -> None:
        self.tau, self.keep_bias = tau, keep_bias

    def before_train(self, runner: Runner) -> None:
        """Normalise.

        Args:
            runner (Runner): The runner, its checkpoint loaded.

        Raises:
            TypeError: If there is no linear classifier.
        """
        layers = [linear_classifier(runner, type(self).__name__)]
        if runner._resume:
            return
        # Validated and saved in the weights' place, renewed by steps alone.
        layers += [
            hook.ema_model.module.cls_head.fc
            for hook in runner.hooks
            if isinstance(hook, EMAHook)
        ]
        with torch.no_grad():
            for layer in layers:
                norms = layer.weight.norm(dim=1, keepdim=True)
                # A class that is never predicted stays so.
                tiny = torch.finfo(norms.dtype).tiny
                layer.weight.div_(norms.clamp_min(tiny) ** self.tau)
                if layer.bias is not None and not self.keep_bias:
                    layer.bias.zero_()
