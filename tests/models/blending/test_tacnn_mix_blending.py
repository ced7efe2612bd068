"""Ta-CNN's mix: upper body of one, lower body of another."""

import pytest
import torch

from shapmix_mm.models import TaCNNMixBlending

CUSTOM = dict(
    num_node=5,
    center=0,
    inward=[(1, 0), (2, 0), (3, 0), (4, 0)],
    parts=dict(head=[0, 1], arms=[2], legs=[3, 4]),
)


@pytest.mark.parametrize(
    'layout, lower',
    [
        ('nturgb+d', range(12, 20)),
        ('nw-ucla', range(12, 20)),
        ('coco', range(11, 17)),
        ('openpose', range(8, 14)),
    ],
)
def test_the_legs_are_the_partners_and_all_else_ones_own(layout, lower):
    torch.manual_seed(0)
    blend = TaCNNMixBlending(4, layout)
    joints = blend.layout.num_joints
    clips = torch.randn(4, 1, 1, 6, joints, 3)
    out, label = blend.do_blending(clips, torch.eye(4))
    share = len(lower) / joints
    for i in range(4):
        partner = int(label[i].index_fill(0, torch.tensor(i), -1).argmax())
        for v in range(joints):
            source = partner if v in lower else i
            assert torch.equal(out[i, ..., v, :], clips[source, ..., v, :])
        assert label[i, i].item() == pytest.approx(1 - share)
        assert label[i, partner].item() == pytest.approx(share)


def test_any_parts_of_any_layout_can_be_the_lower_body():
    blend = TaCNNMixBlending(2, CUSTOM, lower=['legs', 'arms'])
    assert blend.lower_joints.tolist() == [False, False, True, True, True]


@pytest.mark.parametrize(
    'lower', [(), ('legs', 'feet'), ('legs', 'legs'), ('head', 'arms', 'legs')]
)
def test_bad_parts_are_named(lower):
    with pytest.raises(ValueError, match='head.*arms.*legs.*got'):
        TaCNNMixBlending(2, CUSTOM, lower=lower)


def test_a_layout_without_legs_says_so():
    with pytest.raises(ValueError, match=r'left_leg.*right_leg'):
        TaCNNMixBlending(2, CUSTOM)
