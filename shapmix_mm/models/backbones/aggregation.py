"""Graph aggregation over refined topologies: plain, and with little memory.

One refined topology per subset, channel and sample is by far the largest
tensor of a CTR-GCN. :func:`aggregate_plain` is the formula of the paper;
:class:`ChunkedAggregation` has the same value and gradients, works through a
few samples at a time, so that their topologies stay in the cache, and
computes them again in the backward pass instead of keeping them.
"""
from __future__ import annotations

from typing import Any, Iterator

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

# Topologies of one chunk; about the second-level cache of a CPU core.
CHUNK_BYTES = 2 * 2**20


def aggregate(x: Tensor, query: Tensor, key: Tensor, shared: Tensor,
              feature: tuple[Tensor, Tensor],
              refine: tuple[Tensor, Tensor]) -> Tensor:
    """Sum over the subsets of features times refined topologies, Eq. 3 to 6.

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
    args = (x, query, key, shared, *feature, *refine)
    if (x.device.type == 'cpu' and torch.is_grad_enabled()
            and not torch.compiler.is_compiling()
            and not torch.is_autocast_enabled('cpu')):
        return ChunkedAggregation.apply(*args)
    return aggregate_plain(*args)


def aggregate_plain(x: Tensor, query: Tensor, key: Tensor, shared: Tensor,
                    w_feature: Tensor, b_feature: Tensor, w_refine: Tensor,
                    b_refine: Tensor) -> Tensor:
    """:func:`aggregate` as the formula reads."""
    y = torch.zeros(())
    for s in range(len(shared)):
        correlation = torch.tanh(query[s].unsqueeze(-1)
                                 - key[s].unsqueeze(-2))
        refined = torch.addmm(b_refine[s][:, None], w_refine[s],
                              correlation.flatten(1))
        topology = shared[s] + refined.view(-1, *correlation.shape[1:])
        features = torch.addmm(b_feature[s][:, None], w_feature[s],
                               x.flatten(1)).view(-1, *x.shape[1:])
        z = torch.matmul(features, topology)
        y = y + z if s else z
    return y


class ChunkedAggregation(torch.autograd.Function):
    """:func:`aggregate_plain`, a few samples at a time."""

    @staticmethod
    def forward(ctx: Any, *args: Tensor) -> Tensor:
        """Aggregate; the arguments are those of :func:`aggregate_plain`."""
        ctx.save_for_backward(*args)
        x, w_feature = args[0], args[4]
        out = x.new_empty(w_feature.size(1), *x.shape[1:])
        for chunk, features, _, topology, _ in _chunks(*args):
            y = torch.bmm(features[0], topology[0])
            for f, p in zip(features[1:], topology[1:]):
                y.baddbmm_(f, p)
            out[:, chunk] = y.view_as(out[:, chunk])
        return out

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, ...]:
        """Gradients of all arguments."""
        args = ctx.saved_tensors
        x, w_feature = args[0], args[4]
        grads = [torch.zeros_like(arg) for arg in args]
        (g_x, g_query, g_key, g_shared, g_wf, g_bf, g_wr, g_br) = grads
        V = x.size(-1)
        for chunk, features, correlation, topology, weight in _chunks(*args):
            g_y = grad[:, chunk].reshape(features.shape[1:])
            g_topology = torch.empty_like(topology)
            for s, (f, p) in enumerate(zip(features, topology)):
                torch.bmm(f.transpose(1, 2), g_y, out=g_topology[s])
                torch.bmm(g_y, p.transpose(1, 2), out=f)
            g_features = features.view(w_feature.size(0) * w_feature.size(1), -1)
            g_x[:, chunk] = torch.mm(w_feature.flatten(0, 1).t(), g_features).view_as(g_x[:, chunk])
            xc = x[:, chunk].reshape(x.size(0), -1)
            g_wf.view(-1, x.size(0)).addmm_(g_features, xc.t())
            g_bf.view(-1).add_(g_features.sum(1))
            g_top = g_topology.view(weight.size(0), weight.size(1), -1)
            g_w = torch.bmm(g_top, correlation.transpose(1, 2))
            g_wr += g_w[:, :, :-2]
            g_br += g_w[:, :, -1]
            g_c = torch.bmm(weight.transpose(1, 2), g_top).view(*correlation.shape[:2], -1, V, V)
            g_shared += g_c[:, -2].sum(1)
            c = correlation.view_as(g_c)[:, :-2]
            g_d = torch.ops.aten.tanh_backward(g_c[:, :-2], c)
            g_query[:, :, chunk] = g_d.sum(-1)
            g_key[:, :, chunk] = g_d.sum(-2).neg_()
        return tuple(grads)


def _chunks(x: Tensor, query: Tensor, key: Tensor, shared: Tensor,
            w_feature: Tensor, b_feature: Tensor, w_refine: Tensor,
            b_refine: Tensor) -> Iterator[tuple]:
    S, C, R = w_refine.shape
    _, N, T, V = x.shape
    size = max(1, CHUNK_BYTES // (S * C * V * V * 4))
    # Shared topology and bias ride along as two more channels of the
    # correlation, which makes the whole topology one matrix product.
    weight = torch.cat([w_refine, torch.ones_like(b_refine)[..., None], b_refine[..., None]], 2)
    w, b = w_feature.flatten(0, 1), b_feature.flatten()[:, None]
    n = 0
    for start in range(0, N, size):
        chunk = slice(start, min(start + size, N))
        if n != chunk.stop - start:
            n = chunk.stop - start
            correlation = x.new_ones(S, R + 2, n, V, V)
            correlation[:, -2] = shared[:, None]
        d = correlation[:, :R]
        torch.sub(query[:, :, chunk].unsqueeze(-1), key[:, :, chunk].unsqueeze(-2), out=d)
        d.mul_(2).sigmoid_().mul_(2).sub_(1)
        flat = correlation.view(S, R + 2, -1)
        topology = torch.bmm(weight, flat).view(S, C * n, V, V)
        features = torch.addmm(b, w, x[:, chunk].reshape(x.size(0), -1)).view(S, C * n, T, V)
        yield chunk, features, flat, topology, weight
