"""prepare_k400: the command on a small Kinetics-400."""

from __future__ import annotations

import csv
import pickle
from pathlib import Path

import numpy as np
import pytest
from mmaction.registry import DATASETS
from prepare_k400 import main


@pytest.fixture
def k400(tmp_path):
    """Twelve videos of three classes, the fourth of them without a file."""
    rng = np.random.RandomState(0)
    folder = tmp_path / 'kpfiles'
    folder.mkdir()
    annotations = []
    for index in range(12):
        frame_inds = np.repeat(np.arange(10), rng.randint(1, 4, 10))
        poses = rng.rand(len(frame_inds), 17, 3).astype(np.float16)
        score = np.full(len(frame_inds), 0.9, dtype=np.float16)
        name = f'video{index:02d}'
        annotations.append(
            dict(
                frame_dir=name,
                label=index % 3,
                img_shape=(240, 340),
                original_shape=(240, 340),
                total_frames=10,
                frame_inds=frame_inds.astype(np.int16),
                box_score=score,
                valid={0.5: 10},
            )
        )
        if index != 3:
            (folder / f'{name}.pkl').write_bytes(
                pickle.dumps(dict(keypoint=poses))
            )
    annotations[5]['box_score'][:] = 0.1
    names = [a['frame_dir'] for a in annotations]
    table = dict(
        split=dict(train=names[:9], val=[*names[9:], 'unknown']),
        annotations=annotations,
    )
    path = tmp_path / 'k400_2d.pkl'
    path.write_bytes(pickle.dumps(table))
    return path, folder


def prepare(k400, out, *more):
    path, folder = k400
    return main(
        [
            str(path),
            '--kpfiles',
            str(folder),
            '--out',
            str(out),
            '--workers',
            '1',
            *more,
        ]
    )


PIPELINE = [
    dict(type='PreNormalize2D'),
    dict(type='GenSkeFeat', dataset='coco', feats=['j']),
    dict(type='UniformSampleFrames', clip_len=8),
    dict(type='PoseDecode'),
    dict(type='FormatGCNInput', num_person=2),
]


@pytest.mark.parametrize('kind', ['PoseDataset', 'LongTailedPoseDataset'])
def test_a_file_of_poses_trains_without_kpfiles(k400, tmp_path, capsys, kind):
    out = tmp_path / 'o' / 'k400_2persons.pkl'
    assert prepare(k400, out) == 0
    shown = capsys.readouterr()
    assert 'skipped 2 of 12: 1 kpfile missing, 1 no person' in shown.out
    assert 'train          7 of 9' in shown.out and '12/12' in shown.err
    with Path(f'{out}.skipped.csv').open(newline='') as stream:
        rows = {row['file']: row['reason'] for row in csv.DictReader(stream)}
    assert rows == dict(video03='kpfile missing', video05='no person')
    for file in k400[1].iterdir():
        file.unlink()
    dataset = DATASETS.build(
        dict(type=kind, ann_file=str(out), split='train', pipeline=PIPELINE)
    )
    assert len(dataset) == 7
    assert dataset[0]['keypoint'].shape == (1, 2, 8, 17, 3)
    assert np.isfinite(dataset[0]['keypoint']).all()


def test_a_checked_table_trains_from_the_kpfiles(k400, tmp_path):
    out = tmp_path / 'checked.pkl'
    assert prepare(k400, out, '--form', 'table', '--quiet') == 0
    decompress = dict(type='DecompressPose', squeeze=True, max_person=2)
    dataset = DATASETS.build(
        dict(
            type='PoseDataset',
            ann_file=str(out),
            split='train',
            data_prefix=dict(skeleton=str(k400[1])),
            pipeline=[decompress, *PIPELINE],
        )
    )
    assert len(dataset) == 7
    assert all(sample['keypoint'].shape[1] == 2 for sample in dataset)


def test_both_forms_give_the_same_poses(k400, tmp_path):
    poses, table = tmp_path / 'poses.pkl', tmp_path / 'table.pkl'
    assert prepare(k400, poses, '--quiet') == 0
    assert prepare(k400, table, '--quiet', '--form', 'table') == 0
    decompress = dict(type='DecompressPose', squeeze=True, max_person=2)
    one, two = (
        DATASETS.build(
            dict(
                type='PoseDataset',
                ann_file=str(path),
                split='train',
                data_prefix=prefix,
                pipeline=pipeline,
            )
        )
        for path, prefix, pipeline in (
            (poses, {}, []),
            (table, dict(skeleton=str(k400[1])), [decompress]),
        )
    )
    assert len(one) == len(two) == 7
    for a, b in zip(one, two):
        assert a['frame_dir'] == b['frame_dir']
        for key in ('keypoint', 'keypoint_score'):
            np.testing.assert_array_equal(a[key], b[key])


def test_bad_input_is_one_line(k400, tmp_path, capsys):
    path, folder = k400
    out = tmp_path / 'o.pkl'
    for args, told in (
        ((tmp_path / 'gone.pkl', folder), 'gone.pkl'),
        ((path, tmp_path / 'gone'), 'no such folder'),
        ((folder / 'video00.pkl', folder), "'annotations'"),
    ):
        assert prepare(args, out, '--quiet') == 1
        error = capsys.readouterr().err.strip()
        assert told in error and '\n' not in error and not out.exists()
    assert prepare(k400, out, '--quiet', '--box-thr', '7') == 1
    assert 'box_thr=7.0 should be' in capsys.readouterr().err


def test_no_kpfile_at_all(k400, tmp_path, capsys):
    path, _ = k400
    (tmp_path / 'empty').mkdir()
    assert prepare((path, tmp_path / 'empty'), tmp_path / 'o.pkl') == 1
    shown = capsys.readouterr()
    assert 'nothing usable' in shown.err and '12 kpfile missing' in shown.out


def test_the_table_is_not_written_over(k400, capsys):
    before = k400[0].read_bytes()
    assert prepare(k400, k400[0]) == 1
    assert f'{k400[0]} is read' in capsys.readouterr().err
    assert k400[0].read_bytes() == before
