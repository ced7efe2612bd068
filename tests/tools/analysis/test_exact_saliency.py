"""The tool on tiny sets: its files, its words, and what it refuses."""

import csv
import os
import pickle
import socket
import sys
from contextlib import redirect_stdout
from pathlib import Path

import exact_saliency as tool
import numpy as np
import pytest
import torch
from mmaction.registry import MODELS
from mmengine.config import Config

from shapmix_mm import visualization
from shapmix_mm.shapley import SaliencyTable, exact_shapley

STOCK = (
    'mmaction::skeleton/stgcn/'
    'stgcn_8xb16-joint-u100-80e_ntu60-xsub-keypoint-2d.py'
)
STICK = """
custom_imports = dict(imports=['shapmix_mm'])
layout = dict(
    name='stick', num_node=6, center=0,
    inward=[(1, 0), (2, 0), (3, 0), (4, 0), (5, 0)],
    parts=dict(body=[0, 1], a=[2], b=[3], c=[4, 5]))
model = dict(
    type='RecognizerGCN',
    backbone=dict(
        type='STGCN', base_channels=8, num_stages=1, inflate_stages=[],
        down_stages=[], graph_cfg=dict(layout=layout, mode='stgcn_spatial')),
    cls_head=dict(type='GCNHead', num_classes=4, in_channels=8))
def _loader(split, clips=1):
    return dict(
        batch_size=4, num_workers=0,
        sampler=dict(type='DefaultSampler', shuffle=False),
        dataset=dict(
            type='PoseDataset', ann_file='ANN', split=split,
            pipeline=[
                dict(type='UniformSampleFrames', clip_len=8, num_clips=clips,
                     test_mode=split != 'train'),
                dict(type='PoseDecode'),
                dict(type='FormatGCNInput', num_person=2),
                dict(type='PackActionInputs')]))
train_dataloader = dict(_loader('train'))
train_dataloader['dataset'] = dict(
    type='RepeatDataset', times=3, dataset=train_dataloader['dataset'])
val_dataloader = _loader('test')
test_dataloader = _loader('test', clips=2)
BLEND
"""
BLEND = """
model['data_preprocessor'] = dict(
    type='ActionDataPreprocessor', blending=dict(
        type='ShapMixBlending', num_classes=4, layout=layout, sizes=(1, 2)))
"""


def annotations(path, joints=6, score=False, **splits):
    """Clips of 4 classes; joint 1 + label moves more than the others."""
    rng = np.random.default_rng(0)
    data = dict(split={}, annotations=[])
    for split, counts in splits.items():
        data['split'][split] = []
        for label, count in enumerate(counts):
            for i in range(count):
                name = f'{split}_{label}_{i}'
                shape = (1 + i % 2, 12, joints, 2 if score else 3)
                keypoint = rng.normal(size=shape).astype(np.float32)
                keypoint[:, :, 1 + label] *= 3
                entry = dict(
                    frame_dir=name, label=label, total_frames=12,
                    keypoint=keypoint,
                )  # fmt: skip
                if score:
                    entry['keypoint_score'] = rng.random(shape[:3])
                    entry.update(img_shape=(8, 8), original_shape=(8, 8))
                data['split'][split].append(name)
                data['annotations'].append(entry)
    path.write_bytes(pickle.dumps(data))
    return path


@pytest.fixture
def stick(tmp_path):
    """Function that writes annotations, config and checkpoint."""
    ann = annotations(
        tmp_path / 'stick.pkl', train=(5, 4, 3, 2), test=(2, 3, 0, 2)
    )

    def make(blend='', **state):
        path = tmp_path / 'cfg.py'
        text = STICK.replace('ANN', str(ann)).replace('BLEND', blend)
        path.write_text(text)
        torch.manual_seed(0)
        model = MODELS.build(Config.fromfile(path).model.to_dict())
        weights = {**model.state_dict(), **state}
        torch.save(dict(state_dict=weights), tmp_path / 'model.pth')
        return path, tmp_path / 'model.pth'

    return make


@pytest.fixture
def run(tmp_path, monkeypatch, capsys):
    """Function that runs the tool and returns its words and its arrays."""

    def go(config, checkpoint, *args):
        out = tmp_path / 'out'
        words = [config, checkpoint, '--work-dir', tmp_path / 'wd']
        if '--out' not in args:
            words += ['--out', out]
        monkeypatch.setattr('sys.argv', ['x', *map(str, [*words, *args])])
        tool.main()
        names = sorted(path.name for path in out.iterdir())
        assert names == ['saliency.csv', 'saliency.png', 'worths.npz']
        with np.load(out / 'worths.npz') as file:
            arrays = dict(file)
        with open(out / 'saliency.csv', newline='') as file:
            rows = list(csv.DictReader(file))
        return capsys.readouterr().out, arrays, rows

    return go


def test_a_plain_recognizer_of_several_clips(stick, run):
    text, arrays, rows = run(*stick())
    assert '7 samples of split test, 16 coalitions' in text
    assert 'measured over the training set' in text
    assert 'no saliency table in the checkpoint' in text
    assert arrays['worths'].shape == (7, 16)
    assert arrays['labels'].tolist() == [0, 0, 1, 1, 1, 3, 3]
    assert arrays['names'][2] == 'test_1_0'
    # The class without samples is absent.
    assert [row['class'] for row in rows] == ['0', '1', '3']
    assert [row['samples'] for row in rows] == ['2', '3', '2']
    assert [row['train_count'] for row in rows] == ['5', '4', '2']
    assert {row['group'] for row in rows} == {'few'}
    columns = ['body', 'a', 'b', 'c', 'body+a', 'body+b']
    assert list(rows[0])[5:11] == columns
    assert list(rows[0])[-1] == 'a+b+c'
    each = exact_shapley(
        torch.from_numpy(arrays['worths']).double(), 4, (1, 2, 3)
    )
    for row in rows:
        own = each[arrays['labels'] == int(row['class'])].mean(0)
        got = [float(value) for value in list(row.values())[5:]]
        np.testing.assert_allclose(got, own, atol=1e-6)
        full = arrays['worths'][arrays['labels'] == int(row['class'])]
        gained = (full[:, -1] - full[:, 0]).mean()
        assert sum(got[:4]) == pytest.approx(gained, abs=5e-6)
    assert np.isnan(arrays['values'][2]).all()


def test_train_split_runs_once_through_the_test_pipeline(stick, run):
    files = stick()
    text, arrays, _ = run(*files, '--split', 'train')
    assert len(arrays['worths']) == 14
    _, again, _ = run(*files, '--split', 'train', '--batch-size', '3')
    np.testing.assert_allclose(arrays['worths'], again['worths'], atol=1e-6)
    _, other, _ = run(*files, '--split', 'train', '--augment')
    assert not np.allclose(arrays['worths'], other['worths'], atol=1e-4)


def test_classes_and_samples_can_be_restricted(stick, run, monkeypatch):
    options = ['--split', 'train', '--classes', '0', '3']
    drawn = []
    monkeypatch.setattr(
        visualization,
        'plot_saliency',
        lambda values, path, **kwargs: (
            drawn.append((values, kwargs)),
            Path(path).touch(),
        ),
        raising=False,
    )
    text, arrays, rows = run(*stick(), *options, '--max-per-class', '3')
    assert arrays['labels'].tolist() == [0, 0, 0, 3, 3]
    assert [row['class'] for row in rows] == ['0', '3']
    # Classes that were not asked for are neither printed nor drawn.
    lines = text.split('class samples')[1].splitlines()[1:]
    named = [line.split()[0] for line in lines if line.split()[1:2] != []]
    assert [name for name in named if name.isdecimal()] == ['0', '3']
    ((values, kwargs),) = drawn
    assert len(values) == 2 and np.isfinite(values).all()
    assert kwargs['classes'] == ['0', '3']
    assert list(kwargs['updates']) == [3, 2]


def trained_state(seen=True):
    table = SaliencyTable(4, 4, (1, 2))
    if seen:
        table.values.copy_(torch.rand(4, 10))
        table.updates.fill_(3)
    prefix = 'data_preprocessor.blending.'
    return {
        f'{prefix}mean_pose': torch.full((2, 6, 3), 0.25),
        f'{prefix}class_counts': torch.tensor([200.0, 50, 9, 8]),
        **{f'{prefix}saliency.{k}': v for k, v in table.state_dict().items()},
    }


def test_the_blend_gives_sizes_mean_pose_counts_and_a_table(stick, run):
    text, arrays, rows = run(*stick(BLEND, **trained_state()))
    assert 'mean pose of the checkpoint' in text
    assert (arrays['mean_pose'] == 0.25).all()
    assert 'table against exact values: RMSE' in text
    assert len(arrays['combinations']) == 10
    groups = [(row['train_count'], row['group']) for row in rows]
    assert groups == [('200', 'many'), ('50', 'medium'), ('8', 'few')]
    assert (
        'not compared'
        in run(*stick(BLEND, **trained_state()), '--sizes', '3')[0]
    )


def test_a_table_that_was_never_updated_is_none(stick, run):
    text, _, _ = run(*stick(BLEND, **trained_state(seen=False)))
    assert 'no saliency table in the checkpoint' in text


def test_a_stock_config_with_2d_keypoints_and_scores(tmp_path, run):
    ann = annotations(
        tmp_path / 'ntu.pkl', 17, True, xsub_train=(2, 2, 1, 1),
        xsub_val=(1, 1, 0, 0),
    )  # fmt: skip
    options = [
        f'{loader}.ann_file={ann}'
        for loader in ('train_dataloader.dataset.dataset',
                       'val_dataloader.dataset', 'test_dataloader.dataset')
    ]  # fmt: skip
    options += [
        'model.backbone.num_stages=1', 'model.backbone.base_channels=8',
        'model.backbone.inflate_stages=[]', 'model.backbone.down_stages=[]',
        'model.cls_head.in_channels=8', 'model.cls_head.num_classes=4',
        'train_dataloader.num_workers=0',
    ]  # fmt: skip
    from mmengine.hub import get_config

    cfg = get_config(STOCK)
    cfg.merge_from_dict(dict(
        (key, eval(value) if 'model' in key else value)
        for key, value in (option.split('=') for option in options)
        if 'model' in key
    ))  # fmt: skip
    model = MODELS.build(cfg.model.to_dict())
    torch.save(model.state_dict(), tmp_path / 'stock.pth')
    text, arrays, rows = run(
        STOCK, tmp_path / 'stock.pth', '--split', 'xsub_val',
        '--cfg-options', *options,
    )  # fmt: skip
    assert 'layout coco' in text and 'measured over' in text
    assert arrays['worths'].shape == (2, 32)
    assert arrays['mean_pose'].shape == (2, 17, 3)
    assert [row['train_count'] for row in rows] == ['2', '2']


@pytest.mark.parametrize(
    'args, message',
    [
        (['--layout', 'coco'], 'coco has other parts than layout'),
        (['--sizes', '4'], r'1\.\.3 for 4 parts'),
        (['--split', 'dev'], "has no split 'dev'; it has .'test', 'train'."),
        (['--classes', 'walk'], "unknown class 'walk'; known are 0 to 3"),
        (['--classes', '2'], 'no sample of the classes'),
    ],
)
def test_wrong_arguments_are_refused(stick, run, args, message):
    with pytest.raises(ValueError, match=message):
        run(*stick(BLEND), *args)


def test_other_layouts_are_refused(stick, run):
    prefix = 'data_preprocessor.blending.'
    with pytest.raises(ValueError, match='the split has 6 joints.*coco'):
        run(*stick(), '--layout', 'coco')
    with pytest.raises(ValueError, match='mean pose has 7 joints'):
        run(*stick(**{f'{prefix}mean_pose': torch.zeros(2, 7, 3)}))
    table = {
        f'{prefix}saliency.{name}': torch.ones(4, 20)
        for name in ('values', 'updates')
    }
    with pytest.raises(ValueError, match='table has 20 combinations'):
        run(*stick(**table))


def test_a_layout_file_where_the_graph_has_no_parts(stick, run, tmp_path):
    config, checkpoint = stick()
    config.write_text(
        config.read_text() + "layout.pop('parts')\nlayout.pop('name')\n"
    )
    with pytest.raises(ValueError, match='does not tell the body parts.*give'):
        run(config, checkpoint)
    text = 'layout = dict(num_node=6, center=0, inward={}, parts={})'
    bones = [(joint, 0) for joint in range(1, 6)]
    own = tmp_path / 'own.py'
    own.write_text(text.format(bones, [[j] for j in range(6)]))
    _, arrays, rows = run(config, checkpoint, '--layout', own)
    assert arrays['worths'].shape == (7, 64)
    assert list(rows[0])[5:7] == ['part0', 'part1']
    own.write_text(
        text.replace('=6', '=9').format(
            [(joint, 0) for joint in range(1, 9)], [[j] for j in range(9)]
        )
    )
    with pytest.raises(ValueError, match='3 to 8 parts, got 9'):
        run(config, checkpoint, '--layout', own)


def test_other_weights_are_refused(stick, run):
    config, checkpoint = stick()
    text = config.read_text()
    config.write_text(text.replace('num_classes=4', 'num_classes=5'))
    with pytest.raises(ValueError, match='does not fit the config'):
        run(config, checkpoint)
    config.write_text(text.replace('num_stages=1', 'num_stages=2'))
    with pytest.raises(ValueError, match='lacks .* tensors of the model'):
        run(config, checkpoint)


def test_outputs_are_checked_before_anything_is_read(stick, run, tmp_path):
    config, _ = stick()
    (tmp_path / 'file').write_text('')
    with pytest.raises(ValueError, match='file/x takes no file'):
        run(config, 'absent.pth', '--out', tmp_path / 'file' / 'x')
    (tmp_path / 'folder' / 'saliency.csv').mkdir(parents=True)
    with pytest.raises(ValueError, match='saliency.csv is a folder'):
        run(config, 'absent.pth', '--out', tmp_path / 'folder')


def explain(rank, words, port, said):
    """The tool as one of two ranks, as a launcher starts it."""
    os.environ.update(
        RANK=str(rank), LOCAL_RANK=str(rank), WORLD_SIZE='2',
        MASTER_ADDR='127.0.0.1', MASTER_PORT=str(port),
    )  # fmt: skip
    sys.argv = ['x', *map(str, words), '--launcher', 'pytorch']
    with open(f'{said}{rank}', 'w') as out, redirect_stdout(out):
        tool.main()


def test_two_processes_give_what_one_gives(stick, run, tmp_path):
    files = stick(BLEND, **trained_state())
    _, one, _ = run(*files)
    two, said = tmp_path / 'two', tmp_path / 'said'
    words = (*files, '--out', two, '--work-dir', tmp_path / 'wd')
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        port = probe.getsockname()[1]
    torch.multiprocessing.start_processes(
        explain, (words, port, said), nprocs=2, start_method='fork'
    )
    told = [Path(f'{said}{rank}').read_text() for rank in (0, 1)]
    assert ['7 samples of split' in text for text in told] == [True, False]
    with np.load(two / 'worths.npz') as found:
        for name, value in one.items():
            if value.dtype.kind == 'f':
                np.testing.assert_allclose(found[name], value, atol=1e-6)
            else:
                assert (found[name] == value).all()
