"""ST-GCN's arrays give back the clips that were padded into them."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

from shapmix_mm.datasets import LongTailedPoseDataset, load_stgcn_npy


def write(folder, part, clips, labels, stem='data_joint', names=None):
    """As the scripts of ST-GCN and 2s-AGCN pad and write them."""
    data = np.zeros((len(clips), 3, 12, 5, 2), np.float32)
    for row, clip in zip(data, clips):
        bodies, frames = clip.shape[:2]
        row[:, :frames, :, :bodies] = clip.transpose(3, 1, 2, 0)
    np.save(folder / f'{part}_{stem}.npy', data)
    names = names or [f'{part}{i}.skeleton' for i in range(len(clips))]
    with open(folder / f'{part}_label.pkl', 'wb') as file:
        pickle.dump((names, list(labels)), file, protocol=2)
    return folder / f'{part}_{stem}.npy'


@pytest.fixture
def clips():
    rng = np.random.default_rng(0)
    return [
        rng.normal(size=(1 + i % 2, 4 + i, 5, 3)).astype(np.float32)
        for i in range(6)
    ]


@pytest.mark.parametrize('stem', ['data', 'data_joint', 'data_bone'])
def test_both_parts_come_back(tmp_path, clips, stem):
    write(tmp_path, 'train', clips[:4], [0, 1, 0, 1], stem)
    path = write(tmp_path, 'val', clips[4:], [1, 0], stem)
    found = load_stgcn_npy(path)
    assert found['split'] == dict(
        train=['train0', 'train1', 'train2', 'train3'], val=['val0', 'val1']
    )
    for annotation, clip in zip(found['annotations'], clips):
        np.testing.assert_array_equal(annotation['keypoint'], clip)
        assert annotation['total_frames'] == clip.shape[1]
    assert [a['label'] for a in found['annotations']] == [0, 1, 0, 1, 1, 0]
    ours = LongTailedPoseDataset(str(path), [], split='train')
    assert ours.metainfo['class_counts'] == [2, 2]


def test_one_part_alone_and_an_empty_clip(tmp_path, clips):
    path = write(tmp_path, 'train', [clips[0], clips[1] * 0], np.arange(2))
    found = load_stgcn_npy(path)
    assert found['split'] == dict(train=['train0'])


@pytest.mark.parametrize(
    'damage, words',
    [
        (lambda p: (p / 'train_label.pkl').unlink(), 'has no labels'),
        (lambda p: (p / 'train_data.npy').unlink(), 'does not exist'),
        (lambda p: (p / 'train_data.npy').write_bytes(b'x'), 'no array of'),
        (
            lambda p: np.save(p / 'train_data.npy', np.ones((2, 3))),
            r'floats of shape \(N, C, T, V, M\)',
        ),
        (
            lambda p: np.save(p / 'train_data.npy', [object()]),
            'no array of numbers',
        ),
        (lambda p: (p / 'train_label.pkl').write_bytes(b'x'), 'no names and'),
        (
            lambda p: (p / 'train_label.pkl').write_bytes(
                pickle.dumps((['a'], [0]))
            ),
            '1 labels of 2',
        ),
        (
            lambda p: (p / 'train_label.pkl').write_bytes(pickle.dumps(print)),
            'builtins.print',
        ),
    ],
)
def test_what_is_wrong_is_one_line(tmp_path, clips, damage, words):
    path = write(tmp_path, 'train', clips[:2], [0, 1], 'data')
    damage(tmp_path)
    with pytest.raises((ValueError, OSError), match=words) as error:
        LongTailedPoseDataset(str(path), [], split='train')
    assert '\n' not in str(error.value) and 'train_' in str(error.value)
