"""Chunks of samples through the graph aggregation, and their gradients."""

from __future__ import annotations

from typing import Iterator, NamedTuple, Sequence

import torch
from torch import Tensor


class Chunk(NamedTuple):
    """What a few samples n need; B = C' * n are matrices of one product.

    Attributes:
        samples (slice): Which samples of the batch.
        columns (slice): Their columns in the activations (C, N * T * V).
        x (Tensor): These columns (C, n * T * V).
        correlation (Tensor): (S, R + 2, n, V, V). Of the two further
            channels one is the shared topology, the other is ones.
        features (Tensor): (S, B, T, V).
        topology (Tensor): (S, B, V, V).
    """

    samples: slice
    columns: slice
    x: Tensor
    correlation: Tensor
    features: Tensor
    topology: Tensor


def topology_weight(w_refine: Tensor, b_refine: Tensor) -> Tensor:
    """Weight (S, C', R + 2) that makes a topology one matrix product."""
    one = torch.ones_like(b_refine)
    return torch.cat([w_refine, torch.stack([one, b_refine], 2)], 2)


def chunks(
    args: Sequence[Tensor],
    *,
    size: int,
    reuse: bool = True,
    kept: Sequence[Tensor] = (),
) -> Iterator[Chunk]:
    """Features and topologies of a few samples after the other.

    Buffers serve every chunk, so that they stay cached: all of them, or
    without ``reuse`` all but the features.

    Args:
        args (Sequence[Tensor]): Arguments of ``aggregate_plain``.
        size (int): Samples in a chunk.
        reuse (bool): Whether the features' buffer serves every chunk.
            Defaults to True.
        kept (Sequence[Tensor]): Features of each chunk from an earlier pass.
            Defaults to ().

    Yields:
        Chunk: The next samples.
    """
    x, query, key, shared, w_feature, b_feature, w_refine, b_refine = args
    (S, C, R), (_, N, T, V) = w_refine.shape, x.shape
    w_topology = topology_weight(w_refine, b_refine)
    b_feature = b_feature.unsqueeze(-1)
    # tanh(z) = 2 sigmoid(2 z) - 1, and sigmoid is five times faster.
    query, key = 2 * query.unsqueeze(-1), 2 * key.unsqueeze(-2)
    n = 0
    for i, start in enumerate(range(0, N, size)):
        samples = slice(start, min(start + size, N))
        new = samples.stop - start != n
        if new:
            n = samples.stop - start
            correlation = x.new_ones(S, R + 2, n, V, V)
            correlation[:, -2] = shared.unsqueeze(1)
            topology = x.new_empty(S, C, n * V * V)
        distance = torch.sub(
            query[:, :, samples], key[:, :, samples], out=correlation[:, :R]
        )
        distance.sigmoid_().mul_(2).sub_(1)
        torch.bmm(w_topology, correlation.flatten(2), out=topology)
        columns = slice(start * T * V, samples.stop * T * V)
        part = x.flatten(1)[:, columns]
        if kept:
            features = kept[i]
        else:
            if new or not reuse:
                features = x.new_empty(S, C, n * T * V)
            wide = part.expand(S, -1, -1)
            torch.baddbmm(b_feature, w_feature, wide, out=features)
        factors = features.view(S, -1, T, V), topology.view(S, -1, V, V)
        yield Chunk(samples, columns, part, correlation, *factors)


def product_backward(chunk: Chunk, grad: Tensor) -> tuple[Tensor, Tensor]:
    """Gradients of a chunk's products with respect to their two factors.

    Args:
        chunk (Chunk): Features and topologies.
        grad (Tensor): Gradient of the output (C', n, T, V).

    Returns:
        tuple[Tensor, Tensor]: Of the features (S * C', n * T * V) and of the
        topologies (S, C', n * V * V).
    """
    C = grad.size(0)
    grad = grad.reshape(chunk.features.shape[1:])
    g_features = torch.empty_like(chunk.features)
    g_topology = torch.empty_like(chunk.topology)
    for s, (f, p) in enumerate(zip(chunk.features, chunk.topology)):
        torch.bmm(grad, p.transpose(1, 2), out=g_features[s])
        torch.bmm(f.transpose(1, 2), grad, out=g_topology[s])
    S = len(g_topology)
    return g_features.view(S * C, -1), g_topology.view(S, C, -1)


def weights_backward(
    chunk: Chunk, g_features: Tensor, g_topology: Tensor, grads: list[Tensor]
) -> None:
    """Add a chunk's share to the gradients of the weights and biases."""
    g_w_feature, g_b_feature, g_w_refine, g_b_refine = grads
    g_w_feature.flatten(0, 1).addmm_(g_features, chunk.x.t())
    g_b_feature.flatten().add_(g_features.sum(1))
    # This order of the factors is twice as fast as the other.
    share = torch.bmm(chunk.correlation.flatten(2), g_topology.transpose(1, 2))
    g_w_refine += share[:, :-2].transpose(1, 2)
    g_b_refine += share[:, -1]
