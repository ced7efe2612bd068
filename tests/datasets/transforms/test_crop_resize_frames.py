"""CropResizeFrames against torch's interpolation and the drawn windows."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn.functional import interpolate

from shapmix_mm.datasets.transforms import CropResizeFrames


def sample(frames, persons=1, joints=4, channels=3, seed=0, **extra):
    keypoint = (
        np.random.RandomState(seed).rand(persons, frames, joints, channels) + 1
    )
    return dict(
        frame_dir='S1',
        total_frames=frames,
        label=0,
        keypoint=keypoint.astype(np.float32),
        **extra,
    )


def ramp(frames):
    """Every joint holds 1 + the number of its frame."""
    results = sample(frames)
    results['keypoint'][:] = np.arange(1, frames + 1)[:, None, None]
    return results


def torch_resize(clip, length):
    flat = torch.from_numpy(clip.astype(np.float32)).transpose(0, 1)
    flat = flat.reshape(clip.shape[1], -1).T[None, None]
    out = interpolate(
        flat,
        size=(flat.shape[2], length),
        mode='bilinear',
        align_corners=False,
    )[0, 0].T
    out = out.reshape(length, clip.shape[0], *clip.shape[2:])
    return out.transpose(0, 1).numpy()


@pytest.mark.parametrize('frames', [1, 2, 3, 31, 64, 65, 200])
@pytest.mark.parametrize('length', [1, 7, 64])
def test_resize_equals_torch(frames, length):
    results = sample(frames, persons=2)
    keypoint = results['keypoint'].copy()
    out = CropResizeFrames(length, (1.0,))(results)
    assert out['keypoint'].shape == (2, length, 4, 3)
    assert out['keypoint'].dtype == np.float32
    np.testing.assert_allclose(
        out['keypoint'], torch_resize(keypoint, length), atol=1e-5
    )
    assert (out['total_frames'], out['clip_len'], out['num_clips']) == (
        length,
        length,
        1,
    )


@pytest.mark.parametrize(
    'frames, share, first, last',
    [
        (100, 0.95, 2, 97),
        (100, 0.5, 25, 74),
        (9, 0.5, 2, 6),
        (3, 0.1, 1, 1),
        (2, 0.1, 0, 1),
        (1, 0.1, 0, 0),
    ],
)
def test_one_share_is_a_centred_window(frames, share, first, last):
    num = last - first + 1
    out = CropResizeFrames(num, (share,))(ramp(frames))['keypoint']
    np.testing.assert_allclose(out[0, :, 0, 0], np.arange(first, last + 1) + 1)


def test_drawn_windows_follow_numpys_stream():
    crop = CropResizeFrames(50, (0.5, 1.0), min_frames=10)
    for seed in range(20):
        np.random.seed(seed)
        num = int(100 * (0.5 + np.random.rand() * 0.5))
        start = np.random.randint(100 - num + 1)
        np.random.seed(seed)
        results = ramp(100)
        want = torch_resize(results['keypoint'][:, start : start + num], 50)
        np.testing.assert_allclose(crop(results)['keypoint'], want, atol=1e-4)


def drawn_spans(crop, frames, times=400):
    np.random.seed(0)
    ends = []
    for _ in range(times):
        line = crop(ramp(frames))['keypoint'][0, :, 0, 0]
        ends.append((line[0], line[-1]))
    return np.array(ends)


def test_windows_cover_the_sample_and_keep_the_floor():
    # Upsampled far enough, the first and last output frames are the window's.
    spans = drawn_spans(CropResizeFrames(400, (0.1, 1.0), min_frames=30), 100)
    length = spans[:, 1] - spans[:, 0] + 1
    assert length.min() == pytest.approx(30) and length.max() > 95
    assert spans.min() == 1 and spans.max() == 100


def test_no_window_is_shorter_than_64_or_the_sample_by_default():
    assert (drawn_spans(CropResizeFrames(400), 60, 50) == [1, 60]).all()
    spans = drawn_spans(CropResizeFrames(400), 80)
    assert (spans[:, 1] - spans[:, 0] + 1).min() == pytest.approx(64)


def test_frames_without_anybody_are_dropped_wherever_they_are():
    results = sample(8, persons=2)
    results['keypoint'][:, [0, 3, 7]] = 0
    results['keypoint'][0, 1] = 0
    want = results['keypoint'][:, [1, 2, 4, 5, 6]]
    out = CropResizeFrames(5, (1.0,))(results)['keypoint']
    np.testing.assert_array_equal(out, want)
    assert not out[0, 0].any() and out[1, 0].any()


def test_absent_persons_stay_zero():
    results = sample(40, persons=3)
    results['keypoint'][1] = 0
    out = CropResizeFrames(64)(results)['keypoint']
    assert not out[1].any() and out[[0, 2]].all()


def test_scores_go_along():
    results = sample(30, persons=2, channels=2)
    results['keypoint_score'] = results['keypoint'][..., 0].copy()
    out = CropResizeFrames(16, (0.5, 1.0), min_frames=4)(results)
    np.testing.assert_array_equal(
        out['keypoint_score'], out['keypoint'][..., 0]
    )


def test_half_precision_gives_single():
    results = sample(30)
    results['keypoint'] = results['keypoint'].astype(np.float16)
    want = torch_resize(results['keypoint'], 12)
    out = CropResizeFrames(12, (1,))(results)['keypoint']
    assert out.dtype == np.float32
    np.testing.assert_allclose(out, want, atol=1e-5)


def test_a_sample_without_valid_frames_is_named():
    results = sample(5)
    results['keypoint'][:] = 0
    with pytest.raises(ValueError, match="'S1' has no valid frame.* 5 frames"):
        CropResizeFrames()(results)


def test_the_same_seed_gives_the_same_and_the_input_is_kept():
    crop, results = CropResizeFrames(20, (0.3, 0.9), min_frames=5), sample(99)
    keypoint = results['keypoint']
    before = keypoint.copy()
    outs = []
    for seed in (3, 3, 4):
        np.random.seed(seed)
        outs.append(crop(dict(results))['keypoint'])
    np.testing.assert_array_equal(outs[0], outs[1])
    assert not np.array_equal(outs[0], outs[2])
    np.testing.assert_array_equal(keypoint, before)


def test_one_share_draws_nothing():
    np.random.seed(0)
    state = np.random.get_state()[1].copy()
    CropResizeFrames(8, (0.95,))(sample(20))
    np.testing.assert_array_equal(np.random.get_state()[1], state)


@pytest.mark.parametrize(
    'kwargs, error, word',
    [
        (dict(clip_len=0), ValueError, 'clip_len'),
        (dict(clip_len=6.4), TypeError, 'clip_len'),
        (dict(min_frames=0), ValueError, 'min_frames'),
        (dict(min_frames=True), TypeError, 'min_frames'),
        (dict(p_interval=0.5), TypeError, 'p_interval'),
        (dict(p_interval='ab'), TypeError, 'p_interval'),
        (dict(p_interval=()), ValueError, 'p_interval'),
        (dict(p_interval=(0, 1)), ValueError, 'p_interval'),
        (dict(p_interval=(0.5, 1.1)), ValueError, 'p_interval'),
        (dict(p_interval=(0.9, 0.5)), ValueError, 'p_interval'),
        (dict(p_interval=(0.1, 0.2, 0.3)), ValueError, 'p_interval'),
        (dict(p_interval=(float('nan'), 1)), ValueError, 'p_interval'),
    ],
)
def test_bad_arguments_are_named(kwargs, error, word):
    with pytest.raises(error, match=word):
        CropResizeFrames(**kwargs)
