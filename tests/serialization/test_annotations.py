from __future__ import annotations

import copyreg
import functools
import io
import os
import pickle
import subprocess
from collections import OrderedDict
from pathlib import Path

import numpy as np
import pytest

from shapmix_mm.serialization import RestrictedUnpickler, load_annotations

PROTOCOLS = range(pickle.HIGHEST_PROTOCOL + 1)


def write(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def skeletons(seed: int = 0) -> dict:
    rng = np.random.default_rng(seed)
    keypoint = rng.normal(size=(2, 7, 25, 3))
    return {
        'split': {'train': ['a', 'b'], 'val': [], 'set': {'a'}},
        'annotations': [
            {
                'frame_dir': 'a',
                'label': np.int64(3),
                'total_frames': 7,
                'keypoint': keypoint.astype(kind),
                'keypoint_score': np.asfortranarray(keypoint[..., 0]),
                'extra': OrderedDict(x=(1, 2.5, None, True, 1j, b'raw')),
            }
            for kind in ('f2', 'f4', '>f8', 'i2')
        ],
        'classes': np.array(['drink', 'eat']),
        'mixed': np.array([{'a': np.float32(1)}, [2], None], dtype=object),
        'dtype': np.dtype('<i4'),
        'ranges': [range(3), slice(1, 2), frozenset({1}), bytearray(b'x')],
    }


def assert_same(one: object, other: object) -> None:
    assert type(one) is type(other)
    if isinstance(one, dict):
        assert list(one) == list(other)
        for key in one:
            assert_same(one[key], other[key])
    elif isinstance(one, (list, tuple)):
        assert len(one) == len(other)
        for a, b in zip(one, other):
            assert_same(a, b)
    elif isinstance(one, np.ndarray):
        assert one.dtype == other.dtype
        assert one.flags.f_contiguous == other.flags.f_contiguous
        if one.dtype == object:
            assert_same(one.tolist(), other.tolist())
        else:
            np.testing.assert_array_equal(one, other)
    else:
        assert one == other


@pytest.mark.parametrize('protocol', PROTOCOLS)
def test_plain_data_is_read_as_pickle_reads_it(tmp_path, protocol):
    content = pickle.dumps(skeletons(), protocol=protocol)
    path = write(tmp_path / 'a.pkl', content)
    assert_same(load_annotations(path), pickle.loads(content))


@pytest.mark.parametrize('protocol', [2, 4, 5])
def test_module_paths_of_both_numpys(tmp_path, protocol):
    content = pickle.dumps(np.arange(6.0).reshape(2, 3), protocol=protocol)
    new, old = b'numpy._core.', b'numpy.core.'
    here, there = (new, old) if new in content else (old, new)
    swapped = content.replace(here, there)
    # Short strings carry their length in the byte before them.
    for name in (b'multiarray', b'numeric'):
        at = swapped.find(there + name)
        if protocol >= 4 and at > 0:
            size = len(there + name)
            swapped = swapped[: at - 1] + bytes([size]) + swapped[at:]
    if protocol >= 4:
        # The frame's length no longer fits; drop the frame.
        swapped = swapped[:2] + swapped[11:]
    assert there in swapped
    loaded = load_annotations(write(tmp_path / 'a.pkl', swapped))
    np.testing.assert_array_equal(loaded, np.arange(6.0).reshape(2, 3))


class Reduced:
    """Pickles as a call of anything."""

    def __init__(self, function, *args):
        self.call = function, args

    def __reduce__(self):
        return self.call


def hostile(marker: Path) -> dict:
    touch = f'touch {marker}'
    code = f'open({str(marker)!r}, "w").close()'
    partial = functools.partial(os.system, touch)
    return {
        'os.system': Reduced(os.system, touch),
        'builtins.eval': Reduced(eval, code),
        'builtins.exec': Reduced(exec, code),
        'builtins.getattr': Reduced(getattr, dict, 'clear'),
        'builtins.__import__': Reduced(__import__, 'os'),
        'subprocess.Popen': Reduced(subprocess.Popen, ['touch', str(marker)]),
        'functools.partial': partial,
        'copyreg._reconstructor': Reduced(
            copyreg._reconstructor, io.StringIO, object, None
        ),
        'operator.attrgetter': Reduced(
            __import__('operator').attrgetter, 'system'
        ),
    }


@pytest.mark.parametrize('route', sorted(hostile(Path('x'))))
@pytest.mark.parametrize('protocol', PROTOCOLS)
@pytest.mark.parametrize('nested', [False, True])
def test_hostile_pickle_runs_nothing(tmp_path, route, protocol, nested):
    marker = tmp_path / 'marker'
    data = hostile(marker)[route]
    if nested:
        data = {'annotations': [np.array([data, 1], dtype=object)]}
    path = write(tmp_path / 'bad.pkl', pickle.dumps(data, protocol=protocol))
    name = route.rpartition('.')[2]
    with pytest.raises(ValueError, match=name) as error:
        load_annotations(path)
    assert str(path) in str(error.value)
    assert not marker.exists()


@pytest.mark.parametrize(
    'content',
    [
        b"cos\nsystem\n(S'touch x'\ntR.",
        b"(S'touch x'\nios\nsystem\n.",
        b'\x80\x04\x8c\x02os\x8c\x06system\x93.',
        b'\x80\x04\x8c\x08builtins\x8c\x0adict.clear\x93.',
        b'\x82\x01.',
    ],
    ids=['global', 'inst', 'stack_global', 'dotted', 'extension'],
)
def test_hand_written_opcodes(tmp_path, content):
    with pytest.raises(ValueError, match='bad.pkl'):
        load_annotations(write(tmp_path / 'bad.pkl', content))


def forged_array(dtype_state: tuple, code: str, data: bytes) -> bytes:
    """Pickle of an array whose dtype state is not what numpy writes."""
    out = io.BytesIO()
    pickler = pickle._Pickler(out, protocol=2)
    pickler.write(pickle.PROTO + b'\x02')
    pickler.write(b'cnumpy.core.multiarray\n_reconstruct\n')
    pickler.write(b'cnumpy\nndarray\n')
    pickler.save((0,))
    pickler.save('b')
    pickler.write(pickle.TUPLE3 + pickle.REDUCE + pickle.MARK)
    pickler.save(1)
    pickler.save((1,))
    pickler.write(b'cnumpy\ndtype\n')
    pickler.save((code, False, True))
    pickler.write(pickle.REDUCE)
    pickler.save(dtype_state)
    pickler.write(pickle.BUILD)
    pickler.save(False)
    pickler.save(data.decode('latin1'))
    pickler.write(pickle.TUPLE + pickle.BUILD + pickle.STOP)
    return out.getvalue()


@pytest.mark.parametrize(
    'code, state',
    [
        ('O8', (3, '|', None, None, None, -1, -1, 0)),
        ('i8', (3, '<', None, None, None, -1, -1, 63)),
        ('i8', (3, '<', None, None, None, 800, -1, 0)),
        ('V8', (3, '|', None, ('a',), {'a': (np.dtype('O'), 0)}, 8, 1, 0)),
    ],
    ids=['object without list', 'integer as object', 'long', 'field'],
)
def test_forged_dtype_is_refused(tmp_path, code, state):
    content = forged_array(state, code, b'A' * 8)
    path = write(tmp_path / 'bad.pkl', content)
    with pytest.raises(ValueError, match='dtype'):
        load_annotations(path)


def test_forging_helper_makes_a_readable_pickle(tmp_path):
    state = (3, '<', None, None, None, -1, -1, 0)
    content = forged_array(state, 'i8', (7).to_bytes(8, 'little'))
    loaded = load_annotations(write(tmp_path / 'good.pkl', content))
    np.testing.assert_array_equal(loaded, [7])


@pytest.mark.parametrize(
    'content',
    [
        # numpy.ndarray((1,), 'O', b'AAAAAAAA'): bytes taken for a pointer.
        b'\x80\x02cnumpy\nndarray\nK\x01\x85U\x01OU\x08AAAAAAAA\x87R.',
        # State for the class OrderedDict itself.
        b'\x80\x02ccollections\nOrderedDict\nN}U\x03fooK\x01s\x86b.',
        # The shared dtype, asked for without a copy and then changed.
        b'\x80\x02cnumpy.core.multiarray\nscalar\ncnumpy\ndtype\n'
        b'U\x02O8\x85RU\x08AAAAAAAA\x86R.',
    ],
    ids=['ndarray from bytes', 'state of a class', 'object scalar'],
)
def test_pointer_and_class_tricks_are_refused(tmp_path, content):
    with pytest.raises(ValueError, match='asks for|damaged'):
        load_annotations(write(tmp_path / 'bad.pkl', content))


def test_shared_dtypes_keep_their_byte_order(tmp_path):
    content = (
        b'\x80\x02cnumpy\ndtype\nU\x02f4\x89\x89\x87R'
        b'(K\x03U\x01>NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb.'
    )
    loaded = load_annotations(write(tmp_path / 'a.pkl', content))
    assert loaded == np.dtype('>f4')
    assert np.dtype('f4').isnative


def test_missing_file_says_where_skeletons_come_from(tmp_path):
    with pytest.raises(FileNotFoundError, match='make demo') as error:
        load_annotations(tmp_path / 'ntu.pkl')
    assert 'ntu60_3d.pkl' in str(error.value)


@pytest.mark.parametrize('protocol', [2, 4])
def test_every_truncation_is_an_error(tmp_path, protocol):
    content = pickle.dumps({'a': [np.arange(3), 'text']}, protocol=protocol)
    path = tmp_path / 'cut.pkl'
    for size in range(len(content)):
        write(path, content[:size])
        with pytest.raises(ValueError, match='cut|empty|damaged'):
            load_annotations(path)


def test_noise_is_an_error_and_never_a_crash(tmp_path):
    rng = np.random.default_rng(0)
    content = bytearray(pickle.dumps(skeletons(), protocol=4))
    path = tmp_path / 'noise.pkl'
    for _ in range(300):
        damaged = bytearray(content)
        for at in rng.integers(len(damaged), size=3):
            damaged[at] = rng.integers(256)
        write(path, bytes(damaged))
        try:
            load_annotations(path)
        except ValueError as error:
            assert 'noise.pkl' in str(error)


def test_other_file_is_no_pickle(tmp_path):
    path = write(tmp_path / 'a.pkl', b'{"split": {}}')
    with pytest.raises(ValueError, match='is not a pickle'):
        load_annotations(path)


def test_unpickler_reads_several_objects_from_a_stream():
    stream = io.BytesIO(pickle.dumps([1]) + pickle.dumps({'a': 2}))
    assert RestrictedUnpickler(stream).load() == [1]
    assert RestrictedUnpickler(stream).load() == {'a': 2}
