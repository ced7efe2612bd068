"""Mixup: one share for cells and label, drawn from Beta."""

import pytest
import torch
from scipy import stats

from shapmix_mm.models import SkeletonMixupBlending


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


@pytest.mark.parametrize('alpha', [0, -1, float('nan')])
def test_bad_alpha_is_named(alpha):
    with pytest.raises(ValueError, match='alpha must be positive'):
        SkeletonMixupBlending(2, 'nturgb+d', alpha=alpha)
