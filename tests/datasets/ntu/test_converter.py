"""One raw file into one annotation."""

from __future__ import annotations

import numpy as np
import pytest

from shapmix_mm.datasets.ntu import NTUConverter
from shapmix_mm.datasets.preparation import UnusableFile, list_source

NAME = 'S001C001P001R001A013'


@pytest.fixture
def convert(tmp_path):
    def run(text, **settings):
        (tmp_path / f'{NAME}.skeleton').write_text(text)
        (file,) = list_source(tmp_path)
        return NTUConverter(**settings)(file)

    return run


def test_an_annotation_is_as_mmaction2_writes_it(convert, to_text, person):
    a = person(0, 20)
    found = convert(to_text([[(5, p)] for p in a]))
    assert list(found) == ['frame_dir', 'label', 'total_frames', 'keypoint']
    assert found['frame_dir'] == NAME
    assert found['label'] == 12 and type(found['label']) is int
    assert found['total_frames'] == 20
    assert found['keypoint'].dtype == np.float16
    np.testing.assert_array_equal(found['keypoint'], a[None])


def test_float32_keeps_more(convert, to_text):
    pose = np.full((1, 25, 3), 3.0001)
    text = to_text([[(5, p)] for p in pose])
    assert convert(text)['keypoint'][0, 0, 0, 0] == 3
    found = convert(text, dtype='float32')['keypoint']
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, pose[None].astype(np.float32))


@pytest.mark.parametrize(
    'frames, reason, detail',
    [
        ([], 'no frames', '0 frames'),
        ([[], []], 'no body', 'in any frame'),
        ([[(1, np.zeros((25, 3)))]], 'no body', 'all coordinates are zero'),
        ([[(1, np.full((25, 3), 1e6))]], 'not finite', 'too large'),
    ],
)
def test_recordings_without_a_person(convert, to_text, frames, reason, detail):
    with pytest.raises(UnusableFile, match=detail) as caught:
        convert(to_text(frames))
    assert caught.value.reason == reason


def test_unknown_settings():
    with pytest.raises(ValueError, match='tracked'):
        NTUConverter(bodies='all')
    with pytest.raises(ValueError, match='float16'):
        NTUConverter(dtype='float8')


@pytest.mark.filterwarnings('error')
@pytest.mark.parametrize('dtype', ['float16', 'float32'])
@pytest.mark.parametrize('bodies', ['tracked', 'slots'])
@pytest.mark.parametrize('value', [1e300, -1e300, 1.7e308, 1e39])
def test_out_of_range_is_told_without_a_warning(
    convert, to_text, person, dtype, bodies, value
):
    # Energies are only compared where there is more than one body.
    poses = np.stack([person(seed, 20) for seed in range(3)])
    poses[0, 3, 5, 1] = value
    text = to_text([list(enumerate(frame)) for frame in poses.swapaxes(0, 1)])
    with pytest.raises(UnusableFile) as caught:
        convert(text, dtype=dtype, bodies=bodies)
    assert caught.value.reason == 'not finite'


@pytest.mark.filterwarnings('error')
def test_the_largest_of_float32_are_kept(convert, to_text):
    poses = np.full((2, 4, 25, 3), -3e38)
    poses[0] *= -1
    text = to_text([list(enumerate(frame)) for frame in poses.swapaxes(0, 1)])
    for bodies in ('tracked', 'slots'):
        found = convert(text, dtype='float32', bodies=bodies)['keypoint']
        assert sorted(found[:, 0, 0, 0]) == [
            np.float32(-3e38),
            np.float32(3e38),
        ]
