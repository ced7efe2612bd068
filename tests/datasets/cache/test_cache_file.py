"""Samples come back as they were; what is damaged or hostile is refused."""

from __future__ import annotations

import io
import os
import pickle
import shutil
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from mmaction.registry import TRANSFORMS

from shapmix_mm.datasets import LongTailedPoseDataset
from shapmix_mm.datasets.cache import CachedSamples, CacheFile, is_cache
from shapmix_mm.datasets.cache import source as source_module
from shapmix_mm.datasets.cache.cache_file import CacheWriter

STEP = dict(type='PreNormalize3D', align_spine=False)
DTYPES = ['<f2', '<f4', '>f4', '<f8', '|u1', '<i8', '|b1', '<c8']


@st.composite
def arrays(draw):
    sides = dict(min_dims=0, max_dims=4, min_side=0, max_side=3)
    shape = draw(hnp.array_shapes(**sides))
    value = draw(hnp.arrays(draw(st.sampled_from(DTYPES)), shape))
    order = draw(st.permutations(range(value.ndim)))
    if draw(st.booleans()):
        # Axes in another order in memory.
        value = value.transpose(order).copy()
        value = value.transpose(np.argsort(order))
    return value


SCALARS = st.one_of(
    st.integers(),
    st.floats(allow_nan=False),
    st.complex_numbers(allow_nan=False),
    st.booleans(),
    st.none(),
    st.text(max_size=5),
    st.integers(-9, 9).map(np.int64),
    st.booleans().map(np.bool_),
    st.floats(width=32, allow_nan=False).map(np.float32),
    st.text(max_size=3).map(np.str_),
)
VALUES = st.one_of(
    SCALARS,
    arrays(),
    st.lists(SCALARS, max_size=3).map(tuple),
    st.lists(st.one_of(SCALARS, arrays()), max_size=3),
    st.dictionaries(st.sampled_from([0.5, 0.6]), st.integers(-9, 9)),
)
KEYS = st.sampled_from(['label', 'keypoint', 'a/b', '', 7])
SAMPLES = st.lists(
    st.dictionaries(KEYS, VALUES, max_size=5), min_size=1, max_size=6
)


def write(path, samples):
    with open(path, 'wb') as file:
        writer = CacheWriter(file)
        for sample in samples:
            writer.add(sample)
        writer.finish(
            source=dict(path='gone', size=0, mtime_ns=0, sha256=''),
            normalisation=[],
            splits={},
            shapes=np.full((len(samples), 4), -1),
            invalid={},
            classes=None,
            salient_parts=None,
        )
    return CacheFile(path)


@settings(max_examples=60, deadline=None)
@given(SAMPLES)
def test_round_trip(samples):
    with tempfile.TemporaryDirectory() as folder:
        file = write(Path(folder) / 'c', samples)
        assert file.is_whole() and len(file) == len(samples)
        for row, sample in enumerate(samples):
            # mmengine keeps annotations in this form.
            same(pickle.loads(pickle.dumps(sample)), file.record(row))


@pytest.mark.parametrize('shape', [(0,), (0, 4), (4, 0), (2, 0, 3)])
def test_an_empty_array(tmp_path, shape):
    boxes, after = np.zeros(shape, np.float32), np.arange(3)
    file = write(tmp_path / 'c', [dict(boxes=boxes, after=after)] * 2)
    for row in range(2):
        same(file.record(row), dict(boxes=boxes, after=after))
    last = write(tmp_path / 'last', [dict(boxes=boxes)])
    same(last.record(0), dict(boxes=boxes))


def same(one, two):
    assert type(one) is type(two)
    if isinstance(one, dict):
        assert one.keys() == two.keys()
        for key in one:
            same(one[key], two[key])
    elif isinstance(one, np.ndarray):
        assert (one.dtype, one.shape) == (two.dtype, two.shape)
        assert one.tobytes() == two.tobytes()
        assert two.flags.writeable and two.flags.aligned
    elif isinstance(one, (list, tuple)):
        assert len(one) == len(two)
        for a, b in zip(one, two):
            same(a, b)
    else:
        assert one == two


class Hostile:
    """Pickles as a call."""

    def __init__(self, *call):
        self.call = call

    def __reduce__(self):
        return self.call


def test_nothing_in_a_cache_runs_code(tmp_path):
    mark = tmp_path / 'touched'
    for number, call in enumerate(
        [(Path.touch, (mark,)), (os.mkdir, (str(mark),)), (eval, ('1 / 0',))]
    ):
        file = write(tmp_path / f'{number}', [dict(x=Hostile(*call))])
        with pytest.raises(ValueError, match='damaged sample 0'):
            file.record(0)
        with pytest.raises(ValueError, match='is damaged'):
            write(tmp_path / f'i{number}', [dict(label=Hostile(*call))])
    assert not mark.exists()


@pytest.mark.parametrize(
    'state', [(1, (2,), np.dtype('O'), False, b'\x01' * 16), ({}, {'a': 1})]
)
def test_a_forged_state_reaches_no_array(tmp_path, state):
    """BUILD with raw bytes for object pointers would crash the process."""

    class Pickler(pickle.Pickler):
        def persistent_id(self, value):
            return ('<f8', (2,), None, bytes(16)) if value is mark else None

    mark, content = [], io.BytesIO()
    Pickler(content, protocol=4).dump([mark, state])
    # List of array and state: BUILD takes both from the stack instead.
    code = content.getvalue()
    end = code.rindex(b'e.')
    forged = code[:end].replace(b'(', b'', 1) + b'b.'
    file = write(tmp_path / 'c', [dict(x=1)])
    file._bytes = np.frombuffer(forged, np.uint8)
    file._records, file._ends = (0, len(forged), b''), np.array([len(forged)])
    with pytest.raises(ValueError, match='damaged sample 0'):
        file.record(0)


def test_a_place_beyond_the_file_is_refused(tmp_path):
    file = write(tmp_path / 'c', [dict(x=np.ones(3))])
    for found in (
        ('<f8', (10**6,), None, 64),
        ('<f8', (3,), None, -8),
        ('|O', (1,), None, 64),
        ('<f8', (3,), [5], 64),
    ):
        with pytest.raises((ValueError, TypeError, KeyError, IndexError)):
            file._array(found)


def test_heads_take_the_name_from_either_key(tmp_path):
    samples = [
        dict(frame_dir='a', label=0),
        dict(filename='b', label=1, frame_dir='c'),
        dict(filename='d', label=1),
    ]
    rows = CachedSamples(write(tmp_path / 'c', samples))
    assert list(rows.heads()) == samples
    assert list(rows[1:].heads()) == samples[1:]


@pytest.fixture
def cache(varied_file, cached):
    return Path(cached(varied_file, TRANSFORMS.build(STEP)))


def refused(cache):
    with pytest.raises(ValueError) as error:
        LongTailedPoseDataset(str(cache), [STEP], split='xsub_train')
    message = str(error.value)
    assert str(cache) in message and '\n' not in message
    return message


def command(path, cache):
    return (
        f'rebuild it with python tools/data/build_cache.py {path} --out '
        f'{cache} --overwrite --normalize PreNormalize3D align_spine=false'
    )


class TestSource:
    """The annotation file is another one."""

    def test_another_size(self, cache, varied_file):
        with open(varied_file, 'ab') as file:
            file.write(b'more')
        message = refused(cache)
        assert 'was made from another' in message
        assert message.endswith(command(varied_file, cache))

    def test_same_size_other_content(self, cache, varied_file):
        content = bytearray(Path(varied_file).read_bytes())
        content[100] ^= 1
        Path(varied_file).write_bytes(content)
        os.utime(varied_file, ns=(0, 0))
        assert 'was made from another' in refused(cache)

    def test_only_another_time(self, cache, varied_file):
        os.utime(varied_file, ns=(0, 0))
        assert len(CacheFile(cache)) == 24

    def test_an_untouched_file_is_not_read(self, cache, monkeypatch):
        monkeypatch.setattr(source_module, 'digest', None)
        assert len(CacheFile(cache)) == 24

    def test_no_file_is_no_problem(self, cache, varied_file):
        os.unlink(varied_file)
        assert len(CacheFile(cache)) == 24

    def test_cache_that_was_moved(self, cache, tmp_path):
        shutil.move(str(cache), str(tmp_path / 'moved'))
        assert len(CacheFile(tmp_path / 'moved')) == 24


class TestDamage:
    """Files that are no caches, or not as they were written."""

    def test_version(self, cache):
        content = bytearray(cache.read_bytes())
        content[16] = 99
        cache.write_bytes(content)
        message = refused(cache)
        assert 'format version 99' in message and 'reads version 2' in message
        assert f'build_cache.py ANN_FILE --out {cache}' in message

    def test_what_is_a_cache(self, cache, tmp_path, varied_file):
        assert is_cache(cache) and is_cache(str(cache))
        assert not is_cache(varied_file) and not is_cache(None)
        assert not is_cache(tmp_path / 'none')
        with pytest.raises(ValueError, match='is no cache$'):
            CacheFile(varied_file)
        (tmp_path / 'empty').touch()
        with pytest.raises(ValueError, match='is no cache$'):
            CacheFile(tmp_path / 'empty')

    def test_a_folder_as_of_older_versions(self, tmp_path):
        assert is_cache(tmp_path)
        message = refused(tmp_path)
        assert 'is no cache: it is a folder' in message
        assert 'build_cache.py ANN_FILE --out' in message

    @pytest.mark.parametrize('size', [20, 70, 1000, -1])
    def test_cut(self, cache, size):
        content = cache.read_bytes()
        cache.write_bytes(content[:size])
        assert 'is damaged' in refused(cache)
        cache.write_bytes(content + b'x')
        assert 'is damaged' in refused(cache)

    def test_each_flipped_bit_is_found(self, varied_file, tmp_path, cached):
        """Dtype, shape, names, labels and splits when it is opened."""
        path = Path(cached(varied_file))
        content = bytearray(path.read_bytes())
        start, size, _ = CacheFile(path)._arrays
        rng = np.random.RandomState(0)
        for place in rng.randint(0, len(content), 200):
            bit = 1 << rng.randint(8)
            content[place] ^= bit
            path.write_bytes(content)
            content[place] ^= bit
            if start <= place < start + size:
                assert not CacheFile(path).is_whole()
            elif 24 <= place < start:
                # Zeros that nothing reads.
                CacheFile(path)
            else:
                with pytest.raises(ValueError):
                    CacheFile(path)
        path.write_bytes(content)
        assert CacheFile(path).is_whole()
