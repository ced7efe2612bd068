"""SGN: semantics-guided neural network.

Zhang et al., "Semantics-Guided Neural Networks for Efficient Skeleton-Based
Human Action Recognition", CVPR 2020. Positions and differences of one person,
the type of each joint and the index of each frame; three graph convolutions
whose graph is an attention between the joints of a frame; then two
convolutions over time.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from mmaction.registry import MODELS
from mmengine.model import BaseModule
from torch import Tensor, nn

from shapmix_mm.arguments import Fraction, PositiveInt

from .stack import SkeletonBackbone

#: Standard deviation sqrt(2 / outputs), by which every layer starts.
_INIT = dict(type='Kaiming', layer='Linear', mode='fan_out')


class Embedding(BaseModule):
    """Two linear layers with a ReLU after each.

    Args:
        inputs (int): Length of what is embedded.
        outputs (int): Length of the embedding.
        normalised (int): Features that a batch norm in front has; 0 for
            none. Defaults to 0.
    """

    def __init__(
        self, inputs: int, outputs: int, *, normalised: int = 0
    ) -> None:
        super().__init__()
        if normalised:
            self.norm = nn.BatchNorm1d(normalised)
        self.layer1 = nn.Linear(inputs, 64)
        self.layer2 = nn.Linear(64, outputs)

    def forward(self, x: Tensor) -> Tensor:
        """Embed (N, T, V, C), normalised over the coordinates of all joints.

        Returns:
            Tensor: Shape (N, T, V, outputs).
        """
        N, T, V, C = x.shape
        # The statistics' channels count coordinates first, then joints.
        x = self.norm(x.permute(0, 3, 2, 1).reshape(N, C * V, T))
        return self.layers(x.view(N, C, V, T).permute(0, 3, 2, 1))

    def of_indices(self, number: int) -> Tensor:
        """Embed the first one-hot vectors, as rows (number, outputs)."""
        weight = self.layer1.weight
        onehot = torch.eye(
            weight.size(1), dtype=weight.dtype, device=weight.device
        )
        return self.layers(onehot[:number])

    def layers(self, x: Tensor) -> Tensor:
        """Both layers on the last axis."""
        return F.relu(self.layer2(F.relu(self.layer1(x))))


class SemanticGraph(BaseModule):
    """A graph convolution over a given graph per frame.

    Args:
        inputs (int): Channels of the input.
        outputs (int): Channels of the output.
    """

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.neighbours = nn.Linear(inputs, outputs, bias=False)
        self.own = nn.Linear(inputs, outputs)
        self.norm = nn.BatchNorm1d(outputs)

    def forward(self, x: Tensor, graph: Tensor) -> Tensor:
        """Map (B, V, C) over graphs (B, V, V) to (B, V, C')."""
        weight = torch.cat([self.neighbours.weight, self.own.weight], 1)
        both = torch.cat([torch.bmm(graph, x), x], 2)
        y = F.linear(both, weight, self.own.bias)
        return F.relu(self.norm(y.flatten(0, 1))).view(y.shape)


class FrameModule(BaseModule):
    """Two convolutions over time.

    Args:
        inputs (int): Channels of the input.
        outputs (int): Channels of the output.
        dropout (float): Probability with which a channel is dropped between
            them.
    """

    def __init__(self, inputs: int, outputs: int, dropout: float) -> None:
        super().__init__(
            init_cfg=dict(type='Kaiming', layer='Conv1d', mode='fan_out')
        )
        self.conv1 = nn.Conv1d(inputs, inputs, 3, padding=1)
        self.norm1 = nn.BatchNorm1d(inputs)
        self.drop = nn.Dropout1d(dropout)
        self.conv2 = nn.Conv1d(inputs, outputs, 1)
        self.norm2 = nn.BatchNorm1d(outputs)

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, C, T) to (N, C', T)."""
        x = self.drop(F.relu(self.norm1(self.conv1(x))))
        return F.relu(self.norm2(self.conv2(x)))


@MODELS.register_module()
class SGN(SkeletonBackbone):
    """Semantics-guided neural network.

    Published for one person: several are merged into one sequence of frames
    before (``MergePersons``). More persons are samples of their own here,
    whose features the head averages. The output is maximal over joints and
    frames already, so that the pooling of ``GCNHead`` leaves it as it is.

    Args:
        graph_cfg (dict): ``layout``; of the graph only the number of joints
            matters.
        in_channels (int): Channels of a joint. Defaults to 3.
        num_frames (int): Frames of a sequence at most: their indices are
            embedded. Defaults to 20.
        num_person (int): Persons M of a sample. Defaults to 1.
        out_channels (int): Channels of the features. Defaults to 512.
        dropout (float): Of channels, between the temporal convolutions.
            Defaults to 0.2.
        init_cfg (dict | list[dict], optional): Of :class:`BaseModule`.
            Defaults to None, the start of the authors.
    """

    def __init__(
        self,
        graph_cfg: dict,
        in_channels: PositiveInt = 3,
        *,
        num_frames: PositiveInt = 20,
        num_person: PositiveInt = 1,
        out_channels: PositiveInt = 512,
        dropout: Fraction = 0.2,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        super().__init__(
            graph_cfg,
            in_channels,
            num_person=num_person,
            init_cfg=dict(_INIT) if init_cfg is None else init_cfg,
        )
        self.num_frames = num_frames
        coordinates = in_channels * self.num_joints
        self.joint_embed = Embedding(in_channels, 64, normalised=coordinates)
        self.dif_embed = Embedding(in_channels, 64, normalised=coordinates)
        self.spa_embed = Embedding(self.num_joints, 64)
        self.tem_embed = Embedding(num_frames, 256)
        self.query = nn.Linear(128, 256)
        self.key = nn.Linear(128, 256)
        self.gcn1 = SemanticGraph(128, 128)
        self.gcn2 = SemanticGraph(128, 256)
        self.gcn3 = SemanticGraph(256, 256)
        self.frames = FrameModule(256, out_channels, dropout)

    def init_weights(self) -> None:
        """Draw the weights; those from the neighbours start at zero."""
        fresh = not self.is_init
        super().init_weights()
        if fresh:
            for gcn in (self.gcn1, self.gcn2, self.gcn3):
                nn.init.zeros_(gcn.neighbours.weight)

    def forward(self, x: Tensor) -> Tensor:
        """Extract features.

        Args:
            x (Tensor): Skeletons (N, M, T, V, C).

        Returns:
            Tensor: Features (N, M, C', 1, 1).

        Raises:
            ValueError: If the sequences have more than ``num_frames`` frames.
        """
        x = self.flatten(x, None).permute(1, 2, 3, 0)
        N, T, V, _ = x.shape
        if T > self.num_frames:
            raise ValueError(
                f'SGN was built with num_frames={self.num_frames} and the '
                f'batch has {T} frames: sample that many, or build it so'
            )
        difference = F.pad(x[:, 1:] - x[:, :-1], (0, 0, 0, 0, 1, 0))
        y = self.joint_embed(x) + self.dif_embed(difference)
        kind = self.spa_embed.of_indices(V).expand(N, T, V, -1)
        y = torch.cat([y, kind], 3).flatten(0, 1)
        graph = self.query(y).bmm(self.key(y).transpose(1, 2)).softmax(2)
        for gcn in (self.gcn1, self.gcn2, self.gcn3):
            y = gcn(y, graph)
        y = y.view(N, T, V, -1).amax(2) + self.tem_embed.of_indices(T)
        y = self.frames(y.transpose(1, 2)).amax(2)
        return y.view(-1, self.num_person, y.size(1), 1, 1)
