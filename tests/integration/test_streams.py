"""Streams trained, tested and fused, from their configs to one table."""

import pickle
import runpy
from pathlib import Path

import numpy as np
import pytest
from mmengine.config import Config
from mmengine.runner import Runner

from shapmix_mm.compat import config_file
from shapmix_mm.skeletons import joint_to_bone

ROOT = Path(__file__).resolve().parents[2]
CLASSES, FRAMES = 10, 40
STREAMS = ('', '-bone', '-jointmotion', '-bonemotion')


@pytest.fixture(scope='module')
def ann_file(tmp_path_factory):
    """Three clips of each class for training, one for testing."""
    rng = np.random.default_rng(0)
    split, clips = dict(train=[], test=[]), []
    for number in range(4 * CLASSES):
        part = 'test' if number % 4 == 3 else 'train'
        split[part].append(f'clip{number}')
        clips.append(
            dict(
                frame_dir=f'clip{number}',
                label=number // 4,
                total_frames=FRAMES,
                keypoint=rng.normal(size=(1, FRAMES, 20, 3)) + number / 9,
            )
        )
    path = tmp_path_factory.mktemp('streams') / 'nw_ucla.pkl'
    path.write_bytes(pickle.dumps(dict(split=split, annotations=clips)))
    return path


def runner_of(stream, ann_file, folder):
    """A run of one epoch, without random augmentation, on a narrow model."""
    cfg = Config.fromfile(config_file(f'ctrgcn_shapmix_ltnwucla{stream}.py'))
    cfg.model.backbone.update(
        base_channels=8, num_stages=2, inflate_stages=[], down_stages=[]
    )
    cfg.model.cls_head.in_channels = 8
    train = cfg.train_dataloader.dataset.dataset
    train.longtail = cfg.longtail = dict(profile='counts', counts=[3] * 10)
    train.pipeline = cfg.val_dataloader.dataset.pipeline
    for loader in ('val_dataloader', 'test_dataloader'):
        cfg[loader].dataset.longtail = cfg.longtail
    for node in (
        train, cfg.val_dataloader.dataset, cfg.test_dataloader.dataset
    ):  # fmt: skip
        node.ann_file = str(ann_file)
    cfg.train_dataloader.dataset.times = 1
    cfg.train_dataloader.batch_size = 15
    cfg.custom_hooks[1].warmup_epochs = 0
    cfg.train_cfg.update(max_epochs=1, val_interval=1)
    cfg.param_scheduler = []
    cfg.test_evaluator = [
        *cfg.test_evaluator,
        dict(type='DumpResults', out_file_path=str(folder / 'scores.pkl')),
    ]
    cfg.visualizer = dict(type='ActionVisualizer', vis_backends=[])
    cfg.work_dir = str(folder)
    cfg.experiment_name = f'stream{folder.name}{stream}'
    cfg.randomness = dict(seed=len(stream))
    return Runner.from_cfg(cfg)


@pytest.fixture(scope='module')
def runs(ann_file, tmp_path_factory):
    """Each stream trained and tested: its folder and its runner."""
    found = {}
    for stream in STREAMS:
        folder = tmp_path_factory.mktemp(f'run{stream}')
        runner = runner_of(stream, ann_file, folder)
        runner.train()
        runner.test()
        found[stream] = folder, runner
    return found


def mean_pose(runner):
    """The pose that stands for absent parts, (1, 20, 3)."""
    return runner.model.data_preprocessor.blending.mean_pose.numpy()


def test_absent_parts_are_replaced_in_the_space_of_the_stream(runs):
    joints = mean_pose(runs[''][1])
    loader = runs[''][1].train_dataloader
    clips = np.concatenate(
        [clip.numpy() for batch in loader for clip in batch['inputs']]
    )
    assert len(clips) == 3 * CLASSES
    assert np.allclose(joints, clips.mean((0, 2)), atol=1e-5)
    # Bones are differences: their mean is the bone of the mean.
    bones = joint_to_bone(joints, 'nw-ucla')
    assert np.allclose(mean_pose(runs['-bone'][1]), bones, atol=1e-5)
    assert not np.allclose(bones, joints, atol=1e-2)
    # Steps from frame to frame sum to the way from the first to the last;
    # the last frame has no step and does not count.
    way = (clips[:, :, -1] - clips[:, :, 0]).mean(0) / (clips.shape[2] - 1)
    moved = mean_pose(runs['-jointmotion'][1])
    assert np.allclose(moved, way, atol=1e-5)
    moved = mean_pose(runs['-bonemotion'][1])
    assert np.allclose(moved, joint_to_bone(way, 'nw-ucla'), atol=1e-5)


@pytest.mark.parametrize('stream', STREAMS)
def test_the_saliency_of_a_stream_has_been_estimated(runs, stream):
    table = runs[stream][1].model.data_preprocessor.blending.saliency
    assert table.updates.sum() > 0
    assert table.values.isfinite().all()


def test_four_streams_make_one_table(runs, capsys):
    path = ROOT / 'tools/analysis/fuse_scores.py'
    main = runpy.run_path(str(path))['main']
    dumps = [str(runs[stream][0] / 'scores.pkl') for stream in STREAMS]
    assert main([*dumps, '--preset', '4s']) == 0
    shown = capsys.readouterr().out
    assert '10 samples; weights of preset 4s' in shown
    scores, labels = 0, None
    for weight, file in zip((2, 2, 1, 1), dumps):
        samples = pickle.loads(Path(file).read_bytes())
        samples.sort(key=lambda sample: sample['frame_dir'])
        labels = np.array([int(s['gt_label']) for s in samples])
        rows = np.stack([s['pred_score'].numpy() for s in samples])
        scores = scores + weight * rows.astype(np.float64)
    overall = 100 * (scores.argmax(1) == labels).mean()
    (fused,) = (r for r in shown.splitlines() if r.startswith('| fused'))
    assert fused.split('|')[3].strip() == f'{overall:.2f}'
