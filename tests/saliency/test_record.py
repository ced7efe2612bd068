"""Snapshots of the table: order, files written whole, damage."""

import os

import numpy as np
import pytest

from shapmix_mm.saliency import SaliencyRecord

MEMBERS = np.array([[1, 1, 0], [0, 1, 1]], dtype=bool)


@pytest.fixture
def record(tmp_path):
    return SaliencyRecord(tmp_path / 'run' / 'h.npz', MEMBERS, 4)


def fill(record, epochs):
    for epoch in epochs:
        record.add(epoch, np.full((4, 2), epoch), np.full((4, 2), 2 * epoch))
    return record


def test_what_is_saved_is_read_back(record):
    fill(record, (1, 2, 5)).save()
    assert os.listdir(record.path.parent) == ['h.npz']
    other = SaliencyRecord(record.path, MEMBERS, 4)
    other.load()
    assert other.epochs == [1, 2, 5]
    assert other.values.shape == (3, 4, 2)
    np.testing.assert_array_equal(other.values[:, 0, 0], [1, 2, 5])
    np.testing.assert_array_equal(other.updates[:, 3, 1], [2, 4, 10])


def test_an_epoch_replaces_itself_and_later_ones(record):
    fill(record, (1, 2, 3, 2))
    assert record.epochs == [1, 2] and len(record) == 2
    record.keep_until(0)
    assert record.values.shape == (0, 4, 2)
    record.save()
    record.load()
    assert record.epochs == []


def test_a_failed_write_keeps_the_old_file(record, monkeypatch):
    fill(record, (1,)).save()
    old = record.path.read_bytes()

    def fail(file, **arrays):
        file.write_bytes(b'half')
        raise OSError('no space left')

    monkeypatch.setattr(np, 'savez_compressed', fail)
    with pytest.raises(OSError, match='no space'):
        fill(record, (2,)).save()
    assert record.path.read_bytes() == old
    assert os.listdir(record.path.parent) == ['h.npz']


def test_without_a_file_there_is_nothing_to_read(record):
    record.load()
    assert len(record) == 0


@pytest.mark.parametrize('cut', [0, 10, 0.5, 0.9])
def test_a_damaged_file_is_named(record, cut):
    fill(record, (1, 2)).save()
    data = record.path.read_bytes()
    size = int(cut * len(data)) if cut < 1 else cut
    record.path.write_bytes(data[:size])
    with pytest.raises(ValueError, match=r'h\.npz is damaged'):
        record.load()
    assert record.epochs == [1, 2]


def test_flipped_bytes_and_other_contents_are_named(record):
    fill(record, (1, 2)).save()
    data = bytearray(record.path.read_bytes())
    data[len(data) // 2] ^= 255
    record.path.write_bytes(data)
    with pytest.raises(ValueError, match='damaged'):
        record.load()
    np.savez(record.path, values=np.ones(3))
    with pytest.raises(ValueError, match='no history'):
        record.load()
    np.savez(record.path, epochs=np.array([None], dtype=object))
    with pytest.raises(ValueError, match='no history'):
        record.load()


def test_the_history_of_another_model_is_refused(record):
    fill(record, (1,)).save()
    with pytest.raises(ValueError, match=r'\(4, 2\) where the model has'):
        SaliencyRecord(record.path, MEMBERS, 5).load()
    with pytest.raises(ValueError, match='of other parts'):
        SaliencyRecord(record.path, ~MEMBERS, 4).load()
