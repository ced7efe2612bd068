"""Pasting bones: lengths, directions, what moves and what stays."""

import numpy as np
import pytest
import torch
from mmaction.structures import ActionDataSample

from shapmix_mm.models import ShapMixBlending, STMixBlending
from shapmix_mm.models.blending.bone_space import BoneSpace, ancestors
from shapmix_mm.skeletons import get_layout, joint_to_bone

K, M, T, V, C = 6, 2, 12, 25, 3
LAYOUT = get_layout('nturgb+d')


def clips(num=8, persons=M, channels=C, joints=V):
    generator = torch.Generator().manual_seed(5)
    return torch.randn(num, persons, T, joints, channels, generator=generator)


def target(num=8):
    return torch.eye(K)[torch.arange(num) % K]


def bones(values, layout=LAYOUT):
    return torch.from_numpy(joint_to_bone(values.numpy(), layout))


def build(kind=STMixBlending, layout='nturgb+d', **kwargs):
    return kind(K, layout, space='bone', mixup_prob=0.0, **kwargs)


def test_ancestors_are_those_of_a_walk_to_the_root():
    way = ancestors(LAYOUT)
    for joint in range(V):
        at, walk = joint, set()
        while LAYOUT.parents[at] != at:
            walk.add(at)
            at = LAYOUT.parents[at]
        assert set(way[joint].nonzero().flatten().tolist()) == walk
    assert BoneSpace(LAYOUT).roots.nonzero().flatten().tolist() == [
        j for j in range(V) if LAYOUT.parents[j] == j
    ]


@pytest.mark.parametrize('temporal', ['resample', 'copy'])
@pytest.mark.parametrize('layout', ['nturgb+d', 'nw-ucla'])
def test_every_bone_is_traced_to_its_source(layout, temporal):
    """Lengths are the receiver's, directions the partner's where pasted."""
    known = get_layout(layout)
    own = clips(joints=known.num_joints)
    blend = build(layout=layout, temporal=temporal)
    torch.manual_seed(1)
    mixture = blend.draw_mixture(own, target())
    given = own.clone()
    out = blend.carry_out(own, mixture)
    assert torch.equal(own, given)
    mine, made = bones(own, known), bones(out, known)
    torch.testing.assert_close(
        made.norm(dim=-1), mine.norm(dim=-1), rtol=1e-4, atol=1e-5
    )
    root = next(j for j in range(known.num_joints) if known.parents[j] == j)
    assert torch.equal(out[..., root, :], own[..., root, :])
    assert not mixture.weights[..., root].any()
    for i in range(len(own)):
        partner = mine[mixture.partner[i]][:, mixture.source[i].long()]
        pasted = mixture.weights[i].bool()
        expected = torch.where(pasted[..., None], partner, mine[i])
        cosine = torch.cosine_similarity(made[i], expected, dim=-1)
        inner = torch.arange(known.num_joints) != root
        torch.testing.assert_close(
            cosine[..., inner],
            torch.ones_like(cosine[..., inner]),
            rtol=0,
            atol=1e-4,
        )
        assert mixture.share[i].item() == pytest.approx(
            pasted.float().mean().item(), abs=1e-6
        )


def test_what_no_pasted_bone_leads_to_is_kept_bit_by_bit():
    own = clips()
    blend = build()
    torch.manual_seed(2)
    mixture = blend.draw_mixture(own, target())
    out = blend.carry_out(own, mixture)
    way = ancestors(LAYOUT)
    touched = (way & (mixture.cells.joints > 0)[:, None]).any(2)
    moved = mixture.cells.rows[..., None] & touched[:, None, None]
    assert torch.equal(out[~moved], own[~moved])
    assert not torch.equal(out[moved], own[moved])
    # Joint by joint the same mixture tears limbs off, so that it matters.
    torn = super(STMixBlending, blend).carry_out(own, mixture)
    lengths = [bones(x).norm(dim=-1) for x in (own, torn)]
    assert (lengths[0] - lengths[1]).abs().max() > 1


def test_absent_persons_stay_absent_and_do_not_count():
    own = clips()
    own[0, 1] = own[3, 1] = 0
    blend = build()
    torch.manual_seed(3)
    mixture = blend.draw_mixture(own, target())
    out = blend.carry_out(own, mixture)
    assert not out[0, 1].any() and not out[3, 1].any()
    present = own.flatten(2).any(2)
    for i, partner in enumerate(mixture.partner.tolist()):
        both = (present[i] & present[partner]).sum() / present[i].sum()
        cells = mixture.cells
        share = cells.frames[i].float().mean() * cells.joints[i].mean() * both
        assert mixture.share[i].item() == pytest.approx(share.item())


def test_a_partners_bone_without_a_length_changes_nothing():
    own = clips()
    own[::2, :, :, 4:12] = own[::2, :, :, 4:5]
    blend = build(temporal='copy')
    torch.manual_seed(8)
    mixture = blend.draw_mixture(own, target())
    mine, made = bones(own), bones(blend.carry_out(own, mixture))
    flat = (mine[mixture.partner] == 0).all(-1) & mixture.weights.bool()
    assert mine[flat].any()
    torch.testing.assert_close(made[flat], mine[flat], rtol=0, atol=1e-5)


def test_a_mixup_stays_one_of_positions():
    own = clips()
    blend = STMixBlending(K, 'nturgb+d', space='bone', mixup_prob=1.0)
    torch.manual_seed(4)
    mixture = blend.draw_mixture(own, target())
    torch.testing.assert_close(
        blend.carry_out(own, mixture),
        torch.lerp(
            own, own[mixture.partner], mixture.share.view(-1, 1, 1, 1, 1)
        ),
    )


def test_a_score_beside_planar_joints_is_pasted_as_it_is():
    own = clips(joints=17)
    blend = build(layout='coco')
    torch.manual_seed(5)
    mixture = blend.draw_mixture(own, target())
    out = blend.carry_out(own, mixture)
    plain = super(STMixBlending, blend).carry_out(own, mixture)
    assert torch.equal(out[..., 2], plain[..., 2])
    coco = get_layout('coco')
    torch.testing.assert_close(
        bones(out[..., :2], coco).norm(dim=-1),
        bones(own[..., :2], coco).norm(dim=-1),
        rtol=1e-4,
        atol=1e-5,
    )


def samples(labels):
    return [ActionDataSample().set_gt_label(int(k)) for k in labels]


@pytest.mark.parametrize('kind', [STMixBlending, ShapMixBlending])
def test_both_options_work_in_both_blends(kind):
    blend = build(kind, partner='class_aware')
    blend.set_class_counts([60, 30, 12, 6, 3, 1])
    batch = clips()[:, None]
    torch.manual_seed(6)
    out, labelled = blend(batch, samples(torch.arange(8) % K))
    assert out.shape == (16, 1, M, T, V, C) and out.isfinite().all()
    soft = torch.stack([s.gt_label for s in labelled])
    torch.testing.assert_close(soft.sum(1), torch.ones(16))
    torch.manual_seed(6)
    again, _ = blend(batch, samples(torch.arange(8) % K))
    assert torch.equal(out, again)


def test_partners_are_drawn_by_the_rarity_of_their_class():
    blend = STMixBlending(3, 'nturgb+d', partner='class_aware')
    blend.set_class_counts([100, 20, 5])
    labels = torch.tensor([0, 0, 0, 1, 2])
    drawn = torch.zeros(5, 5)
    torch.manual_seed(7)
    for _ in range(4000):
        partner = blend.draw_partner(torch.eye(3)[labels])
        drawn[torch.arange(5), partner] += 1
    weight = 1 / torch.tensor([100.0, 20.0, 5.0])[labels]
    expected = weight.expand(5, 5) * ~torch.eye(5, dtype=torch.bool)
    expected = expected / expected.sum(1, keepdim=True)
    np.testing.assert_allclose(drawn / 4000, expected, atol=0.03)
    assert not drawn.diagonal().any()


def test_class_aware_partners_need_counts_and_a_second_sample():
    blend = STMixBlending(K, 'nturgb+d', partner='class_aware')
    assert blend.needs_class_counts
    assert not STMixBlending(K, 'nturgb+d').needs_class_counts
    with pytest.raises(ValueError, match='no class counts to draw partners'):
        blend.draw_partner(target())
    blend.set_class_counts([1] * K)
    assert blend.draw_partner(target(1)).tolist() == [0]
    other = STMixBlending(K, 'nturgb+d', partner='class_aware')
    other.load_state_dict(blend.state_dict())
    assert other.class_counts.tolist() == [1] * K


def test_a_blend_without_counts_loads_a_checkpoint_with_them():
    counted = STMixBlending(K, 'nturgb+d', partner='class_aware')
    counted.set_class_counts([1] * K)
    plain = STMixBlending(K, 'nturgb+d')
    found = plain.load_state_dict(counted.state_dict(), strict=False)
    assert found.unexpected_keys == ['class_counts']
    assert not plain.state_dict()
