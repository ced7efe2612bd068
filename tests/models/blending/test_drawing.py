"""Laws of the random parameters."""

import numpy as np
import pytest
import torch
from scipy import stats

from shapmix_mm.models.blending.drawing import (
    draw_category,
    draw_mixup_share,
    draw_partner,
    draw_subset,
    draw_window,
)

CPU = torch.device('cpu')


@pytest.mark.parametrize('num', [2, 3, 7, 64])
def test_partners_are_a_permutation_without_fixed_points(num):
    torch.manual_seed(num)
    for _ in range(50):
        partner = draw_partner(num, CPU)
        assert sorted(partner.tolist()) == list(range(num))
        assert not (partner == torch.arange(num)).any()


def test_a_single_sample_is_its_own_partner():
    assert draw_partner(1, CPU).tolist() == [0]


def test_every_other_sample_is_an_equally_likely_partner():
    torch.manual_seed(0)
    hits = np.zeros((5, 5))
    for _ in range(4000):
        hits[np.arange(5), draw_partner(5, CPU)] += 1
    off_diagonal = hits[~np.eye(5, dtype=bool)]
    assert np.diag(hits).sum() == 0
    assert stats.chisquare(off_diagonal).pvalue > 1e-3


@pytest.mark.parametrize('frames', [1, 2, 13, 64])
def test_window_length_position_and_source(frames):
    torch.manual_seed(frames)
    window = draw_window(2000, frames, (0.4, 0.7), CPU)
    for inside, source in zip(window.inside, window.source):
        where = inside.nonzero().flatten()
        length = len(where)
        assert (
            max(1, round(0.4 * frames)) <= length <= round(0.7 * frames + 1e-4)
            or frames < 3
        )
        assert where.tolist() == list(
            range(int(where[0]), int(where[0]) + length)
        )
        frames_used = source[where]
        steps = frames_used.diff()
        # Down-sampling never repeats a frame and never runs backwards.
        assert (steps >= 1).all()
        assert 0 <= int(frames_used[0]) <= int(frames_used[-1]) < frames
        assert 0 <= int(source.min()) and int(source.max()) < frames


def test_source_clips_reach_from_the_window_to_the_whole_sequence():
    torch.manual_seed(0)
    window = draw_window(4000, 60, (0.5, 0.5), CPU)
    used = window.source.masked_fill(~window.inside, -1).max(1).values
    first = window.source.masked_fill(~window.inside, 99).min(1).values
    extent = (used - first + 1).numpy()
    # Clip lengths are uniform on 30..60; the mean step between the 30 kept
    # frames is therefore between 1 and 2.
    assert extent.min() == 30 and extent.max() >= 58
    assert np.abs(extent.mean() - 44.5) < 0.7


def test_windows_and_source_clips_lie_anywhere_alike():
    """A length of 4 to 8 frames has 9 less as many places in 8 frames."""
    torch.manual_seed(0)
    window = draw_window(20_000, 8, (0.5, 0.5), CPU, at='start')
    start = window.inside.int().argmax(1)
    assert stats.chisquare(torch.bincount(start, minlength=5)).pvalue > 1e-3
    origin = window.source.gather(1, start[:, None]).flatten()
    law = [
        sum((place <= 8 - clip) / (9 - clip) for clip in range(4, 9)) / 5
        for place in range(5)
    ]
    found = torch.bincount(origin, minlength=5)
    assert stats.chisquare(found, np.multiply(law, 20_000)).pvalue > 1e-3


def test_full_ratio_pastes_every_frame_in_place():
    window = draw_window(5, 9, (1.0, 1.0), CPU)
    assert window.inside.all()
    assert torch.equal(window.source, torch.arange(9).expand(5, 9))


def test_mixup_share_is_beta_distributed():
    torch.manual_seed(0)
    share = draw_mixup_share(5000, 0.4, CPU).numpy()
    assert stats.kstest(share, stats.beta(0.4, 0.4).cdf).pvalue > 1e-3


def test_every_subset_of_the_size_asked_for_is_alike():
    torch.manual_seed(0)
    drawn = draw_subset(torch.arange(6).repeat(6000), 5)
    assert torch.equal(drawn.sum(1), torch.arange(6).repeat(6000))
    codes = (drawn * 2 ** torch.arange(5)).sum(1).view(-1, 6)
    for size, subsets in ((1, 5), (2, 10), (3, 10), (4, 5)):
        hits = np.unique(codes[:, size].numpy(), return_counts=True)[1]
        assert len(hits) == subsets
        assert stats.chisquare(hits).pvalue > 1e-3


def test_categories_follow_the_softmax_of_their_row():
    torch.manual_seed(0)
    logits = torch.tensor([[0.0, 1.0, -1.0, 0.5], [2.0, 0.0, 0.0, -3.0]])
    row = torch.tensor([0, 1]).repeat(20_000)
    drawn = draw_category(logits, row)
    for k in (0, 1):
        found = np.bincount(drawn[row == k], minlength=4)
        weights = np.exp(logits[k].double().numpy())
        law = weights / weights.sum() * found.sum()
        assert stats.chisquare(found, law).pvalue > 1e-3


@pytest.mark.parametrize('only', [0, 3, 6])
def test_a_category_without_chance_is_never_drawn(only, monkeypatch):
    """Not even by the ends of the uniform law, 0 and the last below 1."""
    logits = torch.full((1, 7), -1e4)
    logits[0, only] = 0
    ends = torch.tensor([[0.0], [0.5], [1 - 2**-24]])
    monkeypatch.setattr(torch, 'rand', lambda *args, **kwargs: ends)
    drawn = draw_category(logits, torch.zeros(3, dtype=torch.long))
    assert drawn.tolist() == [only] * 3


def test_one_category_alone_is_drawn():
    row = torch.zeros(4, dtype=torch.long)
    assert draw_category(torch.zeros(1, 1), row).tolist() == [0] * 4
