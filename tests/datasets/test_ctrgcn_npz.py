"""CTR-GCN's .npz, against what its feeder makes of it."""

from __future__ import annotations

import zipfile

import numpy as np
import pytest

from shapmix_mm.datasets.ctrgcn_npz import load_ctrgcn_npz

LENGTHS = dict(train=(7, 12, 1, 9), test=(5, 12))
LABELS = dict(train=(0, 2, 4, 1), test=(3, 0))


def arrays(frames=12, classes=5):
    rng = np.random.RandomState(0)
    made = {}
    for part, lengths in LENGTHS.items():
        x = np.zeros((len(lengths), frames, 150), dtype=np.float32)
        for row, length in enumerate(lengths):
            width = 75 if row % 2 else 150
            x[row, :length, :width] = rng.randn(length, width)
        made[f'x_{part}'] = x
        made[f'y_{part}'] = np.eye(classes)[list(LABELS[part])]
    return made


@pytest.fixture
def write(tmp_path):
    def save(content, compressed=False, name='NTU60_CS.npz'):
        path = tmp_path / name
        (np.savez_compressed if compressed else np.savez)(path, **content)
        return path

    return save


def feeder(x):
    """Reshape as CTR-GCN's feeder does: N, C, T, V, M."""
    number, frames = x.shape[:2]
    return x.reshape((number, frames, 2, 25, 3)).transpose(0, 4, 1, 3, 2)


@pytest.mark.parametrize('compressed', [False, True])
def test_samples_are_what_the_feeder_sees(write, compressed):
    content = arrays()
    data = load_ctrgcn_npz(write(content, compressed))
    assert data['split'] == dict(
        train=[f'train_{i:06d}' for i in range(4)],
        test=[f'test_{i:06d}' for i in range(2)],
    )
    names = data['split']['train'] + data['split']['test']
    assert [a['frame_dir'] for a in data['annotations']] == names
    for part in ('train', 'test'):
        seen = feeder(content[f'x_{part}'])
        for row, name in enumerate(data['split'][part]):
            found = data['annotations'][names.index(name)]
            length = LENGTHS[part][row]
            assert found['label'] == LABELS[part][row]
            assert type(found['label']) is int
            assert found['total_frames'] == length
            persons = 1 if row % 2 else 2
            want = seen[row].transpose(3, 1, 2, 0)[:persons, :length]
            np.testing.assert_array_equal(found['keypoint'], want)
            assert found['keypoint'].dtype == np.float32
            assert found['keypoint'].base is None


def test_more_rows_than_are_read_at_a_time(write, monkeypatch):
    path = write(arrays())
    whole = load_ctrgcn_npz(path)
    monkeypatch.setattr('shapmix_mm.datasets.ctrgcn_npz._ROWS', 3)
    for a, b in zip(
        whole['annotations'], load_ctrgcn_npz(path)['annotations']
    ):
        np.testing.assert_array_equal(a['keypoint'], b['keypoint'])


def test_a_frame_without_anyone_in_the_middle_stays(write):
    content = arrays()
    content['x_train'][0, 3] = 0
    found = load_ctrgcn_npz(write(content))['annotations'][0]
    assert found['total_frames'] == 7
    assert not found['keypoint'][:, 3].any()


def test_a_sample_of_zeros_is_left_out_and_names_stay(write):
    content = arrays()
    content['x_train'][1] = 0
    data = load_ctrgcn_npz(write(content))
    assert data['split']['train'] == [f'train_{i:06d}' for i in (0, 2, 3)]
    assert len(data['annotations']) == 5


def test_plain_labels_will_do(write):
    content = arrays()
    for part in ('train', 'test'):
        content[f'y_{part}'] = content[f'y_{part}'].argmax(1)
    labels = [
        a['label'] for a in load_ctrgcn_npz(write(content))['annotations']
    ]
    assert labels == [*LABELS['train'], *LABELS['test']]


def with_change(key, value):
    content = arrays()
    if value is None:
        del content[key]
    else:
        content[key] = value
    return content


@pytest.mark.parametrize(
    'key, value, message',
    [
        ('x_test', None, 'lacks x_test; it has x_train, y_train, y_test'),
        ('y_train', None, 'lacks y_train'),
        ('x_train', np.zeros((4, 12, 75)), r'x_train .*\(4, 12, 75\)'),
        ('x_train', np.zeros((4, 150)), r'x_train .*\(4, 150\)'),
        ('x_train', np.zeros((4, 12, 150), int), 'should be floats'),
        ('x_train', np.zeros((3, 12, 150)), '3 samples, but y_train has 4'),
        ('y_train', np.zeros((4, 5)), 'row 0 of y_train .* is not one-hot'),
        ('y_train', np.ones((4, 5)), 'is not one-hot'),
        ('y_train', np.full((4, 5), 'a'), 'should be numbers'),
        ('y_train', np.array([0, 1, -1, 2]), 'no integers >= 0'),
        ('y_train', np.array([0, 1, 0.5, 2]), 'no integers >= 0'),
        ('y_test', np.array([{}, {}]), 'y_test .* Python objects'),
        ('x_test', np.zeros((2, 12, 150)).T.copy().T, 'columns first'),
    ],
)
def test_other_arrays_are_refused_by_name(write, key, value, message):
    path = write(with_change(key, value))
    with pytest.raises(ValueError, match=message) as caught:
        load_ctrgcn_npz(path)
    assert str(path) in str(caught.value)


def test_files_that_are_no_npz(tmp_path, write):
    with pytest.raises(FileNotFoundError, match='gone.npz does not exist'):
        load_ctrgcn_npz(tmp_path / 'gone.npz')
    path = tmp_path / 'text.npz'
    path.write_text('hello')
    with pytest.raises(ValueError, match='no whole .npz'):
        load_ctrgcn_npz(path)
    whole = write(arrays())
    whole.write_bytes(whole.read_bytes()[:-100])
    with pytest.raises(ValueError, match='no whole .npz'):
        load_ctrgcn_npz(whole)


def test_a_damaged_or_short_array(tmp_path, write):
    whole = write(arrays())
    path = tmp_path / 'short.npz'
    with zipfile.ZipFile(whole) as a, zipfile.ZipFile(path, 'w') as b:
        for name in a.namelist():
            content = a.read(name)
            b.writestr(name, content[:-9] if name == 'x_test.npy' else content)
    with pytest.raises(ValueError, match='x_test of .* is cut short'):
        load_ctrgcn_npz(path)
    with zipfile.ZipFile(whole) as a, zipfile.ZipFile(path, 'w') as b:
        for name in a.namelist():
            content = a.read(name)
            b.writestr(name, content[7:] if name == 'y_test.npy' else content)
    with pytest.raises(ValueError, match='y_test of .* no readable header'):
        load_ctrgcn_npz(path)
