"""SkeletonFeatures against MMAction2's GenSkeFeat, and by hand elsewhere."""

from __future__ import annotations

import numpy as np
import pytest
from mmaction.datasets.transforms import GenSkeFeat

from shapmix_mm.datasets.transforms import SkeletonFeatures
from shapmix_mm.skeletons import get_layout

SPEC = dict(
    num_node=4,
    inward=[(1, 0), (2, 1), (3, 0)],
    center=0,
    parts=[[0, 1], [2], [3]],
)


def sample(joints, channels=3, score=False, frames=6):
    rng = np.random.RandomState(0)
    shape = (2, frames, joints)
    results = dict(
        frame_dir='S1',
        label=3,
        keypoint=rng.randn(*shape, channels).astype(np.float32),
    )
    if score:
        results['keypoint_score'] = rng.rand(*shape).astype(np.float32)
    return results


@pytest.mark.parametrize(
    'feats', [['j'], ['b'], ['jm'], ['bm'], ['j', 'b'], ['bm', 'j', 'jm', 'b']]
)
@pytest.mark.parametrize(
    'name, channels, score',
    [
        ('nturgb+d', 3, False),
        ('coco', 2, False),
        ('coco', 2, True),
        ('coco', 3, False),
        ('openpose', 2, True),
        ('openpose', 3, False),
    ],
)
def test_equals_gen_ske_feat(name, channels, score, feats):
    results = sample(get_layout(name).num_joints, channels, score)
    stock = GenSkeFeat(dataset=name, feats=feats)(dict(results))
    ours = SkeletonFeatures(name, feats)(dict(results))
    assert sorted(ours) == ['frame_dir', 'keypoint', 'label']
    assert ours['keypoint'].dtype == np.float32
    np.testing.assert_array_equal(ours['keypoint'], stock['keypoint'])


def test_equals_gen_ske_feat_on_odd_samples(draw_pose):
    """One and two persons, absent ones, empty frames, NaN; any float type."""
    feats = ['j', 'b', 'jm', 'bm']
    stock, ours = GenSkeFeat(feats=feats), SkeletonFeatures(feats=feats)
    seen = set()
    for number in range(200):
        pose = draw_pose(number)['keypoint'][..., :3]
        seen.add((len(pose), pose.dtype.name, bool(np.isnan(pose).any())))
        narrow = pose.astype(np.float32)
        expected = stock(dict(keypoint=narrow.copy()))['keypoint']
        found = ours(dict(keypoint=pose))['keypoint']
        # The numbers of float16 and float64 fit, or are rounded, once.
        atol = 0 if pose.dtype != np.float64 else 1e-6
        np.testing.assert_allclose(found, expected, rtol=0, atol=atol)
    assert {one for one, _, _ in seen} == {1, 2}
    assert {nan for _, _, nan in seen} == {False, True}
    assert len({name for _, name, _ in seen}) > 1


def test_a_custom_layout_by_hand():
    keypoint = np.zeros((1, 2, 4, 3))
    keypoint[0, :, 1] = [[1, 2, 3], [2, 2, 2]]
    keypoint[0, :, 2] = [[5, 5, 5], [0, 0, 0]]
    out = SkeletonFeatures(SPEC, ['b', 'bm'])(dict(keypoint=keypoint))
    bones, motion = out['keypoint'][0, :, 2, :3], out['keypoint'][0, :, 2, 3:]
    np.testing.assert_array_equal(bones, [[4, 3, 2], [-2, -2, -2]])
    np.testing.assert_array_equal(motion, [[-6, -5, -4], [0, 0, 0]])


def test_a_score_array_is_averaged_in_a_layout_that_is_not_planar_too():
    keypoint, score = np.zeros((1, 2, 4, 2)), np.zeros((1, 2, 4))
    score[0, :, 1], score[0, :, 2] = (0.2, 0.6), (0.4, 1.0)
    out = SkeletonFeatures(SPEC, ['b', 'jm'])(
        dict(keypoint=keypoint, keypoint_score=score)
    )['keypoint']
    np.testing.assert_allclose(out[0, :, 2, 2], [0.3, 0.8])
    np.testing.assert_allclose(out[0, :, 2, 5], [0.7, 0.0])


def test_accelerations_by_hand():
    """Joint 2 falls, and with it 3, which hangs from it: u is the square."""
    frames = np.arange(6.0)
    clip = np.zeros((1, 6, 25, 3))
    clip[0, :, [2, 3], 0] = frames**2
    made = [
        SkeletonFeatures(feats=[feat])(dict(keypoint=clip))['keypoint']
        for feat in ('ja', 'ba')
    ]
    expected = np.zeros((2, 1, 6, 25, 3))
    # Twice two, in all frames but the last two.
    expected[:, 0, :4, 2, 0] = 4
    # The bone of 3 rests, and so moves against that of 2.
    expected[1, 0, :4, 3, 0] = -4
    np.testing.assert_array_equal(made, expected)


def test_joint_acceleration_is_the_change_of_bone_motion():
    made = {
        feat: SkeletonFeatures(feats=[feat])(sample(25))['keypoint']
        for feat in ('bm', 'ja')
    }
    step = made['bm'][:, 1:-1] - made['bm'][:, :-2]
    np.testing.assert_allclose(made['ja'][:, :-2], 2 * step, atol=1e-5)
    assert not made['ja'][:, -2:].any()


def test_the_score_of_an_acceleration_is_that_of_its_middle_frame():
    clip = sample(17, 2, score=True)
    bone, found = (
        SkeletonFeatures('coco', [feat])(dict(clip))['keypoint'][..., 2]
        for feat in ('b', 'ja')
    )
    np.testing.assert_array_equal(found[:, :-2], bone[:, 1:-1])
    assert not found[:, -2:].any()


@pytest.mark.parametrize('feat, frames', [('jm', 1), ('ja', 1), ('ba', 2)])
def test_one_frame_has_no_motion(feat, frames):
    out = SkeletonFeatures('coco', [feat])(sample(17, 2, frames=frames))
    assert out['keypoint'].shape == (2, frames, 17, 2)
    assert not out['keypoint'].any()


def test_absent_persons_stay_zero_and_the_input_is_kept():
    results = sample(20)
    results['keypoint'][1] = 0
    keypoint, before = results['keypoint'], results['keypoint'].copy()
    feats = ['j', 'b', 'jm', 'bm', 'ja', 'ba']
    out = SkeletonFeatures('nw-ucla', feats)(results)
    assert out['keypoint'].shape == (2, 6, 20, 18)
    assert not out['keypoint'][1].any()
    np.testing.assert_array_equal(keypoint, before)


def test_joints_alone_are_a_copy():
    results = sample(25)
    keypoint = results['keypoint']
    out = SkeletonFeatures()(results)['keypoint']
    np.testing.assert_array_equal(out, keypoint)
    assert not np.shares_memory(out, keypoint)


def test_wrong_joints_name_the_sample():
    with pytest.raises(
        ValueError,
        match=r"Sample 'S1' has 17 joints where "
        r"layout 'nturgb\+d' has 25",
    ):
        SkeletonFeatures()(sample(17))


def test_3d_joints_with_scores_are_refused():
    with pytest.raises(ValueError, match="'S1'.*keypoint_score.*2D"):
        SkeletonFeatures()(sample(25, 3, score=True))


@pytest.mark.parametrize(
    'feats, error',
    [
        ('j', TypeError),
        ([], ValueError),
        (['j', 'j'], ValueError),
        (['j', 'motion'], ValueError),
    ],
)
def test_bad_arguments_are_named(feats, error):
    with pytest.raises(error, match='feats'):
        SkeletonFeatures('coco', feats)
