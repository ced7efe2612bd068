"""Marginal contributions are those of the released code."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from shapmix_mm.saliency.score import coalition_worths
from shapmix_mm.skeletons import get_layout

FOLDER = Path(__file__).resolve().parents[1] / 'authors_numbers'


class Toy(nn.Module):
    """The toy model of the reference: mean over frames, then linear."""

    def __init__(self, weight):
        super().__init__()
        self.weight = weight

    def forward(self, clips, stage, mode):
        mean = clips[:, 0, ..., 0].double().mean((1, 2))
        return torch.tanh(3 * mean) @ self.weight


CASES = [
    ([0, 3], []),
    ([0, 3], [1, 4]),
    ([1, 2, 4], [0]),
    ([1, 2], [0, 3, 4]),
    ([2, 3, 4], [0, 1]),
]


@pytest.mark.parametrize('row', range(len(CASES)))
def test_marginal_contributions(row, uniform):
    """Absent joints stand at a static pose, without the ReLU."""
    found = np.load(FOLDER / 'shapmix.npz')
    layout = get_layout(
        dict(
            num_node=25,
            center=20,
            inward=[(joint, 20) for joint in range(25) if joint != 20],
            parts=[
                [int(joint) for joint in str(text).split(',')]
                for text in found['parts']
            ],
        )
    )
    clips = uniform(912, 12, 1, 64, 25, 1)  # (N, C, T, V, M)
    clips = clips.permute(0, 4, 2, 3, 1)[:, None].float()
    mean = 0.5 * uniform(913, 25).view(1, 25, 1).float()
    block, rest = (sum(1 << part for part in parts) for parts in CASES[row])
    worths, _ = coalition_worths(
        Toy(2 * uniform(911, 25, 10)),
        clips,
        torch.from_numpy(found['value_labels']),
        mean,
        torch.tensor([[rest, rest | block]]).expand(12, -1),
        layout,
    )
    np.testing.assert_allclose(
        worths[:, 1] - worths[:, 0], found['value_pose_signed'][row], atol=2e-6
    )
