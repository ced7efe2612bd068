"""Building: whole or not at all, and what is refused."""

from __future__ import annotations

import errno
import os
import pickle
import resource
import signal
import time
from pathlib import Path

import numpy as np
import pytest
from mmaction.registry import TRANSFORMS

from shapmix_mm.datasets.cache import CachedPoseDataset, CacheFile
from shapmix_mm.datasets.cache.builder import build_cache
from shapmix_mm.datasets.cache.cache_file import CacheWriter

STEP = dict(type='PreNormalize3D', align_spine=False)


def names_in(folder):
    return sorted(path.name for path in Path(folder).iterdir())


def in_child(run):
    """Run in a forked process; its pid."""
    pid = os.fork()
    if pid:
        return pid
    try:
        run()
    finally:
        os._exit(0)


def test_what_the_file_tells(varied_file, cached, varied):
    path = Path(cached(varied_file))
    file = CacheFile(path)
    assert len(file) == 24 and file.size == path.stat().st_size
    assert file.source['size'] == os.path.getsize(varied_file)
    poses = [a['keypoint'] for a in varied['annotations']]
    assert file.shapes.tolist() == [list(pose.shape) for pose in poses]
    # Nothing stands twice: the numbers, and some 300 bytes for a sample.
    arrays = sum(pose.nbytes for pose in poses)
    scores = sum(
        a[key].nbytes
        for a in varied['annotations']
        for key in ('box_score', 'keypoint_score')
        if key in a
    )
    assert arrays + scores < file.size < arrays + scores + 24 * 400
    train = set(varied['split']['xsub_train'])
    assert file.splits['xsub_train'].tolist() == [
        i
        for i, a in enumerate(varied['annotations'])
        if a['frame_dir'] in train
    ]
    # Others may read it: it has the rights that open gives.
    (path.parent / 'made').touch()
    assert path.stat().st_mode == (path.parent / 'made').stat().st_mode


def test_a_bare_list_of_annotations(tmp_path, varied, cached):
    path = tmp_path / 'bare.pkl'
    path.write_bytes(pickle.dumps(varied['annotations']))
    assert len(CachedPoseDataset(cached(str(path)), [])) == 24


def test_class_names_and_salient_parts(write_pose_file, cached):
    from shapmix_mm.datasets import LongTailedPoseDataset

    extra = dict(classes=['sit', 'run'], salient_parts=dict(sit=['trunk']))
    path = write_pose_file([2, 2], **extra)
    plain, ours = (
        LongTailedPoseDataset(p, [], split='xsub_train')
        for p in (path, cached(path))
    )
    assert plain.metainfo == ours.metainfo
    assert ours.metainfo['salient_parts'] == extra['salient_parts']


class TestKilled:
    """A build that is killed in the middle."""

    @pytest.fixture
    def kill(self, tmp_path, varied_file):
        def run(**kwargs):
            mark = tmp_path / 'mark'

            def slow(samples):
                for number, sample in enumerate(samples):
                    if number == 12:
                        mark.touch()
                        time.sleep(60)
                    yield sample

            pid = in_child(
                lambda: build_cache(
                    varied_file, tmp_path / 'out' / 'c', track=slow, **kwargs
                )
            )
            deadline = time.monotonic() + 60
            while not mark.exists() and time.monotonic() < deadline:
                time.sleep(0.01)
            # Two builds at a time leave each other alone.
            if not (tmp_path / 'out' / 'c').exists():
                build_cache(varied_file, tmp_path / 'out' / 'c')
                assert len(names_in(tmp_path / 'out')) == 2
                (tmp_path / 'out' / 'c').unlink()
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            mark.unlink()
            return tmp_path / 'out'

        return run

    def test_leaves_no_cache_and_the_next_build_sweeps(
        self, kill, varied_file
    ):
        folder = kill()
        assert not (folder / 'c').exists()
        (left,) = names_in(folder)
        assert left.startswith('.c.') and left.endswith('.part')
        build_cache(varied_file, folder / 'c')
        assert names_in(folder) == ['c']

    def test_leaves_the_old_cache(self, kill, varied_file, tmp_path):
        build_cache(varied_file, tmp_path / 'out' / 'c')
        before = (tmp_path / 'out' / 'c').read_bytes()
        folder = kill(overwrite=True, transforms=[TRANSFORMS.build(STEP)])
        assert (folder / 'c').read_bytes() == before
        assert len(CachedPoseDataset(str(folder / 'c'), [])) == 24


def test_readers_keep_the_files_of_a_replaced_cache(varied_file, tmp_path):
    build_cache(varied_file, tmp_path / 'c')
    reader = CachedPoseDataset(str(tmp_path / 'c'), [])
    before = reader[3]['keypoint']
    copied = pickle.dumps(reader)
    steps = [TRANSFORMS.build(STEP)]
    build_cache(varied_file, tmp_path / 'c', transforms=steps, overwrite=True)
    np.testing.assert_array_equal(reader[3]['keypoint'], before)
    # One that opens them again must not mix two caches.
    with pytest.raises(ValueError, match='replaced while it was in use'):
        pickle.loads(copied)


class TestDiskFull:
    """No space, or no right to write."""

    @pytest.mark.parametrize('after', [0, 1, 20])
    @pytest.mark.parametrize('number', [errno.ENOSPC, errno.EDQUOT])
    def test_nothing_is_left(
        self, varied_file, tmp_path, monkeypatch, after, number
    ):
        add, left = CacheWriter.add, [after]

        def full(self, sample):
            left[0] -= 1
            if left[0] < 0:
                raise OSError(number, os.strerror(number))
            add(self, sample)

        monkeypatch.setattr(CacheWriter, 'add', full)
        with pytest.raises(OSError, match='no room left.*GB free') as error:
            build_cache(varied_file, tmp_path / 'deep' / 'c')
        assert error.value.errno == number
        assert names_in(tmp_path / 'deep') == []

    def test_a_limit_of_the_system(self, varied_file, tmp_path):
        def run():
            resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000))
            try:
                build_cache(varied_file, tmp_path / 'deep' / 'c')
            except OSError as error:
                (tmp_path / 'said').write_text(str(error))

        os.waitpid(in_child(run), 0)
        assert 'no room left for' in (tmp_path / 'said').read_text()
        assert names_in(tmp_path / 'deep') == []

    def test_an_old_cache_survives(self, varied_file, tmp_path, monkeypatch):
        build_cache(varied_file, tmp_path / 'c')
        before = (tmp_path / 'c').read_bytes()

        def full(self, sample):
            raise OSError(errno.ENOSPC, 'full')

        monkeypatch.setattr(CacheWriter, 'add', full)
        with pytest.raises(OSError, match='no room left'):
            build_cache(varied_file, tmp_path / 'c', overwrite=True)
        assert (tmp_path / 'c').read_bytes() == before

    def test_reading_writes_nothing(self, varied_file, cached):
        path = Path(cached(varied_file))
        path.chmod(0o444)
        before = path.read_bytes(), path.stat().st_mtime_ns
        ours = CachedPoseDataset(str(path), [])
        assert len([ours[i] for i in range(len(ours))]) == 24
        assert (path.read_bytes(), path.stat().st_mtime_ns) == before


class TestPlace:
    """What may be replaced."""

    def test_a_cache_that_fits_is_left_alone(self, varied_file, tmp_path):
        build_cache(varied_file, tmp_path / 'c')
        before = (tmp_path / 'c').stat().st_mtime_ns
        again = build_cache(varied_file, tmp_path / 'c')
        assert (tmp_path / 'c').stat().st_mtime_ns == before
        assert len(again) == 24

    def test_another_cache_needs_overwrite(self, varied_file, tmp_path):
        build_cache(varied_file, tmp_path / 'c')
        steps = [TRANSFORMS.build(STEP)]
        with pytest.raises(FileExistsError, match='--overwrite replaces'):
            build_cache(varied_file, tmp_path / 'c', transforms=steps)
        build_cache(
            varied_file, tmp_path / 'c', transforms=steps, overwrite=True
        )
        assert CacheFile(tmp_path / 'c').normalisation == [
            dict(type='PreNormalize3D', args=dict(align_spine=False))
        ]
        assert names_in(tmp_path) == ['c', 'varied.pkl']

    @pytest.mark.parametrize('overwrite', [True, False])
    def test_what_is_no_cache_is_never_replaced(
        self, varied_file, tmp_path, overwrite
    ):
        (tmp_path / 'thesis').mkdir()
        (tmp_path / 'thesis' / 'text').touch()
        for place in ('thesis', 'varied.pkl'):
            with pytest.raises(FileExistsError, match=place):
                build_cache(varied_file, tmp_path / place, overwrite=overwrite)
        assert names_in(tmp_path / 'thesis') == ['text']

    def test_a_file_that_changes_meanwhile(self, varied_file, tmp_path):
        def meddle(samples):
            yield from samples
            with open(varied_file, 'ab') as file:
                file.write(b' ')

        with pytest.raises(ValueError, match='changed while it was read'):
            build_cache(varied_file, tmp_path / 'c', track=meddle)
        assert names_in(tmp_path) == ['varied.pkl']


class TestBadInput:
    """Sources and transforms that cannot be taken."""

    def test_a_random_transform(self, varied_file, tmp_path):
        step = TRANSFORMS.build(dict(type='UniformSampleFrames', clip_len=4))
        with pytest.raises(ValueError, match='UniformSampleFrames is not'):
            build_cache(varied_file, tmp_path / 'c', transforms=[step])

    def test_a_sample_that_a_transform_refuses(self, varied, tmp_path, cached):
        varied['annotations'][5]['keypoint'] = np.ones(
            (3, varied['annotations'][5]['total_frames'], 25, 3)
        )
        del varied['annotations'][5]['keypoint_score']
        path = tmp_path / 'three.pkl'
        path.write_bytes(pickle.dumps(varied))
        with pytest.raises(
            ValueError, match=r"'S001.*_5' .*PreNormalize3D.*Assertion"
        ):
            cached(str(path), TRANSFORMS.build(STEP))

    @pytest.mark.parametrize(
        ('change', 'kind'),
        [
            (dict(total_frames=99), ValueError),
            (dict(keypoint=np.ones(3)), ValueError),
            (dict(keypoint=[1, 2]), TypeError),
            (dict(label=[1, 2]), TypeError),
        ],
    )
    def test_a_bad_sample_is_named(
        self, varied, tmp_path, cached, change, kind
    ):
        varied['annotations'][5].update(change)
        path = tmp_path / 'bad.pkl'
        path.write_bytes(pickle.dumps(varied))
        with pytest.raises(kind, match="'S001C001P002R001A001_5'"):
            cached(str(path))
        assert names_in(tmp_path) == ['bad.pkl']

    def test_no_file(self, tmp_path, varied_file, cached):
        with pytest.raises(FileNotFoundError, match='none.pkl'):
            build_cache(tmp_path / 'none.pkl', tmp_path / 'c')
        with pytest.raises(ValueError, match='is a cache, not an anno'):
            build_cache(cached(varied_file), tmp_path / 'c')


def test_skeletons_in_files_of_their_own(
    tmp_path, write_pose_file, pose_content, assert_same, cached
):
    from shapmix_mm.datasets import LongTailedPoseDataset

    content = pose_content([2, 2])
    for sample in content['annotations']:
        pose = dict(
            keypoint=sample.pop('keypoint'),
            total_frames=sample.pop('total_frames'),
        )
        name = f'{sample["frame_dir"]}.pkl'
        (tmp_path / name).write_bytes(pickle.dumps(pose))
    path = write_pose_file(content)
    options = dict(
        split='xsub_train', data_prefix=dict(skeleton=str(tmp_path))
    )
    plain, ours = (
        LongTailedPoseDataset(p, [], **options) for p in (path, cached(path))
    )
    for i in range(len(plain)):
        assert_same(plain[i], ours[i])
    with pytest.raises(KeyError, match="lack the key 'keypoint'"):
        LongTailedPoseDataset(cached(path), [], split='xsub_train')
