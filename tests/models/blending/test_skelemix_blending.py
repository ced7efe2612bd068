"""SkeleMix: parts over a window on the time grid."""

import numpy as np
import pytest
import torch
from scipy import stats

from shapmix_mm.models import SkeleMixBlending
from shapmix_mm.shapley import combination_parts
from shapmix_mm.skeletons import get_layout

LAYOUT = get_layout('nturgb+d')


def draw(num, frames, **kwargs):
    """Pasted frames and joints of each sample."""
    clips = torch.ones(num, 1, frames, 25, 1)
    mixture = SkeleMixBlending(2, 'nturgb+d', **kwargs).draw_mixture(
        clips, torch.eye(2)[torch.arange(num) % 2]
    )
    weights = mixture.weights[:, 0].bool().numpy()
    frames, joints = weights.any(2), weights.any(1)
    assert (weights == frames[:, :, None] & joints[:, None]).all()
    return frames, joints


def counted(keys, expected):
    """How often each expected outcome was drawn; no others may be."""
    found = {key: 0 for key in expected}
    for key in keys:
        found[key] += 1
    return list(found.values())


def test_windows_of_64_frames_are_the_published_ones():
    torch.manual_seed(0)
    frames, _ = draw(6000, 64)
    drawn = []
    for row in frames:
        where = np.flatnonzero(row)
        assert where[-1] - where[0] + 1 == len(where)
        assert where[0] % 4 == 0 and len(where) % 4 == 0
        drawn.append((len(where) // 4, where[0] // 4))
    law = {
        (units, start): 6000 / 5 / (16 - units + 1)
        for units in range(7, 12)
        for start in range(16 - units + 1)
    }
    observed = counted(drawn, law)
    assert stats.chisquare(observed, list(law.values())).pvalue > 1e-3


@pytest.mark.parametrize('frames', [5, 32, 50, 100])
def test_other_lengths_keep_the_share(frames):
    torch.manual_seed(1)
    inside, _ = draw(6000, frames)
    edges = [int(np.ceil(k * frames / 16)) for k in range(17)]
    allowed = {
        (edges[start], edges[start + units])
        for units in range(7, 12)
        for start in range(16 - units + 1)
    }
    for row in inside:
        where = np.flatnonzero(row)
        assert (where[0], where[-1] + 1) in allowed
        assert where[-1] - where[0] + 1 == len(where)
    assert abs(inside.mean() - 9 / 16) < 0.02 + 0.1 * (frames == 5)


def test_parts_are_uniform_over_pairs_and_triples():
    torch.manual_seed(2)
    _, joints = draw(6000, 16)
    masks = {}
    for parts in combination_parts(5, (2, 3)):
        mask = np.zeros(25, dtype=bool)
        for part in parts:
            mask[list(LAYOUT.parts[part])] = True
        masks[mask.tobytes()] = parts
    observed = counted((row.tobytes() for row in joints), masks)
    assert len(observed) == 20
    assert stats.chisquare(observed).pvalue > 1e-3


def test_the_number_of_parts_is_uniform_before_the_parts_are():
    torch.manual_seed(3)
    _, joints = draw(6000, 16, sizes=(1, 2))
    members = LAYOUT.part_mask()
    sizes = (joints[:, None] & members).any(2).sum(1)
    # 5 single parts and 10 pairs, but both sizes alike.
    assert stats.chisquare(np.bincount(sizes)[1:]).pvalue > 1e-3


def test_a_window_of_everything():
    frames, _ = draw(5, 9, stretches=4, window=(4, 4))
    assert frames.all()


@pytest.mark.parametrize(
    'arguments, words',
    [
        (dict(sizes=(0, 2)), '1..4'),
        (dict(sizes=(2, 5)), '1..4'),
        (dict(sizes=()), 'at least one'),
        (dict(window=(0, 4)), 'window must be'),
        (dict(window=(5, 4)), 'window must be'),
        (dict(window=(7, 17)), 'stretches = 16'),
        (dict(stretches=8), 'stretches = 8'),
    ],
)
def test_bad_arguments_are_named(arguments, words):
    with pytest.raises(ValueError, match=words):
        SkeleMixBlending(2, 'nturgb+d', **arguments)
