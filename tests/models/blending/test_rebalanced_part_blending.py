"""BRL's mix: skeletons and factors of its authors, and our own form."""

import numpy as np
import pytest
import torch
from mmaction.registry import MODELS

from shapmix_mm.models.blending.mixing import Mixture

LAYOUTS = {'ntu': ('nturgb+d', 25), 'ucla': ('nw-ucla', 20)}
CASES = ('plain', 'self_frequent', 'self_rare')


def build(counts, layout='nturgb+d', **kwargs):
    blend = MODELS.build(
        dict(
            type='RebalancedPartBlending',
            num_classes=len(counts),
            layout=layout,
            **kwargs,
        )
    )
    blend.set_class_counts(counts)
    return blend


def drawn(blend, clips, labels, partner):
    target = torch.eye(blend.num_classes)[labels]
    cells, share = blend.draw_weights(clips, target, partner)
    frames = torch.arange(clips.size(2), dtype=torch.int32)
    return Mixture(
        partner,
        frames.expand(len(clips), -1),
        cells,
        share,
        torch.zeros(len(clips), dtype=torch.bool),
    )


@pytest.mark.parametrize('case', CASES)
@pytest.mark.parametrize('kind', LAYOUTS)
def test_published_slots_and_factors(kind, case, authors, uniform):
    found = authors('brl')
    layout, joints = LAYOUTS[kind]
    sample, partner, n_own, n_partner = found[f'mix_{kind}_{case}_pair']
    labels = torch.from_numpy(found[f'mix_{kind}_labels']).flatten()
    counts = [50] * (int(labels.max()) + 1)
    counts[labels[sample]], counts[labels[partner]] = n_own, n_partner
    blend = build([int(n) for n in counts], layout, slots='published')
    clips = uniform(510, 16, 2, 4, joints, 3).float()
    partners = torch.full((16,), int(partner))
    mixture = drawn(blend, clips, labels, partners)
    out = blend.carry_out(clips, mixture)
    np.testing.assert_array_equal(out[sample], found[f'mix_{kind}_{case}_out'])
    assert 1 - mixture.share[sample].item() == pytest.approx(
        float(found[f'mix_{kind}_{case}_alpha'])
    )


def test_joints_keep_their_places_by_default(authors):
    found = authors('brl')
    blend = build([9, 9])
    np.testing.assert_array_equal(blend.slot_order, found['mix_slot_source'])
    clips = torch.arange(4.0).view(4, 1, 1, 1, 1) + 1
    clips = clips.expand(4, 2, 3, 25, 3).clone()
    partner = torch.tensor([1, 2, 3, 0])
    mixture = drawn(blend, clips, torch.tensor([0, 1, 0, 1]), partner)
    out = blend.carry_out(clips, mixture)
    lower = torch.zeros(25, dtype=torch.bool)
    lower[[0, *range(12, 20)]] = True
    for i in range(4):
        assert (out[i][:, :, lower] == partner[i] + 1).all()
        assert (out[i][:, :, ~lower] == i + 1).all()
    torch.testing.assert_close(mixture.share, torch.full((4,), 9 / 25))


@pytest.mark.parametrize('own_share', [None, 0.7])
def test_the_label_leans_beyond_the_ratio_of_counts_alone(own_share):
    """Just three times as many is no reason yet, nor is never to meet."""
    blend = build([9, 3, 2], own_share=own_share)
    labels, partner = torch.tensor([0, 1, 0, 2]), torch.tensor([1, 0, 3, 2])
    clips = torch.ones(4, 2, 3, 25, 3)
    share = 9 / 25 if own_share is None else 0.3
    mixture = drawn(blend, clips, labels, partner)
    torch.testing.assert_close(
        mixture.share, torch.tensor([share, share, 1, 0])
    )
    clips[0, 0] = clips[1, 1] = clips[2, 0] = clips[3, 1] = 0
    assert not drawn(blend, clips, labels, partner).share.any()


def test_published_slots_are_those_of_mixed_samples_alone():
    blend = build([9, 9], slots='published', prob=0.5)
    torch.manual_seed(0)
    clips = torch.rand(16, 1, 2, 25, 3) + 0.5
    mixture = blend.draw_mixture(clips, torch.eye(2)[torch.arange(16) % 2])
    same = (blend.carry_out(clips, mixture) == clips).flatten(1).all(1)
    assert torch.equal(same, mixture.share == 0) and 0 < same.sum() < 16


def test_a_sixteenth_of_the_samples_is_mixed():
    blend = build([9, 9])
    torch.manual_seed(0)
    clips = torch.rand(4000, 1, 1, 25, 3) + 0.5
    mixture = blend.draw_mixture(clips, torch.eye(2)[torch.arange(4000) % 2])
    rate = (mixture.share > 0).float().mean().item()
    assert rate == pytest.approx(1 / 16, abs=0.015)
    assert not blend.keep_originals


def test_without_counts_it_says_so():
    blend = MODELS.build(
        dict(type='RebalancedPartBlending', num_classes=2, layout='nturgb+d')
    )
    with pytest.raises(ValueError, match='has no class counts'):
        blend.draw_mixture(torch.ones(2, 1, 2, 25, 3), torch.eye(2))
