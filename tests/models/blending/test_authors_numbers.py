"""Label shares and targets are those of the authors' code."""

from pathlib import Path

import numpy as np
import pytest
import torch
from mmaction.registry import MODELS

import shapmix_mm  # noqa: F401

FOLDER = Path(__file__).resolve().parents[2] / 'authors_numbers'


@pytest.mark.parametrize('share', [0.2, 0.45, 0.55, 0.9])
def test_remix_leans_to_the_rarer_class(share):
    found = np.load(FOLDER / 'remix.npz')
    counts = torch.from_numpy(found['counts']).float()
    labels = torch.from_numpy(found['labels'])
    partner = torch.from_numpy(found['perm'])
    blend = MODELS.build(
        dict(
            type='RemixBlending',
            num_classes=10,
            layout='nw-ucla',
            kappa=3.0,
            tau=0.5,
        )
    )
    to_partner = torch.full((len(labels),), 1 - share)
    own, other = counts[labels], counts[labels[partner]]
    lean = blend.lean(to_partner, own, other)
    np.testing.assert_allclose(
        1 - lean, found[f'l{share}_lam_y'], rtol=1e-6, atol=1e-7
    )
