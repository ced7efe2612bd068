"""prepare_ntu: raw text of known coordinates in, the pickle out."""

from __future__ import annotations

import csv
import os
import pickle
import signal
import zipfile
from pathlib import Path

import numpy as np
import pytest
from prepare_ntu import counts_text, main

from shapmix_mm.datasets.prepare.ntu import NTUConverter
from shapmix_mm.serialization import load_annotations

TAIL = '250.1 200.2 900.3 500.4 0.1 0.2 0.3 0.4 2'


def to_text(frames):
    """Write frames, each a list of (identity, 25 x 3 coordinates)."""
    lines = [str(len(frames))]
    for bodies in frames:
        lines.append(str(len(bodies)))
        for identity, pose in bodies:
            lines += [f'{identity} 0 1 0 1 1 0 0.1 -0.2 2', '25']
            lines += [f'{x!r} {y!r} {z!r} {TAIL}' for x, y, z in pose.tolist()]
    return '\n'.join(lines) + '\n'


def person(seed, frames, energy=0.1):
    """A standing person who moves, (T, 25, 3), exact in float16."""
    stance = np.random.RandomState(0).randn(25, 3) * (0.1, 0.6, 0.1)
    motion = np.random.RandomState(seed).randn(frames, 25, 3) * energy
    moved = stance + (seed % 3, 0, 3) + motion
    return moved.astype(np.float16).astype(np.float64)


def miniature(folder):
    """Write recordings with all that befalls bodies; returns the truth."""
    folder.mkdir(parents=True, exist_ok=True)
    a, b = person(1, 40, energy=0.3), person(2, 40)
    flash, table = person(3, 40, 2), person(4, 40) * (1, 0.05, 1)
    both = np.stack((a, b))
    lost = both.copy()
    lost[0, 20:30] = 0
    frames = dict(
        S001C001P001R001A001=([[(1, p)] for p in a], both[:1]),
        S001C002P003R001A050=([[(2, q), (1, p)] for p, q in zip(a, b)], both),
        S001C003P001R001A060=(
            [
                [(2, b[t])] if 20 <= t < 30 else [(1, a[t]), (2, b[t])]
                for t in range(40)
            ],
            lost,
        ),
        S002C001P002R002A060=(
            [
                [(9, flash[t])] * (t < 8)
                + [(7, table[t]), (1, a[t]), (8, table[t] + 1), (2, b[t])]
                for t in range(40)
            ],
            both,
        ),
    )
    for name, (bodies, _) in frames.items():
        (folder / f'{name}.skeleton').write_text(to_text(bodies))
    return {name: truth for name, (_, truth) in frames.items()}


def read_report(out):
    with Path(f'{out}.skipped.csv').open(newline='') as stream:
        return {row['file']: row for row in csv.DictReader(stream)}


def prepare(source, out, *more, nturgbd=60):
    return main(
        [
            *map(str, source if isinstance(source, list) else [source]),
            '--nturgbd',
            str(nturgbd),
            '--out',
            str(out),
            '--quiet',
            *(more or ('--workers', '1')),
        ]
    )


@pytest.fixture
def out(tmp_path):
    return tmp_path / 'out' / 'ntu60_3d.pkl'


def test_known_coordinates_come_back(tmp_path, out, capsys):
    truth = miniature(tmp_path / 'raw')
    assert prepare(tmp_path / 'raw', out) == 0
    data = pickle.loads(out.read_bytes())
    names = list(truth)
    assert data['split'] == dict(
        xsub_train=[names[0], names[2], names[3]],
        xsub_val=[names[1]],
        xview_train=[names[1], names[2]],
        xview_val=[names[0], names[3]],
    )
    assert [a['frame_dir'] for a in data['annotations']] == names
    for annotation in data['annotations']:
        name = annotation['frame_dir']
        assert annotation['label'] == int(name[-3:]) - 1
        assert annotation['total_frames'] == 40
        assert annotation['keypoint'].dtype == np.float16
        np.testing.assert_array_equal(annotation['keypoint'], truth[name])
        assert set(annotation) == {
            'frame_dir',
            'label',
            'total_frames',
            'keypoint',
        }
    shown = capsys.readouterr()
    assert 'skipped 0 of 4' in shown.out and '4 samples' in shown.out
    assert 'xsub_train        3 of 40,091 published' in shown.out
    assert read_report(out) == {} and shown.err == ''
    assert sorted(os.listdir(out.parent)) == [
        'ntu60_3d.pkl',
        'ntu60_3d.pkl.skipped.csv',
    ]


def test_nested_archives_and_folders_give_the_same(tmp_path, out):
    miniature(tmp_path / 'raw')
    files = sorted((tmp_path / 'raw').iterdir())
    for number, part in enumerate((files[:2], files[2:])):
        path = tmp_path / f'{number}.zip'
        with zipfile.ZipFile(path, 'w', zipfile.ZIP_DEFLATED) as archive:
            archive.writestr('a/nturgb+d_skeletons/', '')
            for file in part:
                archive.write(file, f'a/nturgb+d_skeletons/{file.name}')
    assert prepare(tmp_path / 'raw', out) == 0
    want = out.read_bytes()
    archives = [tmp_path / '0.zip', tmp_path / '1.zip']
    packed = tmp_path / 'packed.pkl'
    assert (
        prepare(archives, packed, '--workers', '2', '--chunk-size', '1') == 0
    )
    assert packed.read_bytes() == want


def test_one_corrupt_file_among_a_thousand(tmp_path, out, capsys):
    folder = tmp_path / 'raw'
    folder.mkdir()
    poses = person(1, 5)
    text = to_text([[(1, p)] for p in poses[:1]])
    names = [
        f'S{1 + i % 17:03d}C{1 + i % 3:03d}P{1 + i % 40:03d}'
        f'R{1 + i // 500:03d}A{1 + i % 60:03d}'
        for i in range(1000)
    ]
    assert len(set(names)) == 1000
    for name in names:
        (folder / f'{name}.skeleton').write_text(text)
    broken = folder / f'{names[123]}.skeleton'
    broken.write_text(text[: len(text) // 2])
    assert prepare(folder, out, '--workers', '2', '--chunk-size', '200') == 0
    data = pickle.loads(out.read_bytes())
    kept = [a['frame_dir'] for a in data['annotations']]
    assert kept == sorted(set(names) - {names[123]})
    for annotation in data['annotations']:
        np.testing.assert_array_equal(annotation['keypoint'][0], poses[:1])
    assert 'skipped 1 of 1,000: 1 truncated' in capsys.readouterr().out
    (row,) = read_report(out).values()
    assert row['file'] == broken.name and 'line' in row['detail']


def test_every_other_file_is_told_with_its_reason(tmp_path, out, capsys):
    truth = miniature(tmp_path / 'raw')
    good = (tmp_path / 'raw' / 'S001C001P001R001A001.skeleton').read_text()
    name = 'S003C001P001R001A0{:02d}.skeleton'
    bad = {
        name.format(1): (good[: len(good) // 3], 'truncated'),
        name.format(2): ('', 'empty'),
        name.format(3): ('0\n', 'no frames'),
        name.format(4): ('3\n0\n0\n0\n', 'no body'),
        name.format(5): (to_text([[(1, np.zeros((25, 3)))]]), 'no body'),
        name.format(6): (
            good.replace('\n25\n', '\n20\n'),
            'wrong joint count',
        ),
        name.format(7): (good.replace('25', 'many'), 'not a number'),
        name.format(8): (
            to_text([[(1, np.full((25, 3), np.nan))]]),
            'not finite',
        ),
        name.format(9): (good + good, 'malformed'),
        name.format(10): (good, 'on the missing list'),
        'S001C001P001R001A061.skeleton': (good, 'not in this set'),
        'readme.md': ('hello', 'not an NTU name'),
        'S1C1P1R1A1.skeleton': (good, 'not an NTU name'),
        'copy/S001C001P001R001A001.skeleton': (good, 'duplicate'),
    }
    (tmp_path / 'raw' / 'copy').mkdir()
    for file, (text, _) in bad.items():
        (tmp_path / 'raw' / file).write_text(text)
    missing = tmp_path / 'missing.txt'
    missing.write_text('S003C001P001R001A010\nS009C001P001R001A010\n')
    more = ('--missing-list', str(missing), '--workers', '1')
    assert prepare(tmp_path / 'raw', out, *more) == 0
    data = load_annotations(out)
    assert [a['frame_dir'] for a in data['annotations']] == list(truth)
    report = read_report(out)
    found = {file: row['reason'] for file, row in report.items()}
    assert found == {file: reason for file, (_, reason) in bad.items()}
    assert list(report) == sorted(report)
    line = capsys.readouterr().out.splitlines()[0]
    assert line.startswith('skipped 14 of 18: 2 no')


def test_the_good_copy_of_a_name_is_taken(tmp_path, out):
    truth = miniature(tmp_path / 'raw' / 'b')
    broken = tmp_path / 'raw' / 'a' / 'S001C001P001R001A001.skeleton'
    broken.parent.mkdir()
    broken.write_text('7\n')
    assert prepare(tmp_path / 'raw', out) == 0
    found = load_annotations(out)['annotations']
    assert [a['frame_dir'] for a in found] == list(truth)
    assert [r['reason'] for r in read_report(out).values()] == ['truncated']


@pytest.mark.skipif(not hasattr(os, 'fork'), reason='needs fork')
def test_after_a_kill_it_goes_on(tmp_path, out, monkeypatch):
    miniature(tmp_path / 'raw')
    whole = tmp_path / 'whole.pkl'
    assert prepare(tmp_path / 'raw', whole) == 0
    more = ('--workers', '1', '--chunk-size', '1')
    convert, done = NTUConverter.__call__, []

    def deadly(self, item):
        if len(done) == 2:
            os.kill(os.getpid(), signal.SIGKILL)
        done.append(item.name)
        return convert(self, item)

    child = os.fork()
    if child == 0:
        monkeypatch.setattr(NTUConverter, '__call__', deadly)
        prepare(tmp_path / 'raw', out, *more)
        os._exit(0)
    assert os.waitpid(child, 0)[1] == signal.SIGKILL
    assert not out.exists()
    assert len(list(out.with_name('ntu60_3d.pkl.work').glob('*.pkl'))) == 2

    def counted(self, item):
        done.append(item.name)
        return convert(self, item)

    monkeypatch.setattr(NTUConverter, '__call__', counted)
    assert prepare(tmp_path / 'raw', out, *more) == 0
    assert len(done) == 2
    assert out.read_bytes() == whole.read_bytes()


def test_settings_reach_the_samples(tmp_path, out):
    truth = miniature(tmp_path / 'raw')
    more = ('--bodies', 'slots', '--dtype', 'float32', '--workers', '1')
    assert prepare(tmp_path / 'raw', out, *more, nturgbd=120) == 0
    data = load_annotations(out)
    assert 'xset_train' in data['split'] and 'xview_val' not in data['split']
    first, _, lost, noisy = (a['keypoint'] for a in data['annotations'])
    assert first.dtype == np.float32
    want = truth['S001C003P001R001A060']
    assert not np.array_equal(lost, want) and lost.shape == want.shape
    assert not np.array_equal(noisy, truth['S002C001P002R002A060'])


def test_nothing_usable_keeps_the_old_file(tmp_path, out, capsys):
    (tmp_path / 'raw').mkdir()
    (tmp_path / 'raw' / 'S001C001P001R001A001.skeleton').write_text('0\n')
    out.parent.mkdir()
    out.write_bytes(b'old')
    assert prepare(tmp_path / 'raw', out) == 1
    assert out.read_bytes() == b'old'
    shown = capsys.readouterr()
    assert 'nothing usable' in shown.err and '1 no frames' in shown.out


@pytest.mark.parametrize(
    'make, told',
    [
        (lambda p: None, 'no such file'),
        (lambda p: p.write_text('hello'), 'nor a whole zip archive'),
        (lambda p: p.mkdir(), 'holds no file'),
    ],
)
def test_a_useless_source_is_one_line(tmp_path, out, capsys, make, told):
    make(tmp_path / 'src')
    assert prepare(tmp_path / 'src', out) == 1
    error = capsys.readouterr().err.strip()
    assert told in error and '\n' not in error and not out.exists()


def test_an_interrupt_says_how_to_go_on(tmp_path, out, capsys, monkeypatch):
    miniature(tmp_path / 'raw')

    def interrupted(self, item):
        raise KeyboardInterrupt

    monkeypatch.setattr(NTUConverter, '__call__', interrupted)
    assert prepare(tmp_path / 'raw', out) == 130
    assert 'start it again to go on' in capsys.readouterr().err


def test_more_than_published_is_told():
    text = counts_text(dict(a=['x'] * 3), dict(a=2))
    assert '3 of 2 published' in text and '--missing-list' in text
