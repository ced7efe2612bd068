"""The commands that convert a set in one go, on small sources."""

from __future__ import annotations

import importlib
import io
import json
import pickle
from pathlib import Path

import numpy as np
import pytest
from scipy.io import savemat

from shapmix_mm.datasets.prepare.command import report_kept, report_skipped

SETS = ('msrc12', 'penn_action', 'sbu', 'utd_mhad')


def command(name):
    return importlib.import_module(f'prepare_{name}').main


def mat(**variables):
    stream = io.BytesIO()
    savemat(stream, variables)
    return stream.getvalue()


def files_of(name):
    """Two clips of the set as published, by path."""
    ones = '\n'.join(f'{t * 33333} ' + '1 ' * 80 for t in range(60)).encode()
    marks = b'x\n' + b''.join(b'%d;G1 a\n' % (s * 49875000) for s in (1,))
    sbu = ('1,' + ','.join(['0.4'] * 90)).encode()
    penn = dict(
        x=np.ones((2, 13)),
        y=np.ones((2, 13)),
        visibility=np.ones((2, 13)),
        action='bowl',
        dimensions=[[3, 4, 2]],
    )
    return dict(
        msrc12={
            **{f'P1_1_1_p0{p}.csv': ones for p in (1, 2)},
            **{f'P1_1_1_p0{p}.tagstream': marks for p in (1, 2)},
        },
        penn_action={
            '0001.mat': mat(train=1, **penn),
            '0002.mat': mat(train=-1, **penn),
        },
        sbu={
            's01s02/01/001/skeleton_pos.txt': sbu,
            's02s03/01/001/skeleton_pos.txt': sbu,
        },
        utd_mhad={
            f'a1_s{s}_t1_skeleton.mat': mat(d_skel=np.ones((20, 3, 2)))
            for s in (1, 2)
        },
    )[name]


@pytest.fixture
def source(tmp_path, request):
    folder = tmp_path / 'source'
    for path, content in files_of(request.param).items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    (folder / 'notes\x1b[2J.txt').write_text('hello')
    return request.param, folder


@pytest.mark.parametrize('source', SETS, indirect=True)
def test_a_small_source_becomes_an_annotation_file(source, tmp_path, capsys):
    name, folder = source
    out = tmp_path / 'new' / 'set.pkl'
    assert command(name)([str(folder), '--out', str(out)]) == 0
    data = pickle.loads(out.read_bytes())
    assert len(data['annotations']) == 2 and len(data['classes']) > 5
    shown = capsys.readouterr()
    assert 'skipped 1 files' in shown.out and 'bad name' in shown.out
    assert '\x1b' not in shown.out and 'file/s' in shown.err
    assert '2 clips' in shown.out and 'no clip to train on' in shown.out


@pytest.mark.parametrize('name', ['nw_ucla', *SETS])
def test_nothing_usable_keeps_the_old_file(name, tmp_path, capsys):
    (tmp_path / 'src').mkdir()
    (tmp_path / 'src' / 'x').write_text('{}')
    out = tmp_path / 'out.pkl'
    out.write_bytes(b'old')
    arguments = [str(tmp_path / 'src'), '--out', str(out), '--quiet']
    assert command(name)(arguments) == 1
    assert out.read_bytes() == b'old'
    shown = capsys.readouterr()
    assert 'nothing usable' in shown.err and 'bad name' in shown.out
    arguments[0] = str(tmp_path / 'gone')
    assert command(name)(arguments) == 1
    error = capsys.readouterr().err.strip()
    assert 'gone' in error and '\n' not in error


def test_long_lists_are_cut_and_missing_classes_named():
    report = report_skipped([(f'{i}.txt', 'r') for i in range(9)])
    assert "'4.txt' and 4 more" in report and '5.txt' not in report
    assert report_skipped([]) == 'skipped nothing'
    data = dict(
        classes=['a', 'b'],
        annotations=[dict(frame_dir=str(n), label=n % 2) for n in range(4)],
        split=dict(
            train=['0', '1'],
            test=['2', '3'],
            fold1_train=['0', '2'],
            fold1_val=['1', '3'],
        ),
    )
    lines = report_kept(data, Path('x.pkl')).splitlines()
    assert lines[0].startswith('wrote x.pkl: 4 clips (2 train, 2 test, 2 fold')
    assert lines[1].split() == [
        *'0 a 1 train 1 test 1 at least to train on'.split()
    ]
    assert lines[2].endswith('0 at least to train on  <- no clip to train on')


def test_json_of_openpose_becomes_an_annotation_file(tmp_path, capsys):
    people = [dict(pose_keypoints_2d=[1.5] * 54)]
    for clip in ('wave', 'sit', 'unlisted'):
        folder = tmp_path / 'source' / clip
        folder.mkdir(parents=True)
        for frame in range(3):
            path = folder / f'{clip}_{frame:012d}_keypoints.json'
            path.write_text(json.dumps(dict(people=people)))
    table = tmp_path / 'labels.csv'
    table.write_text('name,label,split\nwave,1,train\nsit,0,val\n')
    out = tmp_path / 'o.pkl'
    args = [str(tmp_path / 'source'), '--out', str(out), '--quiet']
    assert command('json')([*args, '--labels', str(table)]) == 1
    assert '--img-shape HEIGHT WIDTH' in capsys.readouterr().out
    args += ['--img-shape', '48', '64']
    assert command('json')([*args, '--labels', str(table)]) == 0
    shown = capsys.readouterr().out
    assert 'no label' in shown and '2 clips (1 train, 1 val)' in shown
    content = pickle.loads(out.read_bytes())
    assert content['split'] == dict(train=['wave'], val=['sit'])
    assert content['annotations'][0]['keypoint'].shape == (1, 3, 18, 2)
    assert content['annotations'][0]['img_shape'] == (48, 64)
    assert command('json')([*args, '--labels', 'none.csv']) == 1
    assert 'none.csv' in capsys.readouterr().err
    # Without a table such files have no label.
    assert command('json')(args) == 1
