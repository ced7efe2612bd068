"""Any annotations come back from the columns as they were."""

from __future__ import annotations

import pickle
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from shapmix_mm.datasets.cache import CachedSamples, CacheStore
from shapmix_mm.datasets.cache.column_writer import ColumnWriter
from shapmix_mm.datasets.cache.index import FILE_NAME, CacheIndex

DTYPES = ['<f2', '<f4', '>f4', '<f8', '|u1', '<i8', '|b1', '<c8']


@st.composite
def arrays(draw):
    shape = draw(hnp.array_shapes(min_dims=0, max_dims=4, max_side=3))
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
    st.booleans(),
    st.none(),
    st.text(max_size=5),
    st.integers(-9, 9).map(np.int64),
    st.floats(width=32, allow_nan=False).map(np.float32),
)
VALUES = st.one_of(
    SCALARS,
    arrays(),
    st.tuples(st.integers(-9, 9), st.integers(-9, 9)),
    st.lists(SCALARS, max_size=3),
    st.dictionaries(st.sampled_from([0.5, 0.6]), st.integers(-9, 9)),
)
KEYS = st.sampled_from(['label', 'keypoint', 'a/b', 'a_b', '', 'rest', 7])
SAMPLES = st.lists(
    st.dictionaries(KEYS, VALUES, max_size=5), min_size=1, max_size=6
)


def write(folder, samples):
    writer = ColumnWriter(Path(folder))
    for sample in samples:
        writer.add(sample)
    columns = writer.finish()
    finite = writer.array('finite', np.ones(len(samples), dtype=bool))
    index = CacheIndex(
        source=dict(path='gone', size=0, mtime_ns=0, sha256=''),
        normalisation=[],
        samples=len(samples),
        columns=columns,
        splits={},
        finite=finite,
        files=writer.files,
    )
    (Path(folder) / FILE_NAME).write_text(index.text())
    return CacheStore(folder)


@settings(max_examples=60, deadline=None)
@given(SAMPLES)
def test_round_trip(samples):
    with tempfile.TemporaryDirectory() as folder:
        store = write(folder, samples)
        assert store.damaged_files() == []
        for row, sample in enumerate(samples):
            # mmengine keeps annotations in this form.
            kept = pickle.loads(pickle.dumps(sample, protocol=4))
            same(kept, store.record(row))


def same(one, two):
    assert type(one) is type(two)
    if isinstance(one, dict):
        assert one.keys() == two.keys()
        for key in one:
            same(one[key], two[key])
    elif isinstance(one, np.ndarray):
        assert (one.dtype, one.shape) == (two.dtype, two.shape)
        assert one.tobytes() == two.tobytes()
        assert two.flags.writeable
    elif isinstance(one, (list, tuple)):
        assert len(one) == len(two)
        for a, b in zip(one, two):
            same(a, b)
    else:
        assert one == two


@pytest.mark.parametrize(
    ('values', 'kind'),
    [
        ([1, 2], 'int'),
        ([1.5, float('inf')], 'float'),
        (['a', 'bc'], 'text'),
        ([(1, 2), (3, 4)], 'tuple'),
        ([[1, 2], [3, 4]], 'list'),
        ([np.int64(1), np.int64(2)], 'scalar'),
        ([np.ones(2), np.ones(3)], 'array'),
        # What a column cannot give back as it was.
        ([1, 2.0], 'rest'),
        ([1, np.int64(1)], 'rest'),
        ([True, False], 'rest'),
        ([2**70, 1], 'rest'),
        (['a\0', 'b'], 'rest'),
        ([(1, 2), (1, 2, 3)], 'rest'),
        ([(1, 2.0), (1, 2.0)], 'rest'),
        ([(), ()], 'rest'),
        ([{}, {}], 'rest'),
    ],
)
def test_kinds(tmp_path, values, kind):
    store = write(tmp_path, [dict(x=value) for value in values])
    assert [entry['kind'] for entry in store.index.columns] == [kind]
    for row, value in enumerate(values):
        same(store.record(row)['x'], value)


def test_nothing_in_a_cache_runs_code(tmp_path):
    class Hostile:
        def __reduce__(self):
            return (Path.touch, (tmp_path / 'touched',))

    (tmp_path / 'c').mkdir()
    store = write(tmp_path / 'c', [dict(x=Hostile())])
    with pytest.raises(ValueError):
        store.record(0)
    assert not (tmp_path / 'touched').exists()


def test_heads_take_the_name_from_either_key(tmp_path):
    samples = [
        dict(frame_dir='a', label=0),
        dict(filename='b', label=1, frame_dir='c'),
        dict(filename='d', label=1),
    ]
    rows = CachedSamples(write(tmp_path, samples))
    assert list(rows.heads()) == samples
    assert list(rows[1:].heads()) == samples[1:]
