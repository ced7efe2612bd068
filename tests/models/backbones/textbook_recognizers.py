"""Recognizers written straight from their formulas, as references.

Stream-GCN (Yang et al., IJCAI 2023), HD-GCN (Lee et al., ICCV 2023), InfoGCN
(Chi et al., CVPR 2022), MS-G3D (Liu et al., CVPR 2020), MST-GCN (Chen et al.,
AAAI 2021), Shift-GCN (Cheng et al., CVPR 2020), SGN (Zhang et al., CVPR 2020)
and EfficientGCN (Song et al., TPAMI 2022), operation after operation on (N, C,
T, V) as their authors state them, with the parameters of ours under the same
names: what the package's forms have to agree with, and what they are timed
against.
"""

from __future__ import annotations

import copy
from types import MethodType
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from shapmix_mm.models.backbones.efficientgcn import input_branches

__all__ = ['textbook_form']


def textbook_form(model: Any, ctrgcn: nn.Module | None = None) -> nn.Module:
    """Return the textbook form of a backbone, with a copy of its weights.

    Args:
        model (nn.Module): One of the recognizers above; of ``MSG3D`` the
            authors' variant, of ``MSTGCN`` the released layers.
        ctrgcn (nn.Module, optional): For a ``StreamGCN``, the
            ``TextbookCTRGCN`` of its size, of which it is made.
    """
    if ctrgcn is not None:
        return stream_gcn(model, ctrgcn)
    plain = copy.deepcopy(model)
    plain.forward = MethodType(FORMS[type(model).__name__], plain)
    return plain


def conv_norm(layer: Any, x: Tensor) -> Tensor:
    """A convolution and its batch norm."""
    conv, norm = layer
    return norm(conv(x))


# -- what most have in common ------------------------------------------------


def normalised(self: Any, x: Tensor) -> Tensor:
    """Data norm of (N, M, T, V, C), persons as samples (N * M, C, T, V)."""
    N, M, T, V, C = x.shape
    y = x.permute(0, 1, 3, 4, 2).reshape(N, M * V * C, T)
    y = self.data_bn(y).view(N, M, V, C, T).permute(0, 1, 3, 4, 2)
    return y.contiguous().view(N * M, C, T, V)


def by_blocks(self: Any, x: Tensor, spatial: Any, temporal: Any) -> Tensor:
    """Spatial unit, temporal unit and a residual around both, ten times."""
    M = x.size(1)
    x = normalised(self, x)
    for block in self.net:
        y = temporal(block.tcn1, spatial(block.gcn1, x))
        if block.has_residual:
            y = y + shortcut(block.residual, x)
        x = torch.relu_(y)
    return x.unflatten(0, (-1, M))


def shortcut(layer: Any, x: Tensor) -> Tensor:
    """The input, or a 1x1 convolution and a batch norm of it."""
    if isinstance(layer, nn.Identity):
        return x
    return layer.bn(layer.conv(x))


def widened(unit: Any, x: Tensor) -> Tensor:
    """What the residual of a spatial unit adds."""
    return conv_norm(unit.down, x) if hasattr(unit, 'down') else x


def multi_scale(unit: Any, x: Tensor) -> Tensor:
    """Dilated, pooled and plain branches, joined."""
    y = torch.cat([branch(x) for branch in unit.branches], 1)
    if hasattr(unit, 'residual'):
        y = y + shortcut(unit.residual, x)
    return torch.relu_(y) if unit.final_act else y


# -- Stream-GCN --------------------------------------------------------------


def stream_gcn(model: Any, plain: Any) -> nn.Module:
    """CTR-GCN of its authors with gates on the relation."""
    for block, own in zip(plain.net, model.net):
        block.gcn1.gates = copy.deepcopy(own.gcn1.gates)
        block.gcn1.forward = MethodType(gated_spatial, block.gcn1)
    plain.load_state_dict(model.state_dict())
    return plain


def gated_spatial(self: Any, x: Tensor) -> Tensor:
    """Sum of the subsets, batch norm and a residual."""
    y = 0
    for conv, gate, shared in zip(self.convs, self.gates, self.A):
        query = conv.conv1(x).mean(dim=2)
        key = conv.conv2(x).mean(dim=2)
        relation = query[:, :, :, None] - key[:, :, None, :]
        weight = torch.sigmoid(gate(relation.mean(dim=(2, 3))[..., None]))
        refined = torch.tanh(conv.conv4(relation * weight[..., None]))
        topology = shared + self.alpha * refined
        y = y + torch.einsum('ncuv,nctv->nctu', topology, conv.conv3(x))
    return torch.relu(self.bn(y) + self.down(x))


# -- HD-GCN ------------------------------------------------------------------


def hdgcn(self: Any, x: Tensor) -> Tensor:
    """Ten blocks, see below."""
    return by_blocks(self, x, hierarchical, multi_scale)


def hierarchical(unit: Any, x: Tensor) -> Tensor:
    """Three graphs and an EdgeConv for each layer of the hierarchy."""
    layers = []
    for down, convs, graphs in zip(unit.conv_down, unit.conv, unit.PA):
        y = torch.relu_(conv_norm(down, x))
        parts = [
            conv_norm(conv, torch.einsum('nctu,vu->nctv', y, graph))
            for conv, graph in zip(convs, graphs)
        ]
        edges = edge_conv(convs[3].conv, y.mean(2), unit.near)
        parts.append(edges[:, :, None].expand(-1, -1, x.size(2), -1))
        layers.append(torch.cat(parts, 1))
    y = torch.stack(layers, 2)
    if hasattr(unit, 'aha'):
        y = y * layer_weights(unit.aha, y.amax(3))[..., None, None]
    return torch.relu_(unit.bn(y.sum(2)) + widened(unit, x))


def edge_conv(layers: Any, x: Tensor, k: int) -> Tensor:
    """EdgeConv over the k nearest of (N, C, V)."""
    N, C, V = x.shape
    square = x.square().sum(1)
    near = 2 * x.mT @ x - square[:, :, None] - square[:, None, :]
    nodes = near.topk(k, -1).indices.view(N, -1)
    rows = x.mT
    others = rows[torch.arange(N)[:, None], nodes].view(N, V, k, C)
    own = rows[:, :, None].expand(-1, -1, k, -1)
    pairs = torch.cat([others - own, own], 3).permute(0, 3, 1, 2)
    return F.leaky_relu(conv_norm(layers, pairs), 0.2).amax(-1)


def layer_weights(aha: Any, peaks: Tensor) -> Tensor:
    """Attention (N, C, L) from the largest over time (N, C, L, V)."""
    x = torch.relu_(conv_norm(aha.conv_down, peaks))
    layers = [
        x[:, :, i, members > 0].mean(-1)
        for i, members in enumerate(aha.members)
    ]
    x = edge_conv(aha.edge_conv.conv, torch.stack(layers, 2), aha.near)
    return torch.sigmoid(aha.aggregate(x))


# -- InfoGCN -----------------------------------------------------------------


def infogcn(self: Any, x: Tensor) -> Tensor:
    """Embedded differences, nine blocks."""
    x = self.to_joint_embedding(self.differences @ x) + self.pos_embedding
    return by_blocks(self, x, attentive, multi_scale)


def attentive(unit: Any, x: Tensor) -> Tensor:
    """Attention of each frame times a learned topology, for each head."""
    N, C, T, V = x.shape
    heads = len(unit.conv_d)
    rows = x.permute(0, 2, 3, 1).reshape(N * T, V, C)
    both = unit.attn.to_qk(unit.attn.ln(rows)).chunk(2, -1)
    query, key = (y.view(N * T, V, heads, -1).transpose(1, 2) for y in both)
    products = torch.einsum('bhid,bhjd->bhij', query, key)
    attention = torch.softmax(products * query.size(-1) ** -0.5, -1)
    graphs = attention * unit.shared_topology
    y = 0
    for head, conv in enumerate(unit.conv_d):
        seen = (graphs[:, head] @ rows).view(N, T, V, C)
        y = y + conv(seen.permute(0, 3, 1, 2).contiguous())
    return torch.relu_(unit.bn(y) + widened(unit, x))


# -- MS-G3D ------------------------------------------------------------------


def msg3d(self: Any, x: Tensor) -> Tensor:
    """Three stages of a joints' and a windows' pathway."""
    M = x.size(1)
    x = normalised(self, x)
    for stage in (1, 2, 3):
        graphs, *units = getattr(self, f'sgcn{stage}')
        y = scales(graphs, x)
        for unit in units:
            y = multi_scale(unit, y)
        for path in getattr(self, f'gcn3d{stage}').gcn3d:
            y = y + windows(path, x)
        x = multi_scale(getattr(self, f'tcn{stage}'), torch.relu_(y))
    return x.unflatten(0, (-1, M))


def scales(unit: Any, x: Tensor) -> Tensor:
    """All scales of a graph, their channels below each other, 1x1."""
    N, C, T, V = x.shape
    graphs = (unit.A + unit.PA).flatten(0, 1)
    y = torch.einsum('vu,nctu->nctv', graphs, x).view(N, C, T, -1, V)
    y = y.permute(0, 3, 1, 2, 4).reshape(N, -1, T, V)
    return torch.relu_(conv_norm(unit.mlp.layers, y))


def windows(path: Any, x: Tensor) -> Tensor:
    """Windows of frames as joints of one graph, collapsed afterwards."""
    N, C, _, V = x.shape
    unfold, graphs = path.gcn3d
    w = path.window
    y = F.unfold(
        x, (w, 1), padding=(w // 2, 0), stride=(unfold.stride, 1)
    ).view(N, C, w, -1, V)
    y = scales(graphs, y.transpose(2, 3).reshape(N, C, -1, w * V))
    y = path.out_conv(y.unflatten(3, (w, V))).squeeze(3)
    return path.out_bn(y)


# -- MST-GCN -----------------------------------------------------------------


def mstgcn(self: Any, x: Tensor) -> Tensor:
    """A plain block and nine of groups."""
    M = x.size(1)
    x = normalised(self, x)
    for number, block in enumerate(self.net):
        for unit, layer in ((block.gcn1, graph_norm), (block.tcn1, conv_bn)):
            if number == 0:
                x = torch.relu_(layer(unit.layer, x))
            else:
                x = grouped(unit, x, layer)
    return x.unflatten(0, (-1, M))


def grouped(unit: Any, x: Tensor, layer: Any) -> Tensor:
    """Each group of channels is added what the one before it came to."""
    rest = unit.residual
    rest = x if isinstance(rest, nn.Identity) else conv_norm(rest, x)
    if hasattr(unit, 'bn_in'):
        x = unit.bn_in(x)
    outs = []
    for group, own in zip(x.chunk(len(unit.layers), 1), unit.layers):
        if unit.chained and outs:
            group = group + outs[-1]
        outs.append(layer(own, group))
    return torch.relu_(torch.cat(outs, 1) + rest)


def graph_norm(layer: Any, x: Tensor) -> Tensor:
    """1x1 convolution for each subset, graphs, batch norm."""
    graphs = layer.conv.A + layer.conv.PA
    y = layer.conv.gcn(x).unflatten(1, (len(graphs), -1))
    return layer.bn(torch.einsum('nkctv,kvw->nctw', y, graphs))


def conv_bn(layer: Any, x: Tensor) -> Tensor:
    """Convolution over time and its batch norm."""
    return layer.bn(layer.conv(x))


# -- Shift-GCN ---------------------------------------------------------------


def shiftgcn(self: Any, x: Tensor) -> Tensor:
    """Ten blocks, see below."""
    return by_blocks(self, x, shift_joints, shift_frames)


def shift_joints(unit: Any, x: Tensor) -> Tensor:
    """Shift, mask, product, shift back on (N * T, V * C)."""
    N, C, T, V = x.shape
    rows = x.permute(0, 2, 3, 1).reshape(N * T, V * C)
    y = rows.index_select(1, joint_order(C, V, 1)).view(N * T, V, C)
    y = y * (torch.tanh(unit.Feature_Mask) + 1)
    y = torch.einsum('nvc,cd->nvd', y, unit.Linear_weight) + unit.Linear_bias
    order = joint_order(y.size(2), V, -1)
    y = unit.bn(y.flatten(1).index_select(1, order))
    y = y.view(N, T, V, -1).permute(0, 3, 1, 2)
    return torch.relu_(y + widened(unit, x))


def joint_order(C: int, V: int, sign: int) -> Tensor:
    """For column (v, c), the column (v + sign * c mod V, c)."""
    c = torch.arange(C)
    joint = (torch.arange(V)[:, None] + sign * c) % V
    return (joint * C + c).flatten()


def shift_frames(unit: Any, x: Tensor) -> Tensor:
    """Shift, 1x1 convolution, ReLU, shift, between batch norms."""
    y = FrameShift.apply(unit.bn(x), unit.shift_in, 1)
    y = torch.relu_(unit.temporal_linear(y))
    return unit.bn2(FrameShift.apply(y, unit.shift_out, unit.stride))


class FrameShift(torch.autograd.Function):
    """Interpolation between frames; the kernels' own rule for positions."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, position: Tensor, stride: int) -> Tensor:
        """Frame s * t + y_c, plus 1/2 where s is 2, zero outside."""
        moved = position + (0.5 if stride == 2 else 0)
        whole = moved.floor().long()
        share = (moved - whole)[:, None, None]
        frames = torch.arange(0, x.size(2), stride)
        before = frames_at(x, whole[:, None] + frames)
        after = frames_at(x, whole[:, None] + frames + 1)
        ctx.save_for_backward(after - before, whole, share)
        ctx.shape, ctx.stride = x.shape, stride
        return before * (1 - share) + after * share

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, Tensor, None]:
        """A frame gives its gradient to the two that it was taken from."""
        slope, whole, share = ctx.saved_tensors
        true = (slope * grad).sum((2, 3)).mean(0)
        rule = torch.where(true == 0, 1e-4, 0.01 * true.sign())
        full = grad.new_zeros(ctx.shape)
        full[:, :, :: ctx.stride] = grad
        frames = torch.arange(ctx.shape[2]) - whole[:, None]
        own = frames_at(full, frames) * (1 - share)
        return own + frames_at(full, frames - 1) * share, rule, None


def frames_at(x: Tensor, frames: Tensor) -> Tensor:
    """Frames (C, T') of (N, C, T, V), zero where there is none."""
    inside = (frames >= 0) & (frames < x.size(2))
    channels = torch.arange(x.size(1))[:, None]
    taken = x[:, channels, frames.clamp(0, x.size(2) - 1)]
    return taken * inside[..., None]


# -- SGN ---------------------------------------------------------------------


def sgn(self: Any, x: Tensor) -> Tensor:
    """Maps (N, C, V, T), convolved by 1x1; one-hot vectors as maps too."""
    M, T, V = x.shape[1:4]
    x = x.flatten(0, 1).permute(0, 3, 2, 1)
    moved = F.pad(x[..., 1:] - x[..., :-1], (1, 0))
    joint = torch.eye(V).to(x)[None, :, :, None].expand(len(x), V, V, T)
    frame = torch.eye(T).to(x)[None, :, None, :].expand(len(x), T, V, T)
    y = embed(self.joint_embed, x) + embed(self.dif_embed, moved)
    y = torch.cat([y, embed(self.spa_embed, joint)], 1)
    query = pointwise(self.query, y).permute(0, 3, 2, 1)
    key = pointwise(self.key, y).permute(0, 3, 1, 2)
    graph = torch.softmax(query @ key, -1)
    for gcn in (self.gcn1, self.gcn2, self.gcn3):
        around = (graph @ y.permute(0, 3, 2, 1)).permute(0, 3, 2, 1)
        both = pointwise(gcn.neighbours, around) + pointwise(gcn.own, y)
        y = torch.relu(normalise(gcn.norm, both))
    y = (y + embed(self.tem_embed, frame)).amax(2)
    return self.frames(y).amax(2).view(-1, M, 512, 1, 1)


def embed(layers: Any, x: Tensor) -> Tensor:
    """Two 1x1 convolutions with a ReLU after each."""
    if hasattr(layers, 'norm'):
        x = layers.norm(x.flatten(1, 2)).view(x.shape)
    x = torch.relu(pointwise(layers.layer1, x))
    return torch.relu(pointwise(layers.layer2, x))


def pointwise(linear: nn.Linear, x: Tensor) -> Tensor:
    """A linear layer on the channels of maps."""
    return F.conv2d(x, linear.weight[:, :, None, None], linear.bias)


def normalise(norm: nn.BatchNorm1d, x: Tensor) -> Tensor:
    """A batch norm on maps."""
    return norm(x.flatten(2)).view(x.shape)


# -- EfficientGCN ------------------------------------------------------------


def efficientgcn(self: Any, x: Tensor) -> Tensor:
    """Three branches that join."""
    M = x.size(1)
    inputs = input_branches(x, self.parents, self.middle())
    outs = []
    for branch, part in zip(self.branches, inputs):
        y = branch.norm(part.permute(0, 1, 4, 2, 3).flatten(0, 1))
        y = spatial(branch.stem_scn, y)
        y = F.silu(branch.stem_tcn.bn(branch.stem_tcn.conv(y)) + y)
        for block in branch.blocks:
            y = efficient_block(block, y)
        outs.append(y)
    y = torch.cat(outs, 1)
    for block in self.main:
        y = efficient_block(block, y)
    return y.unflatten(0, (-1, M))


def efficient_block(block: Any, x: Tensor) -> Tensor:
    """Graph layer, temporal layers, attention."""
    x = spatial(block.scn, x)
    for layer in block.tcn:
        x = separated(layer, x)
    return attention(block.att, x)


def spatial(layer: Any, x: Tensor) -> Tensor:
    """Sum over distances, batch norm, residual, swish."""
    graphs = layer.conv.A * layer.conv.edge
    wide = layer.conv.gcn(x).unflatten(1, (len(graphs), -1))
    y = layer.bn(torch.einsum('nkctv,kvw->nctw', wide, graphs))
    if hasattr(layer, 'residual'):
        x = conv_norm(layer.residual, x)
    return F.silu(y + x)


def separated(layer: Any, x: Tensor) -> Tensor:
    """``Sep`` or ``SG`` temporal layer."""
    if layer.layer == 'sep':
        y = F.silu(conv_norm(layer.expand_conv, x))
        y = F.silu(conv_norm(layer.depth_conv, y))
        y = conv_norm(layer.point_conv, y)
    else:
        y = F.silu(conv_norm(layer.depth_conv1, x))
        y = conv_norm(layer.point_conv1, y)
        y = F.silu(conv_norm(layer.point_conv2, y))
        y = conv_norm(layer.depth_conv2, y)
    if hasattr(layer, 'residual'):
        x = conv_norm(layer.residual, x)
    return y + x


def attention(layer: Any, x: Tensor) -> Tensor:
    """Weights of frames times weights of joints."""
    T, V = x.shape[2:]
    means = [x.mean(3, keepdim=True), x.mean(2, keepdim=True).mT]
    both = F.hardswish(conv_norm(layer.att.fcn, torch.cat(means, 2)))
    frames, joints = both.split([T, V], 2)
    frames = torch.sigmoid(layer.att.conv_t(frames))
    joints = torch.sigmoid(layer.att.conv_v(joints.mT))
    return layer.act(layer.bn(x * (frames * joints)) + x)


FORMS = dict(
    HDGCN=hdgcn,
    InfoGCN=infogcn,
    MSG3D=msg3d,
    MSTGCN=mstgcn,
    ShiftGCN=shiftgcn,
    SGN=sgn,
    EfficientGCN=efficientgcn,
)
