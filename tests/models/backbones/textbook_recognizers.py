"""Recognizers written straight from their formulas, as references.

Stream-GCN (Yang et al., IJCAI 2023), SGN (Zhang et al., CVPR 2020) and
EfficientGCN (Song et al., TPAMI 2022), operation after operation on (N, C, T,
V) as their authors state them, with the parameters of ours under the same
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
        model (nn.Module): A ``StreamGCN``, ``SGN`` or ``EfficientGCN``.
        ctrgcn (nn.Module, optional): For a ``StreamGCN``, the
            ``TextbookCTRGCN`` of its size, of which it is made.
    """
    if ctrgcn is not None:
        return stream_gcn(model, ctrgcn)
    plain = copy.deepcopy(model)
    forward = dict(SGN=sgn, EfficientGCN=efficientgcn)[type(model).__name__]
    plain.forward = MethodType(forward, plain)
    return plain


def conv_norm(layer: Any, x: Tensor) -> Tensor:
    """A convolution and its batch norm."""
    conv, norm = layer
    return norm(conv(x))


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
