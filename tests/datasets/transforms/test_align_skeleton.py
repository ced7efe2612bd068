"""Bodies stand upright and face y, whichever way the file has them."""

import numpy as np
import pytest
from mmaction.registry import TRANSFORMS
from scipy.spatial.transform import Rotation

from shapmix_mm.skeletons import find_body_joints, get_layout

# A body that stands along z and faces y, in NTU's order of joints.
STANDING = np.zeros((25, 3))
STANDING[:, 2] = 1.0
STANDING[20] = [0, 0, 1.5]
STANDING[[4, 8]] = [[-0.2, 0, 1.5], [0.2, 0, 1.5]]
STANDING[[12, 16]] = [[-0.1, 0, 1.0], [0.1, 0, 1.0]]
STANDING[3] = [0, 0.05, 1.8]  # the head, before the spine
STANDING[10] = [0.3, 0.6, 1.3]  # a right hand that points forward

# The same with its left shoulder raised.
SHRUGGING = STANDING.copy()
SHRUGGING[4, 2] += 0.03


def clip_of(*persons, frames=3):
    poses = np.stack([np.stack([pose] * frames) for pose in persons])
    return dict(
        keypoint=poses.astype(np.float32),
        frame_dir='clip',
        total_frames=frames,
    )


def align(results, **kwargs):
    return TRANSFORMS.build(dict(type='AlignSkeleton', **kwargs))(results)


def test_hips_and_shoulders_of_the_layouts():
    assert find_body_joints(get_layout('nturgb+d')) == ((12, 16), (4, 8))
    assert find_body_joints(get_layout('coco')) == ((11, 12), (5, 6))
    nameless = dict(
        num_node=9,
        center=0,
        inward=[
            (1, 0),
            (2, 1),
            (3, 1),
            (4, 2),
            (5, 3),
            (6, 0),
            (7, 0),
            (8, 6),
        ],
        parts=dict(
            trunk=[0, 1],
            left_arm=[2, 4],
            right_arm=[3, 5],
            left_leg=[6, 8],
            right_leg=[7],
        ),
    )
    assert find_body_joints(get_layout(nameless)) == ((6, 7), (2, 3))
    nameless['parts'] = [[0, 1], [2, 4], [3, 5], [6, 8], [7]]
    with pytest.raises(ValueError, match='left hip.*left_leg'):
        find_body_joints(get_layout(nameless))


@pytest.mark.parametrize('seed', range(20))
def test_any_turned_and_moved_body_comes_back(seed):
    turn = Rotation.random(random_state=seed).as_matrix()
    away = np.random.default_rng(seed).normal(size=3)
    moved = STANDING @ turn.T + away
    got = align(clip_of(moved))['keypoint'][0, 0]
    wanted = STANDING - [0, 0, 1.0]  # the middle of the hips is the origin
    np.testing.assert_allclose(got, wanted, atol=2e-6)


@pytest.mark.parametrize('xaxis', [[8, 4], [4, 8]])
def test_where_the_stock_alignment_topples_bodies(xaxis):
    """A y-up file in which people face +z, one shoulder a little higher."""
    upright = {'stock': [], 'ours': []}
    for degrees in np.linspace(-3, 3, 13):
        facing = Rotation.from_euler('yx', [degrees, -90], degrees=True)
        bodies = clip_of(SHRUGGING @ facing.as_matrix().T)
        stock = TRANSFORMS.build(
            dict(type='PreNormalize3D', zaxis=[0, 20], xaxis=xaxis)
        )(dict(bodies))
        for name, done in (('stock', stock), ('ours', align(dict(bodies)))):
            spine = done['keypoint'][0, 0, 20] - done['keypoint'][0, 0, 0]
            upright[name].append(spine[2] / np.linalg.norm(spine))
    assert min(upright['ours']) > 0.999
    if xaxis == [4, 8]:
        # The line of shoulders points away from x: anything can happen.
        assert min(upright['stock']) < 0


def test_turns_within_a_clip_and_distances_remain():
    """One frame for all frames and persons, from the first that has one."""
    half = Rotation.from_euler('z', 40, degrees=True).as_matrix()
    clip = clip_of(STANDING, STANDING + [1, 2, 0])
    clip['keypoint'][0, 1] = (STANDING @ half.T).astype(np.float32)
    clip['keypoint'][0, 0] = 0
    clip['keypoint'][1, 2] = 0
    before = clip['keypoint'].copy()
    after = align(clip)['keypoint']
    assert not after[0, 0].any() and not after[1, 2].any()
    apart = np.linalg.norm(before[0, 1] - before[1, 1], axis=-1)
    np.testing.assert_allclose(
        np.linalg.norm(after[0, 1] - after[1, 1], axis=-1), apart, rtol=1e-5
    )
    # The first frame with a person gives the frame: it is turned back whole.
    np.testing.assert_allclose(
        after[0, 2, 8] - after[0, 2, 4], half.T @ [0.4, 0, 0], atol=1e-6
    )


def test_missing_joints_stay_zero():
    """They stood where the sensor is, away from the body."""
    clip = clip_of(STANDING + [0, 3, 0], STANDING + [0, 3, 0])
    clip['keypoint'][0, 1, [4, 7]] = 0
    got = align(clip)['keypoint'][0]
    wanted = STANDING - [0, 0, 1.0]
    np.testing.assert_allclose(got[0], wanted, atol=2e-6)
    wanted[[4, 7]] = 0
    np.testing.assert_allclose(got[1], wanted, atol=2e-6)


@pytest.mark.parametrize('lost', ['shoulder', 'line', 'nothing'])
def test_a_clip_without_a_frame_stays_and_is_counted(lost, caplog):
    pose = STANDING.copy()
    if lost == 'shoulder':
        pose[4] = 0
    elif lost == 'line':
        pose[[4, 8]] = [[0, 0, 1.2], [0, 0, 1.8]]
        pose[[12, 16]] = [0, 0, 1.0]
    else:
        pose[:] = 0
    clip = clip_of(pose)
    before = clip['keypoint'].copy()
    transform = TRANSFORMS.build(dict(type='AlignSkeleton'))
    for _ in range(2):
        np.testing.assert_array_equal(transform(clip)['keypoint'], before)
    assert transform.unaligned == 2


def test_a_score_is_kept_and_two_dimensions_are_refused():
    clip = clip_of(STANDING)
    scored = np.concatenate(
        (clip['keypoint'], np.full((1, 3, 25, 1), 0.5, np.float32)), -1
    )
    got = align(dict(clip, keypoint=scored))['keypoint']
    assert (got[..., 3] == 0.5).all()
    with pytest.raises(ValueError, match='three dimensions'):
        align(dict(clip, keypoint=clip['keypoint'][..., :2]))
    with pytest.raises(ValueError, match="'clip'.*25 joints"):
        align(clip, layout='coco')


def test_a_toppled_body_is_told_once(monkeypatch):
    lines = []
    monkeypatch.setattr(
        'shapmix_mm.datasets.transforms.fast_pre_normalize_3d.print_log',
        lambda message, **kwargs: lines.append(message),
    )
    facing = Rotation.from_euler('yx', [3, -90], degrees=True).as_matrix()
    clip = clip_of(SHRUGGING @ facing.T)
    for xaxis, told in (([4, 8], 1), ([8, 4], 0)):
        lines.clear()
        transform = TRANSFORMS.build(
            dict(type='FastPreNormalize3D', zaxis=[0, 20], xaxis=xaxis)
        )
        for _ in range(3):
            transform(dict(clip))
        assert len(lines) == told
    assert not lines
