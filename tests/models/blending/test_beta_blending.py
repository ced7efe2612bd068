"""Mixup: one share for cells and label; Cut-Mix: a box, cut at the border."""

import numpy as np
import pytest
import torch
from scipy import stats

from shapmix_mm.models import SkeletonCutMixBlending, SkeletonMixupBlending
from shapmix_mm.models.blending import beta_blending
from shapmix_mm.models.blending.beta_blending import _draw_side

V = 25


@pytest.mark.parametrize('alpha', [0.3, 1.0, 4.0])
def test_shares_are_beta_distributed_and_one_for_each_sample(alpha):
    torch.manual_seed(0)
    clips = torch.rand(5000, 1, 2, 25, 1)
    mixture = SkeletonMixupBlending(2, 'nturgb+d', alpha=alpha).draw_mixture(
        clips, torch.eye(2)[torch.arange(5000) % 2]
    )
    share = mixture.share
    assert (mixture.weights == share.view(-1, 1, 1, 1)).all()
    assert stats.kstest(share.numpy(), stats.beta(alpha, alpha).cdf).pvalue > (
        1e-3
    )


def test_mixed_cells_are_the_convex_combination_the_label_says():
    torch.manual_seed(0)
    clips = torch.randn(6, 1, 2, 8, 25, 3)
    # One person of sample 0 is absent: zeros are mixed like any cell.
    clips[0, 0, 1] = 0
    label = torch.eye(6)
    out, out_label = SkeletonMixupBlending(6, 'nturgb+d').do_blending(
        clips, label
    )
    for i in range(6):
        own = out_label[i, i]
        partner = int(out_label[i].index_fill(0, torch.tensor(i), -1).argmax())
        torch.testing.assert_close(
            out[i], own * clips[i] + (1 - own) * clips[partner]
        )
        torch.testing.assert_close(
            own + out_label[i, partner], torch.tensor(1.0)
        )


def draw(num, frames, alpha=1.0):
    blend = SkeletonCutMixBlending(2, 'nturgb+d', alpha=alpha)
    clips = torch.rand(num, 1, frames, V, 1) + 1
    return blend.draw_mixture(clips, torch.eye(2)[torch.arange(num) % 2])


def is_interval(flags):
    where = np.flatnonzero(flags)
    return not len(where) or where[-1] - where[0] + 1 == len(where)


@pytest.mark.parametrize('frames', [1, 2, 13, 64])
def test_a_box_is_an_interval_of_frames_times_one_of_joints(frames):
    torch.manual_seed(frames)
    for weights in draw(500, frames).weights[:, 0].bool().numpy():
        rows, columns = weights.any(1), weights.any(0)
        assert np.array_equal(weights, np.outer(rows, columns))
        assert is_interval(rows) and is_interval(columns)


@pytest.mark.parametrize('size', [1, 2, 7, 20])
@pytest.mark.parametrize('ratio', [0.0, 0.04, 0.3, 0.5, 0.77, 1.0])
def test_a_side_is_rounded_centred_uniformly_and_cut_off(size, ratio):
    torch.manual_seed(0)
    num = 4000
    sides = _draw_side(torch.full((num,), ratio), size)
    length = int(np.round(np.float32(ratio) * size))
    expected = {}
    for centre in range(size):
        first = centre - length // 2
        cells = tuple(k for k in range(size) if first <= k < first + length)
        expected[cells] = expected.get(cells, 0) + 1
    found = {cells: 0 for cells in expected}
    for row in sides.numpy():
        found[tuple(np.flatnonzero(row))] += 1
    law = np.array(list(expected.values())) * num / size
    observed = np.array(list(found.values()))
    assert len(law) == 1 or stats.chisquare(observed, law).pvalue > 1e-3


def test_both_sides_are_the_root_of_one_area(monkeypatch):
    area = torch.tensor([0.0, 0.16, 0.25, 0.64, 1.0])
    monkeypatch.setattr(beta_blending, 'draw_mixup_share', lambda *_: area)
    longest = np.zeros((5, 2))
    torch.manual_seed(0)
    for _ in range(300):
        weights = draw(5, 20).weights[:, 0].numpy()
        sides = [weights.any(2).sum(1), weights.any(1).sum(1)]
        longest = np.maximum(longest, np.stack(sides, 1))
    # The whole box fits where the centre is far enough from the border.
    root = np.sqrt(area.numpy())[:, None]
    assert np.array_equal(longest, np.round(root * [20, V]))


def test_the_area_follows_beta():
    seen = {}

    def spy(num, alpha, device):
        seen['alpha'] = alpha
        return torch.full((num,), 0.25)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(beta_blending, 'draw_mixup_share', spy)
        share = draw(4000, 20, alpha=0.7).share
    assert seen == {'alpha': 0.7}
    # 10 of 20 frames, 12 of 25 joints (round half to even), less the cut.
    assert share.max() == pytest.approx(10 / 20 * 12 / 25)
    assert share.min() >= 0.05 * 0.05
    assert share.mean() < share.max()


@pytest.mark.parametrize('alpha', [0, -1, float('nan'), 'abc'])
@pytest.mark.parametrize(
    'kind', [SkeletonMixupBlending, SkeletonCutMixBlending]
)
def test_bad_alpha_is_named(kind, alpha):
    with pytest.raises(ValueError, match=f'{kind.__name__}: alpha={alpha!r}'):
        kind(2, 'nturgb+d', alpha=alpha)
