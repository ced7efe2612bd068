"""Graph aggregation over refined topologies: plain, and with little memory.

One refined topology per subset, channel and sample is by far the largest
tensor of a CTR-GCN. :func:`aggregate_plain` is the formula of the paper
(Chen et al., ICCV 2021, Eq. 3 to 6). :class:`ChunkedAggregation` has the same
value and gradients, but works through a few samples at a time, so that their
topologies stay in the cache, and computes these again in the backward pass
instead of keeping them.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from .channel_major import is_traced
from .chunks import chunks, product_backward, topology_weight, weights_backward

# Size of the topologies of one chunk: about the second-level cache of a core.
CHUNK_BYTES = 2 * 2**20
# With as many channels, features cost more to compute again than to read.
KEEP_FEATURES_FROM = 48


def aggregate(
    x: Tensor,
    query: Tensor,
    key: Tensor,
    shared: Tensor,
    *,
    feature: tuple[Tensor, Tensor],
    refine: tuple[Tensor, Tensor],
) -> Tensor:
    """Sum over the subsets of features times refined topologies.

    Args:
        x (Tensor): Activations (C, N, T, V).
        query (Tensor): Per joint and subset (S, R, N, V).
        key (Tensor): Likewise (S, R, N, V).
        shared (Tensor): Topology shared by all samples (S, V, V).
        feature (tuple[Tensor, Tensor]): Weight (S, C', C) and bias (S, C')
            that map activations to features.
        refine (tuple[Tensor, Tensor]): Weight (S, C', R) and bias (S, C')
            that map the correlation of two joints to what the shared
            topology is refined by.

    Returns:
        Tensor: Aggregated features (C', N, T, V).
    """
    args = (x.contiguous(), query, key, shared, *feature, *refine)
    # Compilers and exporters want one graph without a loop, a GPU fills
    # itself only with all samples at once, and autocast (which has cast the
    # query) chooses the precision of each operation by itself.
    full = query.dtype in (torch.float32, torch.float64)
    if x.device.type == 'cpu' and full and not is_traced():
        return ChunkedAggregation.apply(*args)
    return aggregate_plain(*args)


def aggregate_plain(
    x: Tensor,
    query: Tensor,
    key: Tensor,
    shared: Tensor,
    w_feature: Tensor,
    b_feature: Tensor,
    w_refine: Tensor,
    b_refine: Tensor,
) -> Tensor:
    """:func:`aggregate` as the formula reads."""
    y = x.new_zeros(())
    for s in range(len(shared)):
        correlation = torch.tanh(query[s].unsqueeze(-1) - key[s].unsqueeze(-2))
        refined = torch.addmm(
            b_refine[s][:, None], w_refine[s], correlation.flatten(1)
        )
        topology = shared[s] + refined.view(-1, *correlation.shape[1:])
        features = torch.addmm(
            b_feature[s][:, None], w_feature[s], x.flatten(1)
        ).view(-1, *x.shape[1:])
        y = y + torch.matmul(features, topology)
    return y


class ChunkedAggregation(torch.autograd.Function):
    """:func:`aggregate_plain`, a few samples at a time."""

    @staticmethod
    def forward(ctx: Any, *args: Tensor) -> Tensor:
        """Aggregate; the arguments are those of :func:`aggregate_plain`."""
        x, w_feature = args[0], args[4]
        ctx.size = _chunk_size(x, w_feature)
        keep = x.size(0) >= KEEP_FEATURES_FROM and any(ctx.needs_input_grad)
        out = x.new_empty(w_feature.size(1), *x.shape[1:])
        kept = []
        for chunk in chunks(args, size=ctx.size, reuse=not keep):
            y = torch.bmm(chunk.features[0], chunk.topology[0])
            for f, p in zip(chunk.features[1:], chunk.topology[1:]):
                y.baddbmm_(f, p)
            part = out[:, chunk.samples]
            part.copy_(y.view_as(part))
            kept += [chunk.features] * keep
        ctx.save_for_backward(*args, *kept)
        return out

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, ...]:
        """Gradients of all arguments."""
        args, kept = ctx.saved_tensors[:8], ctx.saved_tensors[8:]
        w_feature, _, w_refine, b_refine = args[4:]
        g_x = torch.empty_like(args[0])
        grads = [
            torch.zeros_like(arg, memory_format=torch.contiguous_format)
            for arg in args[1:]
        ]
        g_query, g_key, g_shared, *g_weights = grads
        w_feature_t = w_feature.flatten(0, 1).t()
        w_topology_t = topology_weight(w_refine, b_refine).transpose(1, 2)
        for chunk in chunks(args, size=ctx.size, kept=kept):
            g_features, g_topology = product_backward(
                chunk, grad[:, chunk.samples]
            )
            torch.mm(
                w_feature_t, g_features, out=g_x.flatten(1)[:, chunk.columns]
            )
            weights_backward(chunk, g_features, g_topology, g_weights)
            g_correlation = torch.bmm(w_topology_t, g_topology)
            g_correlation = g_correlation.view_as(chunk.correlation)
            g_shared += g_correlation[:, -2].sum(1)
            tanh = chunk.correlation[:, :-2]
            g_distance = g_correlation[:, :-2] * (1 - tanh * tanh)
            g_query[:, :, chunk.samples] = g_distance.sum(-1)
            g_key[:, :, chunk.samples] = g_distance.sum(-2).neg_()
        return (g_x, *grads)


def _chunk_size(x: Tensor, w_feature: Tensor) -> int:
    """Number of samples whose topologies the caches hold."""
    (S, C, _), (_, N, _, V) = w_feature.shape, x.shape
    room = CHUNK_BYTES * torch.get_num_threads()
    return min(max(room // (S * C * V * V * x.element_size()), 1), N)
