"""inspect: the command on every kind of annotation file."""

from __future__ import annotations

import errno
import os
import pickle
import runpy
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

TOOL = Path(__file__).resolve().parents[3] / 'tools/data/inspect.py'
# Python has a module of that name.
main = runpy.run_path(str(TOOL))['main']


@pytest.fixture(autouse=True)
def _wide(monkeypatch):
    monkeypatch.setenv('COLUMNS', '160')


def sample(name, label, frames=4, persons=1):
    pose = np.ones((persons, frames, 25, 3), dtype=np.float16)
    return dict(
        frame_dir=name, label=label, total_frames=frames, keypoint=pose
    )


@pytest.fixture
def pickled(tmp_path):
    samples = [sample(f'a{i}', 0, 10 + i) for i in range(30)]
    samples += [sample('b0', 1, 7, 2), sample('[bold]\x1b[2J', 2)]
    names = [s['frame_dir'] for s in samples]
    content = dict(
        split=dict(xsub_train=names[:-1], xsub_val=[names[-1], 'gone']),
        annotations=samples,
        classes=['wave', 'clap', 'jump'],
    )
    path = tmp_path / 'some.pkl'
    path.write_bytes(pickle.dumps(content))
    return path


def row(shown, first):
    """Cells of the first row that begins so, by table."""
    return [
        [cell.strip() for cell in line.strip('│').split('│')]
        for line in shown.splitlines()
        if line.startswith(f'│ {first} ')
    ]


def test_tables_and_sheet_of_a_pickle(pickled, capsys):
    assert main([str(pickled), '--per-class']) == 0
    shown = capsys.readouterr()
    sizes, profile = row(shown.out, 'xsub_train')
    assert sizes[1:] == ['31', '31', '2', '7', '24', '23.9', '39']
    assert profile[1:] == ['30', '1', '1', '30', '0', '1', '2']
    assert row(shown.out, 'xsub_val')[0][1:4] == ['2', '1', '1']
    assert row(shown.out, '1 clap') == [['1 clap', '1', '1', '0']]
    assert row(shown.out, 'persons') == [['persons', '1: 31, 2: 1']]
    assert row(shown.out, 'joints') == [['joints', '25: 32']]
    assert row(shown.out, 'listed in xsub_val but not there')[0][1:] == [
        '1',
        'gone',
    ]
    image = pickled.with_name('some.pkl.inspect.png')
    assert image.stat().st_size > 1000 and str(image) in shown.out
    assert '\x1b' not in shown.out and 'samples' in shown.err


def test_classes_are_called_as_in_the_file(pickled, capsys):
    content = pickle.loads(pickled.read_bytes())
    content['classes'] = ['Öffnen', 'a\\b', 'up\x1b[2J']
    pickled.write_bytes(pickle.dumps(content))
    assert main([str(pickled), '--per-class', '--no-plot']) == 0
    shown = capsys.readouterr().out
    assert '│ 0 Öffnen ' in shown and '│ 1 a\\b ' in shown
    assert '│ 2 up\\x1b[2J ' in shown


def test_nothing_is_cut_on_a_narrow_terminal(pickled, capsys, monkeypatch):
    monkeypatch.setenv('COLUMNS', '80')
    content = pickle.loads(pickled.read_bytes())
    content['split']['xview_train'] = content['split'].pop('xsub_train')
    pickled.write_bytes(pickle.dumps(content))
    assert main([str(pickled), '--no-plot', '--quiet']) == 0
    shown = capsys.readouterr().out
    assert '\u2026' not in shown and 'xview_train' in shown


def test_thresholds_and_no_plot(pickled, capsys, tmp_path):
    args = [str(pickled), '--no-plot', '--quiet', '--thresholds', '1', '29']
    assert main(args) == 0
    shown = capsys.readouterr()
    assert shown.err == '' and 'drawn' not in shown.out
    assert row(shown.out, 'xsub_train')[1][-3:] == ['1', '1', '1']
    assert os.listdir(tmp_path) == ['some.pkl']
    # Classes of 30, 1 and no samples: many is more than, few is less than.
    for bounds, groups in (
        (('1', '30'), ['0', '2', '1']),
        (('2', '30'), ['0', '1', '2']),
        (('0', '0'), ['2', '1', '0']),
    ):
        assert main([*args[:-2], *bounds]) == 0
        shown = capsys.readouterr().out
        assert f'many > {bounds[1]}, few < {bounds[0]}' in shown
        assert row(shown, 'xsub_train')[1][-3:] == groups
    assert main([*args[:-2], '30', '20']) == 1
    assert 'few <= many' in capsys.readouterr().err


def test_an_npz_of_ctrgcn(tmp_path, capsys):
    x = np.zeros((3, 12, 150), dtype=np.float32)
    x[:, :9] = 1
    path = tmp_path / 'NTU60_CS.npz'
    np.savez(
        path, x_train=x, y_train=np.eye(3), x_test=x[:1], y_test=np.eye(3)[:1]
    )
    assert main([str(path), '--plot', str(tmp_path / 'new' / 'p.png')]) == 0
    shown = capsys.readouterr().out
    assert row(shown, 'train')[0][1:] == ['3', '3', '3', '9', '9', '9.0', '9']
    assert 'nothing odd' in shown
    assert (tmp_path / 'new' / 'p.png').exists()


def test_files_that_cannot_be_read_are_one_line(tmp_path, capsys):
    (tmp_path / 'cut.pkl').write_bytes(pickle.dumps([1, 2])[:-4])
    (tmp_path / 'other.pkl').write_bytes(pickle.dumps(dict(a=1)))
    for name in ('gone.pkl', 'cut.pkl', 'other.pkl'):
        assert main([str(tmp_path / name)]) == 1
        error = capsys.readouterr().err.strip()
        assert error.startswith('inspect: ') and '\n' not in error
        assert name in error


def test_the_tools_beside_it_still_get_the_standard_module():
    """A script's own folder is the first on the path of Python."""
    code = (
        f'import sys; sys.path.insert(0, {str(TOOL.parent)!r}); '
        'import inspect, dataclasses; '
        'print(inspect.signature(lambda a, b: 0), inspect.__file__)'
    )
    done = subprocess.run(
        [sys.executable, '-c', code],
        capture_output=True,
        text=True,
        check=True,
    )
    signature, file = done.stdout.strip().rsplit(' ', 1)
    assert signature == '(a, b)' and Path(file) != TOOL


def test_content_of_another_kind_is_one_line(
    pickled, tmp_path, capsys, odd_content
):
    keys, what, wanted = odd_content
    content = pickle.loads(pickled.read_bytes())
    path = tmp_path / 'odd.pkl'
    path.write_bytes(pickle.dumps(dict(content, **keys)))
    assert main([str(path), '--quiet']) == 1
    err = capsys.readouterr().err
    assert err.startswith('inspect: ') and err.count('\n') == 1
    assert f'{what} ' in err and 'odd.pkl' in err and wanted in err


def test_scores_that_are_none_are_named(pickled, capsys):
    content = pickle.loads(pickled.read_bytes())
    content['annotations'][3]['keypoint_score'] = None
    pickled.write_bytes(pickle.dumps(content))
    assert main([str(pickled), '--no-plot', '--quiet']) == 0
    shown = capsys.readouterr()
    odd = row(shown.out, 'keypoint_score is no array of numbers')
    assert odd[0][1:] == ['1', 'a3'] and shown.err == ''


def test_a_figure_that_cannot_be_written_is_no_failure(pickled, capsys):
    place = pickled.with_name('some.pkl.inspect.png')
    place.mkdir()
    assert main([str(pickled), '--quiet']) == 0
    shown = capsys.readouterr()
    assert row(shown.out, 'xsub_train') and 'drawn' not in shown.out
    assert shown.err.count('\n') == 1 and str(place) in shown.err
    assert '--plot' in shown.err and '--no-plot' in shown.err
    assert os.listdir(place) == []


def test_a_named_figure_that_cannot_be_written_is_one(pickled, capsys):
    place = pickled / 'p.png'
    assert main([str(pickled), '--quiet', '--plot', str(place)]) == 1
    err = capsys.readouterr().err
    assert err.startswith('inspect: ') and err.count('\n') == 1
    assert f'not be written to {place}: ' in err and '--plot' in err


def test_a_read_only_disk_is_named(pickled, capsys, monkeypatch):
    def refuse(figure, path):
        raise OSError(errno.EROFS, 'Read-only file system', f'{path}.tmp')

    room = 'shapmix_mm.visualization.counts'
    monkeypatch.setattr(f'{room}.save_figure', refuse)
    assert main([str(pickled), '--quiet']) == 0
    err = capsys.readouterr().err
    assert f'{pickled}.inspect.png: Read-only file system; --plot' in err


def standing(turn, missing=False):
    """A Kinect body 1.6 m tall, y up, facing +z, turned by a matrix."""
    from shapmix_mm.skeletons import get_layout

    names = get_layout('nw-ucla').joint_names
    pose = np.tile([0.0, 1.0, 3.0], (20, 1))
    for part, width, height in (
        ('shoulder', 0.2, 1.4),
        ('hip', 0.15, 0.9),
        ('foot', 0.15, 0.1),
    ):
        for side, sign in (('left', 1), ('right', -1)):
            pose[names.index(f'{side}_{part}')] = sign * width, height, 3
    pose[names.index('head'), 1] = 1.7
    if missing:
        pose[names.index('left_hip')] = 0
    return (pose @ np.array(turn, float).T)[None, None].astype(np.float32)


@pytest.fixture
def bodies(tmp_path):
    as_it_is = np.eye(3)
    z_up_facing_minus_y = [[1, 0, 0], [0, 0, -1], [0, 1, 0]]
    clips = [standing(as_it_is)] * 3 + [standing(z_up_facing_minus_y)]
    clips.append(standing(as_it_is, missing=True))
    samples = [
        dict(frame_dir=f'c{i}', label=0, total_frames=1, keypoint=clip)
        for i, clip in enumerate(clips)
    ]
    path = tmp_path / 'bodies.pkl'
    names = [sample['frame_dir'] for sample in samples]
    path.write_bytes(
        pickle.dumps(dict(split=dict(train=names), annotations=samples))
    )
    return str(path)


def test_how_bodies_stand(bodies, tmp_path, capsys):
    assert main([bodies, '--no-plot', '--layout', 'nw-ucla']) == 0
    shown = capsys.readouterr().out
    assert row(shown, 'up') == [['up', '+y: 3, +z: 1']]
    assert row(shown, 'facing') == [['facing', '+z: 3, -y: 1']]
    assert row(shown, 'height, median') == [['height, median', '1.6']]
    (untold,) = row(shown, 'no frame with hips and shoulders')
    assert untold[1] == '1'
    assert "align: dict(type='AlignSkeleton', layout='nw-ucla')" in shown
    config = tmp_path / 'layout.py'
    config.write_text("layout = 'nw-ucla'\n")
    assert main([bodies, '--no-plot', '--layout', str(config)]) == 0
    assert 'layout=_base_.layout)' in capsys.readouterr().out
    config.write_text('joints = 20\n')
    assert main([bodies, '--no-plot', '--layout', str(config)]) == 1
    assert 'layout.py has no layout' in capsys.readouterr().err
    assert main([bodies, '--no-plot', '--layout', 'sbu']) == 1
    assert 'has 20 joints where' in capsys.readouterr().err
