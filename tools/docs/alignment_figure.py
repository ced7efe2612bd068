"""Draw what alignments make of a body: ``docs/figures/alignment.png``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import to_rgba

from shapmix_mm.datasets.transforms import AlignSkeleton, FastPreNormalize3D
from shapmix_mm.skeletons import get_layout
from shapmix_mm.visualization.body import draw_body

TARGET = Path(__file__).resolve().parents[2] / 'docs/figures/alignment.png'
# y up, facing +z, the person's left at +x, as many files have it.
BODY = np.array(
    [
        *([0, 0.9, 2], [0, 1.4, 2], [0, 1.7, 2]),
        *([0.2, 1.4, 2], [0.5, 1.0, 2.1], [-0.2, 1.4, 2], [-0.5, 1.5, 2.1]),
        *([0.15, 0.9, 2], [0.15, 0, 2], [-0.15, 0.9, 2], [-0.15, 0, 2]),
    ]
)
JOINTS: dict[str, Any] = dict(
    num_node=11,
    center=0,
    inward=[(1, 0), (2, 1), (3, 1), (4, 3), (5, 1), (6, 5)]
    + [(7, 0), (8, 7), (9, 0), (10, 9)],
    parts=dict(
        trunk=[0, 1, 2],
        left_arm=[3, 4],
        right_arm=[5, 6],
        left_leg=[7, 8],
        right_leg=[9, 10],
    ),
)
LAYOUT = get_layout(JOINTS)
COLOURS = dict(trunk='0.75', left='tab:blue', right='tab:orange')


def clip(seed: int) -> np.ndarray:
    """The body for one frame, with noise of a millimetre (1, 1, V, 3)."""
    noise = np.random.default_rng(seed).normal(0, 1e-3, BODY.shape)
    return (BODY + noise)[None, None].astype(np.float32)


def main() -> int:
    """Draw; 0 when it is written."""
    stock = FastPreNormalize3D(zaxis=[0, 1], xaxis=[5, 3])
    ours = AlignSkeleton(layout=JOINTS)
    panels = [('in the file', BODY[:, [0, 1]])]
    for name, transform in (
        ('PreNormalize3D', stock),
        ('AlignSkeleton', ours),
    ):
        for seed in range(3):
            sample = dict(
                frame_dir=str(seed), keypoint=clip(seed), total_frames=1
            )
            pose = transform.transform(sample)['keypoint'][0, 0]
            panels.append((f'{name}, clip {seed + 1}', pose[:, [0, 2]]))
    figure, axes = plt.subplots(1, len(panels), figsize=(13, 2.3))
    colours = np.zeros((LAYOUT.num_joints, 4))
    for name, part in zip(LAYOUT.part_names, LAYOUT.parts):
        colours[list(part)] = to_rgba(COLOURS[name.partition('_')[0]])
    for place, (title, points) in zip(axes, panels):
        draw_body(place, points - points[[0]], LAYOUT, colours)
        place.set(xlim=(-1.1, 1.1), ylim=(-1.1, 1.1), aspect='equal')
        place.set_title(title, fontsize=8)
        place.set_xlabel('x', fontsize=8)
        place.set_ylabel('y' if place is axes[0] else 'z', fontsize=8)
        place.tick_params(labelsize=6)
    figure.suptitle('blue: the left side, orange: the right one', fontsize=9)
    figure.tight_layout()
    figure.savefig(TARGET, dpi=110)
    return 0


if __name__ == '__main__':
    sys.exit(main())
