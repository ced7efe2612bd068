"""An annotation file written sample by sample."""

from __future__ import annotations

import pickle
import weakref

import numpy as np
import pytest

from shapmix_mm.datasets.preparation import stream_annotations
from shapmix_mm.serialization import load_annotations


def test_any_reader_sees_a_plain_dict_of_a_plain_list(tmp_path):
    made = []

    def samples():
        for index in range(2500):
            made.append(f's{index}')
            pose = np.full((1, 2, 3, 3), index, dtype=np.float16)
            yield dict(frame_dir=made[-1], label=index, keypoint=pose)

    path = tmp_path / 'new' / 'a.pkl'
    stream_annotations(path, samples(), lambda: dict(train=list(made)))
    for content in (pickle.loads(path.read_bytes()), load_annotations(path)):
        assert type(content) is dict and type(content['split']) is dict
        assert type(content['annotations']) is list
        assert set(content) == {'annotations', 'split'}
        assert content['split'] == dict(train=[f's{i}' for i in range(2500)])
        for index, sample in enumerate(content['annotations']):
            assert sample['frame_dir'] == f's{index}'
            assert sample['label'] == index
            assert (sample['keypoint'] == index).all()
            assert sample['keypoint'].dtype == np.float16


def test_samples_do_not_pile_up(tmp_path):
    alive = weakref.WeakSet()
    most = 0

    class Sample(dict):
        """A dict that can be watched."""

        __hash__ = object.__hash__

        def __reduce__(self):
            return dict, (dict(self),)

    def samples():
        nonlocal most
        for index in range(50):
            sample = Sample(frame_dir=str(index))
            alive.add(sample)
            most = max(most, len(alive))
            yield sample

    stream_annotations(tmp_path / 'a.pkl', samples(), dict)
    assert len(load_annotations(tmp_path / 'a.pkl')['annotations']) == 50
    assert most <= 4


def test_a_failure_leaves_the_old_file(tmp_path):
    path = tmp_path / 'a.pkl'
    path.write_bytes(b'old')

    def samples():
        yield dict(frame_dir='a')
        raise OSError('disk full')

    with pytest.raises(OSError, match='disk full'):
        stream_annotations(path, samples(), dict)
    assert [p.name for p in tmp_path.iterdir()] == ['a.pkl']
    assert path.read_bytes() == b'old'
