"""Stream-GCN: CTR-GCN whose relation passes a channel gate.

Yang et al., "Action Recognition with Multi-stream Motion Modeling and Mutual
Information Maximization", IJCAI 2023.
"""

from __future__ import annotations

from typing import Any

import torch
from mmaction.registry import MODELS
from mmengine.model import ModuleList
from torch import Tensor, nn

from .channel_major import pointwise
from .ctrgcn import CTRGCN, SpatialModule


class GatedSpatialModule(SpatialModule):
    """Spatial module of CTR-GCN with another refinement of its topology.

    The relation of two joints is not squashed but gated, each channel by a
    sigmoid of its weighted mean over all pairs; a hyperbolic tangent follows
    the convolution that widens it.

    Args:
        in_channels (int): Channels of the input.
        out_channels (int): Channels of the output.
        A (Tensor): Adjacency of the S subsets (S, V, V).
        **kwargs: See :class:`SpatialModule`.
    """

    def __init__(
        self, in_channels: int, out_channels: int, A: Tensor, **kwargs: Any
    ) -> None:
        super().__init__(in_channels, out_channels, A, **kwargs)
        relation = self.convs[0].conv1.out_channels
        self.gates = ModuleList(
            nn.Conv1d(relation, relation, 1, groups=relation, bias=False)
            for _ in A
        )

    def aggregate(self, x: Tensor) -> Tensor:
        """Sum of the subsets' convolutions: (C, N, T, V) to (C', N, T, V)."""
        query, key = self.relation(x)
        mean = query.mean(-1) - key.mean(-1)
        weight = torch.stack([gate.weight.view(-1, 1) for gate in self.gates])
        gate = torch.sigmoid(weight * mean).unsqueeze(-1)
        features = pointwise(x, [conv.conv3 for conv in self.convs])
        y = x.new_zeros(())
        for conv, q, k, shared, f in zip(
            self.convs,
            (gate * query).unbind(),
            (gate * key).unbind(),
            self.A.unbind(),
            features.chunk(len(self.convs)),
        ):
            # The convolution is linear: it widens each joint's part of the
            # relation, not that of each pair.
            q = pointwise(q, [conv.conv4]).unsqueeze(-1)
            k = pointwise(k, [conv.conv4]) - conv.conv4.bias.view(-1, 1, 1)
            refined = torch.tanh(q - k.unsqueeze(-2))
            topology = shared + self.alpha * refined
            y = y + torch.matmul(f, topology.transpose(-1, -2))
        return y


@MODELS.register_module()
class StreamGCN(CTRGCN):
    """CTR-GCN of its authors with a gated relation.

    Arguments are those of :class:`CTRGCN`; ``variant`` can only be
    ``'authors'``. Its published scores rest on six streams and on
    ``StreamHead``.

    Args:
        graph_cfg (dict): See :class:`CTRGCN`.
        in_channels (int): Channels of a joint. Defaults to 3.
        **kwargs: Further arguments of :class:`CTRGCN`.
    """

    spatial = GatedSpatialModule

    def __init__(
        self, graph_cfg: dict, in_channels: int = 3, **kwargs: Any
    ) -> None:
        super().__init__(graph_cfg, in_channels, variant='authors', **kwargs)
