"""Head that asks another expert only where one is not enough."""

from __future__ import annotations

from typing import Any, ClassVar

import torch
import torch.nn.functional as F
from mmaction.registry import MODELS
from mmaction.utils import SampleList
from torch import Tensor, nn

from shapmix_mm.arguments import Positive, PositiveInt

from .expert_gcn_head import ExpertGCNHead

__all__ = ['ExpertRoutingHead', 'help_wanted']


@MODELS.register_module()
class ExpertRoutingHead(ExpertGCNHead):
    r"""``ExpertGCNHead`` with a gate after each expert, a second stage.

    After expert i the gate sees the largest scores of the mean of experts 1
    to i and the feature of expert i, and says whether the next is asked:

    .. math:: g_i = w \cdot [top(\bar z_i), relu(V_i h_i / \lVert h_i
        \rVert)] + b

    The score of a sample is the mean of the experts that were asked. The
    gates alone learn, from binary cross-entropy: an expert that is asked for
    should be wrong with those before it, and right with one of those to come.
    Source: Wang et al., Long-tailed Recognition by Routing Diverse
    Distribution-Aware Experts, ICLR 2021, Sec. 3.3, and its released code.

    Args:
        num_classes (int): Number of classes K.
        in_channels (int): Channels D of the maps of one expert.
        top (int): Scores that the gate sees, at most K. Defaults to 30.
        hidden_channels (int): Channels of V_i. Defaults to 16.
        pos_weight (float): Weight of a sample that needs another expert.
            Defaults to 100.0.
        kwargs (dict): ``num_experts``, ``scale`` and further arguments of
            ``GCNHead``.
    """

    #: Parts that no first stage has, for ``SecondStageHook``.
    fresh: ClassVar[tuple[str, ...]] = ('hidden.', 'gate.')

    def __init__(
        self,
        num_classes: PositiveInt,
        in_channels: PositiveInt,
        *,
        top: PositiveInt = 30,
        hidden_channels: PositiveInt = 16,
        pos_weight: Positive = 100.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(num_classes, in_channels, **kwargs)
        self.top = min(top, num_classes)
        self.pos_weight = pos_weight
        self.fc.requires_grad_(False)
        self.hidden = nn.ModuleList(
            nn.Linear(in_channels, hidden_channels) for _ in self.fc[1:]
        )
        self.gate = nn.Linear(self.top + hidden_channels, 1)

    def init_weights(self) -> None:
        """Draw the gates' weights as the released code does."""
        fresh = not self.is_init
        super().init_weights()
        if fresh:
            for layer in (*self.hidden, self.gate):
                nn.init.kaiming_normal_(layer.weight)

    def route(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Mean scores of the first experts, and whether the next is asked.

        Args:
            x (Tensor): Maps of the first e experts, shape (N, M, e * D, T,
                V).

        Returns:
            tuple[Tensor, Tensor]: Mean scores of the first 1 to e experts,
            shape (e, N, K), and scores of the gates after them, above 0
            where the next is asked, shape (e, N), or (E - 1, N) where e = E.
        """
        features = self.features(x).split(self.in_channels, 1)
        total, means, gates = 0.0, [], []
        for i, (fc, feature) in enumerate(zip(self.fc, features)):
            total = total + fc(feature)
            means.append(total / (i + 1))
            if i < len(self.hidden):
                seen = F.relu(self.hidden[i](F.normalize(feature)))
                best = means[i].topk(self.top, 1)[0]
                gates.append(self.gate(torch.cat([best, seen], 1)).squeeze(1))
        return torch.stack(means), torch.stack(gates)

    def asks(self, x: Tensor) -> Tensor:
        """Which samples ask one more expert.

        Args:
            x (Tensor): Maps of the first e < E experts, shape (N, M, e * D,
                T, V).

        Returns:
            Tensor: bool, shape (N,).
        """
        return (self.route(x)[1] > 0).all(0)

    def forward(self, x: Tensor, **kwargs: Any) -> Tensor:
        """Mean scores of the experts that are asked.

        Args:
            x (Tensor): Maps, shape (N, M, E * D, T, V).
            kwargs (dict): Not used.

        Returns:
            Tensor: Shape (N, K).
        """
        means, gates = self.route(x)
        scores, asked = means[0], torch.ones_like(gates[0], dtype=torch.bool)
        for mean, gate in zip(means[1:].unbind(), gates.unbind()):
            asked = asked & (gate > 0)
            scores = torch.where(asked[:, None], mean, scores)
        return scores

    def loss(
        self, feats: Tensor, data_samples: SampleList, **kwargs: Any
    ) -> dict:
        """Loss of the gates, and the accuracy of all experts together.

        Args:
            feats (Tensor): Maps, shape (N, M, E * D, T, V).
            data_samples (list[ActionDataSample]): N samples, hard labels.
            kwargs (dict): Not used.

        Returns:
            dict: Losses and figures for the log, ``experts`` the mean number
            of experts that the gates ask.

        Raises:
            ValueError: If the labels are soft.
        """
        labels = self.targets(data_samples, feats.device)
        if labels.ndim != 1:
            raise ValueError(
                f'{type(self).__name__} needs hard labels, got shape '
                f'{tuple(labels.shape)}; train it without blend and label '
                'smoothing'
            )
        means, gates = self.route(feats)
        wanted = help_wanted(means, labels)
        asked = (gates > 0).float().cumprod(0)
        return dict(
            self.accuracies(means[-1], labels),
            experts=1 + asked.sum(0).mean(),
            loss_gate=F.binary_cross_entropy_with_logits(
                gates.float(),
                wanted.float(),
                pos_weight=gates.new_full((), self.pos_weight).float(),
            ),
        )


def help_wanted(means: Tensor, labels: Tensor) -> Tensor:
    """Where the experts so far are wrong and a later one would mend it.

    Args:
        means (Tensor): Mean scores of the first experts, shape (E, N, K).
        labels (Tensor): Classes, shape (N,).

    Returns:
        Tensor: bool, shape (E - 1, N).
    """
    right = means.argmax(2) == labels
    # Whether any of the experts from i on is right.
    later = right.flip(0).float().cummax(0)[0].flip(0) > 0
    return ~right[:-1] & later[1:]
