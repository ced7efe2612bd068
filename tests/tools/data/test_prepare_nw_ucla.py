"""prepare_nw_ucla: the command on small sources and on the real set."""

from __future__ import annotations

import json
import pickle
import tarfile
import zipfile

import numpy as np
import pytest
from prepare_nw_ucla import main


@pytest.fixture
def source(tmp_path):
    folder = tmp_path / 'all_sqe'
    folder.mkdir()
    for number, name in enumerate(
        ['a01_s01_e00_v01', 'a02_s01_e00_v02', 'a12_s01_e00_v03']
    ):
        skeletons = np.full((number + 1, 20, 3), number + 0.5).tolist()
        (folder / f'{name}.json').write_text(
            json.dumps(dict(file_name=name, skeletons=skeletons))
        )
    (folder / 'a03_s01_e00_v01.json').write_text('{')
    (folder / 'notes\x1b[2J.txt').write_text('hello')
    return folder


def pack(folder, kind):
    path = folder.with_name(f'set.{kind}')
    if kind == 'zip':
        with zipfile.ZipFile(path, 'w') as archive:
            for file in folder.iterdir():
                archive.write(file, f'all_sqe/{file.name}')
    else:
        with tarfile.open(path, f'w:{kind[4:]}') as archive:
            archive.add(folder, 'all_sqe')
    return path


@pytest.mark.parametrize('kind', ['folder', 'zip', 'tar.xz', 'tar.gz'])
def test_every_kind_of_source_gives_the_same(source, tmp_path, kind, capsys):
    path = source if kind == 'folder' else pack(source, kind)
    out = tmp_path / 'out' / 'nw.pkl'
    assert main([str(path), '--out', str(out)]) == 0
    data = pickle.loads(out.read_bytes())
    assert data['split']['train'] == ['a01_s01_e00_v01', 'a02_s01_e00_v02']
    assert data['split']['test'] == ['a12_s01_e00_v03']
    assert [a['keypoint'].shape for a in data['annotations']] == [
        (1, 1, 20, 3),
        (1, 2, 20, 3),
        (1, 3, 20, 3),
    ]
    shown = capsys.readouterr()
    assert 'skipped 2 files' in shown.out and 'bad name' in shown.out
    assert 'unreadable JSON' in shown.out and '\x1b' not in shown.out
    assert '3 clips (2 train, 1 test' in shown.out
    assert 'carry' in shown.out and 'no clip to train on' in shown.out
    assert 'file/s' in shown.err


def test_quiet_shows_no_bar(source, tmp_path, capsys):
    assert (
        main([str(source), '--out', str(tmp_path / 'o.pkl'), '--quiet']) == 0
    )
    assert capsys.readouterr().err == ''


def test_a_missing_or_foreign_source_is_one_line(tmp_path, capsys):
    (tmp_path / 'a.txt').write_text('hello')
    for name in ('gone', 'a.txt'):
        out = tmp_path / 'out.pkl'
        assert main([str(tmp_path / name), '--out', str(out)]) == 1
        err = capsys.readouterr().err.strip()
        assert name in err and '\n' not in err and not out.exists()


def test_an_output_that_cannot_be_written_is_one_line(
    source, tmp_path, capsys
):
    out = tmp_path / 'file'
    out.write_text('')
    assert main([str(source), '--out', str(out / 'nw.pkl'), '--quiet']) == 1
    assert str(out) in capsys.readouterr().err


@pytest.mark.real_data
def test_the_real_set(shared_dir, tmp_path, capsys):
    archive = shared_dir / 'data' / 'nw_ucla_all_sqe.tar.xz'
    out = tmp_path / 'nw.pkl'
    assert main([str(archive), '--out', str(out), '--quiet']) == 0
    assert 'skipped nothing' in capsys.readouterr().out
    data = pickle.loads(out.read_bytes())
    found = {a['frame_dir']: a for a in data['annotations']}
    assert len(found) == len(data['annotations']) == 1484
    assert len(data['split']['train']) == 1020
    assert len(data['split']['test']) == 464
    assert len(data['classes']) == 10
    folds = [data['split'][f'fold{f}_val'] for f in range(1, 11)]
    assert sorted(sum(folds, [])) == sorted(found)
    assert all(len({name[4:7] for name in fold}) == 1 for fold in folds)
    assert {name for part in data['split'].values() for name in part} == set(
        found
    )
    with tarfile.open(archive) as files:
        for entry in files:
            if not entry.isfile():
                continue
            truth = json.load(files.extractfile(entry))
            annotation = found[truth['file_name']]
            assert annotation['label'] == truth['label'] - 1
            want = np.array([truth['skeletons']], dtype=np.float32)
            assert annotation['total_frames'] == want.shape[1]
            np.testing.assert_array_equal(annotation['keypoint'], want)
            side = 'test' if truth['file_name'].endswith('3') else 'train'
            assert truth['file_name'] in data['split'][side]
