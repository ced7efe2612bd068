"""How the authors of CTR-GCN and its relatives start the classifier."""

from __future__ import annotations

import math

from mmaction.registry import WEIGHT_INITIALIZERS
from torch import nn

__all__ = ['ClassifierNormalInit']


@WEIGHT_INITIALIZERS.register_module()
class ClassifierNormalInit:
    """Weights of linear layers from N(0, 2 / K), K being their outputs.

    MMAction2's ``GCNHead`` draws with a standard deviation of 0.01 instead,
    and sets the biases to 0; here they stay as PyTorch draws them. For
    ``cls_head=dict(init_cfg=dict(type='ClassifierNormalInit'))``.
    """

    def __call__(self, module: nn.Module) -> None:
        """Draw the weights.

        Args:
            module (nn.Module): Its linear layers are meant.
        """
        for layer in module.modules():
            if isinstance(layer, nn.Linear):
                std = math.sqrt(2 / layer.out_features)
                nn.init.normal_(layer.weight, std=std)
