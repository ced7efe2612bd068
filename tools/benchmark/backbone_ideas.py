"""What each idea of the fast CTR-GCN brings: a ladder from the textbook form.

Every rung has the ideas of the rungs below it, the same parameters under the
same names, and the same outputs up to rounding.
"""

from __future__ import annotations

import argparse
from types import MethodType
from typing import Any, Callable
from unittest import mock

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from shapmix_mm.models.backbones import ctrgcn
from shapmix_mm.models.backbones.aggregation import aggregate_plain

__all__ = ['IDEAS', 'build_idea']

#: Rungs above the textbook form, the last but one first; ``ctrgcn`` is the
#: top, with the topologies of a few samples at a time.
IDEAS = {
    'mean_first': 'mean over time before the convolutions of the relation',
    'one_convolution': 'three subsets in one convolution',
    'matmul': 'topologies times features as a batched product',
    'channel_major': 'activations (C, N, T, V), 1x1 convolutions as products',
}
Build = Callable[[str, argparse.Namespace], nn.Module]


def build_idea(name: str, args: argparse.Namespace, build: Build) -> nn.Module:
    """Build a rung.

    Args:
        name (str): Key of ``IDEAS``.
        args (Namespace): Size, as ``build`` takes it.
        build (Callable): Builds ``ctrgcn`` and ``ctrgcn_textbook``.
    """
    if name == 'channel_major':
        return WholeTopologies(build('ctrgcn', args))
    model = build('ctrgcn_textbook', args)
    for module in model.modules():
        kind = type(module).__name__
        if name == 'mean_first' and kind == 'TextbookCTRGC':
            module.forward = MethodType(mean_first, module)
        elif name != 'mean_first' and kind == 'TextbookSpatial':
            product = matmul if name == 'matmul' else einsum
            module.forward = MethodType(spatial(product), module)
    return model


def mean_first(self: Any, x: Tensor, shared: Tensor, alpha: Tensor) -> Tensor:
    """``TextbookCTRGC.forward`` with the mean first: convolving is linear."""
    mean = x.mean(dim=2, keepdim=True)
    query, key = self.conv1(mean).squeeze(2), self.conv2(mean).squeeze(2)
    distance = torch.tanh(query[:, :, :, None] - key[:, :, None, :])
    return einsum(self.conv3(x), shared + alpha * self.conv4(distance))


def spatial(product: Callable[[Tensor, Tensor], Tensor]) -> Callable:
    """``TextbookSpatial.forward`` with the subsets side by side."""

    def forward(self: Any, x: Tensor) -> Tensor:
        mean = x.mean(dim=2, keepdim=True)
        query = together(self.convs, 'conv1', mean).squeeze(2)
        key = together(self.convs, 'conv2', mean).squeeze(2)
        distance = torch.tanh(query[:, :, :, None] - key[:, :, None, :])
        features = together(self.convs, 'conv3', x)
        S = len(self.convs)
        y = sum(
            product(f, shared + self.alpha * conv.conv4(d))
            for conv, shared, f, d in zip(
                self.convs, self.A, features.chunk(S, 1), distance.chunk(S, 1)
            )
        )
        return torch.relu(self.bn(y) + self.down(x))

    return forward


def together(convs: Any, name: str, x: Tensor) -> Tensor:
    """Apply one layer of all subsets in a single convolution."""
    layers = [getattr(conv, name) for conv in convs]
    return F.conv2d(
        x,
        torch.cat([layer.weight for layer in layers]),
        torch.cat([layer.bias for layer in layers]),
    )


def einsum(features: Tensor, topology: Tensor) -> Tensor:
    """Aggregate (N, C, T, V) over (N, C, V, V) as the textbook writes it."""
    return torch.einsum('ncuv,nctu->nctv', topology, features)


def matmul(features: Tensor, topology: Tensor) -> Tensor:
    """:func:`einsum` as one product of matrices per sample and channel."""
    return torch.matmul(features, topology)


class WholeTopologies(nn.Module):
    """Our CTR-GCN, with the topologies of all samples at once."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, x: Tensor) -> Tensor:
        """Run the model without chunks."""
        with mock.patch.object(ctrgcn, 'aggregate', whole):
            return self.model(x)


def whole(
    *args: Tensor,
    feature: tuple[Tensor, Tensor],
    refine: tuple[Tensor, Tensor],
) -> Tensor:
    """``aggregate`` by the formula as it reads."""
    return aggregate_plain(*args, *feature, *refine)
