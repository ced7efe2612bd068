"""Graph aggregation: over refined topologies, and over a graph per subset.

One refined topology per subset, channel and sample is by far the largest
tensor of a CTR-GCN. :func:`aggregate_plain` is the formula of the paper
(Chen et al., ICCV 2021, Eq. 3 to 6). :class:`ChunkedAggregation` has the same
value and gradients, but works through a few samples at a time, so that their
topologies stay in the cache, and computes these again in the backward pass
instead of keeping them.
"""

from __future__ import annotations

from typing import Any, Iterator, NamedTuple, Sequence

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from .channel_major import is_traced

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
    parts = (query, key, shared, w_feature, b_feature, w_refine, b_refine)
    for q, k, graph, w_f, b_f, w_r, b_r in zip(*(p.unbind() for p in parts)):
        correlation = torch.tanh(q.unsqueeze(-1) - k.unsqueeze(-2))
        refined = torch.addmm(b_r[:, None], w_r, correlation.flatten(1))
        topology = graph + refined.view(-1, *correlation.shape[1:])
        features = torch.addmm(b_f[:, None], w_f, x.flatten(1))
        y = y + torch.matmul(features.view(-1, *x.shape[1:]), topology)
    return y


def aggregate_subsets(x: Tensor, graphs: Tensor) -> Tensor:
    """Sum over subsets of features (S, B, V) times graphs (S, V, V)."""
    (first, *parts), (graph, *others) = x.unbind(), graphs.unbind()
    y = torch.mm(first, graph)
    # Autocast casts for no operation in place, and what counts multiply-adds,
    # on the meta device, knows none.
    same = x.dtype == graphs.dtype == y.dtype
    in_place = same and not x.is_meta and not is_traced()
    for part, graph in zip(parts, others):
        if in_place:
            y.addmm_(part, graph)
        else:
            y = torch.addmm(y, part, graph)
    return y


def aggregate_scales(x: Tensor, graphs: Tensor) -> Tensor:
    """Features (B, V) times each of several graphs (S, V, V), (S, B, V)."""
    if is_traced() or x.device.type not in ('cpu', 'cuda'):
        return torch.matmul(x, graphs)
    # The gradient is not cast as autocast casts the product.
    with torch.autocast(x.device.type, enabled=False):
        return ScaleAggregation.apply(x, graphs.to(x.dtype))


class ScaleAggregation(torch.autograd.Function):
    """A batched product whose gradient adds the graphs' shares in place."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, graphs: Tensor) -> Tensor:
        """Multiply."""
        ctx.save_for_backward(x, graphs)
        return torch.bmm(x.expand(len(graphs), -1, -1), graphs)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, Tensor]:
        """Gradients of features and graphs."""
        x, graphs = ctx.saved_tensors
        g_x = torch.mm(grad[0], graphs[0].t())
        for part, graph in zip(grad[1:], graphs[1:]):
            g_x.addmm_(part, graph.t())
        g_graphs = torch.stack([torch.mm(x.t(), part) for part in grad])
        return g_x, g_graphs


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
