"""prepare_ntu and prepare_k400: full disks, damage, and useless targets."""

from __future__ import annotations

import csv
import errno
import importlib
import os
import pickle
import warnings
import zipfile
from pathlib import Path

import numpy as np
import pytest

from shapmix_mm.datasets.prepare.kinetics import PoseConverter
from shapmix_mm.datasets.prepare.ntu import NTUConverter
from shapmix_mm.serialization import load_annotations

CONVERTERS = dict(prepare_ntu=NTUConverter, prepare_k400=PoseConverter)


def load_main(name):
    return importlib.import_module(name).main


def skeleton(first='0.5'):
    joints = ['0.1 0.2 3 ' + '1 ' * 9] * 24
    joints = [f'{first} 0.2 3 ' + '1 ' * 9, *joints]
    return '\n'.join(['1', '1', '7 0 1 0 1 1 0 0 0 2', '25', *joints])


def ntu_name(action):
    return f'S001C001P001R001A{action:03d}'


def ntu_set(folder):
    """Four recordings; returns the arguments that read them."""
    folder.mkdir()
    for action in range(1, 5):
        path = folder / f'{ntu_name(action)}.skeleton'
        path.write_text(skeleton(f'0.{action}'))
    return [str(folder), '--nturgbd', '60']


def k400_set(folder, **odd):
    """Four videos, some fields of the second changed."""
    folder.mkdir()
    annotations = []
    for index in range(4):
        name = f'video{index}'
        poses = np.full((6, 17, 3), index + 1, dtype=np.float16)
        (folder / f'{name}.pkl').write_bytes(
            pickle.dumps(dict(keypoint=poses))
        )
        fields = dict(
            frame_dir=name,
            label=index % 2,
            img_shape=(240, 340),
            original_shape=(240, 340),
            total_frames=6,
            frame_inds=np.arange(6),
            box_score=np.ones(6),
        )
        annotations.append({**fields, **(odd if index == 1 else {})})
    names = [a['frame_dir'] for a in annotations]
    table = dict(split=dict(train=names), annotations=annotations)
    path = folder.with_suffix('.table')
    path.write_bytes(pickle.dumps(table))
    return [str(path), '--kpfiles', str(folder)]


SETS = dict(prepare_ntu=ntu_set, prepare_k400=k400_set)


@pytest.fixture(params=sorted(SETS))
def tool(request, tmp_path):
    """Name, runner and number of conversions of either tool."""
    name = request.param
    main, args = load_main(name), SETS[name](tmp_path / 'raw')

    def run(out, *more):
        more = more or ('--workers', '1')
        steps = ('--quiet', '--chunk-size', '1', *more)
        return main([*args, '--out', str(out), *steps])

    return name, run


@pytest.fixture
def converted(tool, monkeypatch):
    """Items that were converted since the test began."""
    kind, items = CONVERTERS[tool[0]], []
    convert = kind.__call__

    def noted(self, item):
        items.append(item)
        return convert(self, item)

    monkeypatch.setattr(kind, '__call__', noted)
    return items


def stop_at(call, number=errno.ENOSPC):
    """Stand-in for os.fsync on a disk that is full from a call on."""
    fsync, calls = os.fsync, []

    def full(handle):
        calls.append(handle)
        if len(calls) >= call:
            raise OSError(number, os.strerror(number))
        fsync(handle)

    return full


# First and a later work file, pickle, report; processes count for themselves.
@pytest.mark.parametrize(
    'call, workers', [(1, '1'), (3, '1'), (5, '1'), (6, '1'), (1, '2')]
)
def test_a_full_disk_is_one_line(
    tool, tmp_path, capsys, monkeypatch, call, workers
):
    name, run = tool
    out = tmp_path / 'o' / 'o.pkl'
    more = ('--workers', workers)
    with monkeypatch.context() as patch:
        patch.setattr(os, 'fsync', stop_at(call))
        assert run(out, *more) == 1
    shown = capsys.readouterr()
    (line,) = shown.err.splitlines()
    assert line.startswith(f'{name}: no room left for {out}')
    assert 'then start the same command again' in line
    assert not list(tmp_path.rglob('*.part*'))
    # What was read in part only is not summed up.
    assert shown.out == ''
    assert run(out, *more) == 0
    assert len(load_annotations(out)['annotations']) == 4
    assert sorted(os.listdir(out.parent)) == ['o.pkl', 'o.pkl.skipped.csv']


def test_after_a_full_disk_nothing_is_done_twice(
    tool, tmp_path, monkeypatch, converted
):
    _, run = tool
    out = tmp_path / 'o.pkl'
    with monkeypatch.context() as patch:
        patch.setattr(os, 'fsync', stop_at(3))
        assert run(out) == 1
    assert len(converted) == 3
    converted.clear()
    assert run(out) == 0
    assert len(converted) == 2


@pytest.mark.parametrize(
    'damage',
    [lambda content: content[:-5], lambda content: b'\x80\x04]K\x01a.'],
)
def test_a_damaged_work_file_is_made_again(
    tool, tmp_path, capsys, monkeypatch, converted, damage
):
    _, run = tool
    out = tmp_path / 'o.pkl'
    with monkeypatch.context() as patch:
        # The work files are whole, the pickle is not.
        patch.setattr(os, 'fsync', stop_at(5))
        assert run(out) == 1
    capsys.readouterr()
    path = sorted(tmp_path.glob('o.pkl.work/*.pkl'))[2]
    path.write_bytes(damage(path.read_bytes()))
    converted.clear()
    assert run(out) == 0
    (line,) = capsys.readouterr().err.splitlines()
    assert f'{path} is damaged' in line and len(converted) == 1
    assert len(load_annotations(out)['annotations']) == 4


@pytest.mark.parametrize(
    'target, told',
    [
        ('folder', 'folder is a folder, expected a file'),
        ('file/o.pkl', 'file/o.pkl cannot be written'),
        ('file/deep/o.pkl', 'file/deep/o.pkl cannot be written'),
    ],
)
def test_a_useless_target_is_refused_before_any_work(
    tool, tmp_path, capsys, converted, target, told
):
    name, run = tool
    (tmp_path / 'folder').mkdir()
    (tmp_path / 'file').write_text('mine')
    more = ('--workers', '1', '--work-dir', str(tmp_path / 'w'))
    assert run(tmp_path / target, *more) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f'{name}: ') and told in line
    assert converted == [] and not (tmp_path / 'w').exists()
    assert os.listdir(tmp_path / 'folder') == []


def read_report(out):
    with Path(f'{out}.skipped.csv').open(newline='') as stream:
        return [tuple(row.values()) for row in csv.DictReader(stream)]


@pytest.mark.parametrize('form', ['poses', 'table'])
@pytest.mark.parametrize(
    'odd, reason',
    [
        (dict(img_shape=None), 'malformed'),
        (dict(img_shape=(240, 'x')), 'malformed'),
        (dict(frame_inds=np.array([0, 1, 2, 3, np.nan, 5])), 'not finite'),
    ],
)
def test_an_odd_video_costs_itself_only(tmp_path, odd, reason, form):
    args = k400_set(tmp_path / 'raw', **odd)
    out = tmp_path / 'o.pkl'
    more = ('--quiet', '--workers', '1', '--form', form)
    assert load_main('prepare_k400')([*args, '--out', str(out), *more]) == 0
    content = load_annotations(out)
    assert content['split'] == dict(train=['video0', 'video2', 'video3'])
    ((file, found, detail),) = read_report(out)
    assert (file, found) == ('video1', reason)
    assert next(iter(odd)) in detail


@pytest.mark.filterwarnings('error::RuntimeWarning')
def test_odd_numbers_cost_their_file_only(tmp_path, capfd):
    args = ntu_set(tmp_path / 'raw')
    for action, first in ((1, '1_0'), (2, '1e300'), (3, '-1e300')):
        path = tmp_path / 'raw' / f'{ntu_name(action)}.skeleton'
        path.write_text(skeleton(first))
    out = tmp_path / 'o.pkl'
    more = ('--quiet', '--workers', '1')
    assert load_main('prepare_ntu')([*args, '--out', str(out), *more]) == 0
    (kept,) = load_annotations(out)['annotations']
    assert kept['frame_dir'] == ntu_name(4)
    reasons = [reason for _, reason, _ in read_report(out)]
    assert reasons == ['not a number', 'not finite', 'not finite']
    assert capfd.readouterr().err == ''


@pytest.mark.parametrize(
    'copies, value, reasons',
    [
        (('0.5', None), 0.5, ['truncated']),
        ((None, '0.5'), 0.5, ['truncated']),
        ((None, '0.5', None), 0.5, ['truncated', 'truncated']),
        (('0.5', '0.25'), 0.25, ['duplicate']),
        (('0.25', '0.5'), 0.5, ['duplicate']),
    ],
)
def test_the_good_copy_within_an_archive_is_taken(
    tmp_path, copies, value, reasons
):
    """None stands for a copy that was cut; of two good ones the last wins."""
    path, out = tmp_path / 'a.zip', tmp_path / 'o.pkl'
    name = f'{ntu_name(1)}.skeleton'
    with zipfile.ZipFile(path, 'w') as archive:
        for copy in copies:
            text = skeleton(copy) if copy else skeleton()[:100]
            with warnings.catch_warnings():
                warnings.simplefilter('ignore')
                archive.writestr(name, text)
    args = [str(path), '--nturgbd', '60', '--out', str(out)]
    main = load_main('prepare_ntu')
    assert main([*args, '--quiet', '--workers', '1']) == 0
    (kept,) = load_annotations(out)['annotations']
    assert kept['keypoint'][0, 0, 0, 0] == value
    assert [(file, reason) for file, reason, _ in read_report(out)] == [
        (name, reason) for reason in reasons
    ]
