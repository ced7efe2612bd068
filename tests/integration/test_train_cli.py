"""The two commands, on our configs and on MMAction2's own."""

import itertools
import pickle
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import torch
from mmaction.registry import MODELS
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmengine.runner import load_checkpoint
from PIL import Image

from shapmix_mm.skeletons import get_layout

ROOT = Path(__file__).resolve().parents[2]
WITH = ('--with', 'shapmix')
WARMUP = 'custom_hooks.1.warmup_epochs=1'
STOCK = 'mmaction::skeleton/stgcn/stgcn_8xb16-joint-u100-80e_ntu60-xsub-'


@pytest.fixture(scope='module')
def trained(stick_maker, tool, tmp_path_factory):
    """A stock config and the checkpoint of its Shap-Mix training."""
    folder = tmp_path_factory.mktemp('trained')
    cfg = stick_maker.config(
        folder, stick_maker.annotations(folder), shapmix=False
    )
    work_dir = folder / 'run'
    tool('train', cfg, *WITH, '--work-dir', work_dir, '--cfg-options', WARMUP)
    return cfg, work_dir / 'epoch_2.pth'


def test_testing_alone_repeats_the_last_validation(
    trained, tool, tmp_path, validations, tested
):
    cfg, checkpoint = trained
    runs = validations(checkpoint.parent)
    assert len(runs) == 2
    last = runs[-1]
    assert {'acc/many', 'acc/medium', 'acc/few', 'acc/overall'} <= set(last)
    dump = tmp_path / 'scores.pkl'
    result = tool(
        'test',
        cfg,
        checkpoint,
        *WITH,
        '--work-dir',
        tmp_path / 'test',
        '--dump',
        dump,
    )
    assert tested(tmp_path / 'test') == last
    assert re.search(
        r'num_many: 1\.0+ .*num_medium: 2\.0+ .*num_few: 1\.0+', result.out
    )
    samples = pickle.loads(dump.read_bytes())
    assert len(samples) == 13
    hits = [
        int(s['pred_score'].argmax()) == int(s['gt_label']) for s in samples
    ]
    assert np.mean(hits) == pytest.approx(last['acc/overall'])


def test_the_card_tells_what_data_log_and_checkpoint_tell(
    trained, validations
):
    path, checkpoint = trained
    cfg = Config.fromfile(path)
    data = pickle.loads(
        Path(cfg.train_dataloader.dataset.ann_file).read_bytes()
    )
    clips = Counter(
        a['label']
        for a in data['annotations']
        if a['frame_dir'] in data['split']['train']
    )
    last = validations(checkpoint.parent)[-1]
    text = (checkpoint.parent / 'model_card.md').read_text()
    rows = [
        [cell.strip() for cell in line.split('|')[1:-1]]
        for line in text.splitlines()
        if line.startswith('| ')
    ]
    groups = {
        row[0]: row[1:] for row in rows if len(row) == 5 and row[1].isdigit()
    }
    classes = {row[0]: row[1:] for row in rows if row[0].isdigit()}
    assert groups['all'][1:] == [
        str(sum(clips.values())),
        '13',
        f'{100 * last["acc/overall"]:.1f}',
    ]
    assert groups['few'][3] == f'{100 * last["acc/few"]:.1f}'
    assert {int(k): int(row[1]) for k, row in classes.items()} == clips
    state = torch.load(checkpoint, weights_only=False)['state_dict']
    table = 'data_preprocessor.blending.saliency.'
    seen = state[f'{table}updates'] > 0
    values = state[f'{table}values'].where(seen, float('-inf'))
    parts = get_layout(cfg.LAYOUT).part_names
    named = [
        ' + '.join(parts[p] for p in found)
        for size in (2, 3)
        for found in itertools.combinations(range(len(parts)), size)
    ]
    for k, row in classes.items():
        best = named[int(values[int(k)].argmax())]
        assert row[3] in (best, '–')
    assert f'Expected calibration error {100 * last["acc/ece"]:.1f} %' in text
    assert 'ShapMixBlending' in text and '--with shapmix' in text


def test_best_checkpoint_is_kept_by_mean_class_accuracy(trained, validations):
    _, checkpoint = trained
    means = [m['acc/mean_class'] for m in validations(checkpoint.parent)]
    best = 1 + int(np.argmax(means))
    assert [p.name for p in checkpoint.parent.glob('best*.pth')] == [
        f'best_acc_mean_class_epoch_{best}.pth'
    ]


def test_a_stock_recognizer_gives_the_scores_of_our_checkpoint(trained):
    init_default_scope('mmaction')
    path, checkpoint = trained
    cfg = Config.fromfile(path)
    stock = MODELS.build(cfg.model)
    report = stock.load_state_dict(
        torch.load(checkpoint, weights_only=False)['state_dict'], strict=False
    )
    assert not report.missing_keys
    assert report.unexpected_keys
    assert all(
        'blending' in key or 'class_counts' in key
        for key in report.unexpected_keys
    )
    stock = MODELS.build(cfg.model)
    load_checkpoint(stock, str(checkpoint))
    cfg.model.data_preprocessor = dict(
        type='ActionDataPreprocessor',
        blending=dict(
            type='ShapMixBlending', num_classes=4, layout=cfg.LAYOUT
        ),
    )
    cfg.model.cls_head.loss_cls = dict(type='BalancedSoftmaxLoss')
    ours = MODELS.build(cfg.model)
    load_checkpoint(ours, str(checkpoint), strict=True)
    clips = torch.randn(5, 1, 2, 8, 6, 3)
    scores = [
        model.eval()(clips, stage='head', mode='tensor')
        for model in (stock, ours)
    ]
    assert torch.equal(*scores) and scores[0].std() > 0


def test_a_stock_checkpoint_serves_our_config(
    write_stick, write_config, tool, tmp_path, validations, tested
):
    cfg = write_config(write_stick(), shapmix=False)
    work_dir = tmp_path / 'stock'
    tool('train', cfg, '--work-dir', work_dir)
    checkpoint = work_dir / 'epoch_2.pth'
    tool('test', cfg, checkpoint, *WITH, '--work-dir', tmp_path / 'test')
    # The sets know the counts, although the checkpoint does not.
    assert tested(tmp_path / 'test') == validations(work_dir)[-1]
    tuned = tmp_path / 'tuned'
    tool(
        'train',
        cfg,
        *WITH,
        '--work-dir',
        tuned,
        '--cfg-options',
        WARMUP,
        f'load_from={checkpoint}',
        'optim_wrapper.optimizer.lr=0',
    )
    stock, ours = (
        torch.load(p, weights_only=False)['state_dict']
        for p in (checkpoint, tuned / 'epoch_1.pth')
    )
    for name, value in stock.items():
        if 'running' not in name and 'num_batches' not in name:
            assert torch.equal(value, ours[name]), name


@pytest.mark.slow
def test_the_command_is_a_command(trained, tmp_path):
    """Once without the fork server, from another folder.

    So are trainings started by ``test_longtail_suite`` and, on two ranks, by
    ``test_two_ranks``.
    """
    cfg, checkpoint = trained
    words = (cfg, checkpoint, '--show-dir', 'shown', '--interval', 5, *WITH)
    done = subprocess.run(
        [
            sys.executable,
            *map(str, (ROOT / 'tools/test.py', *words, '--work-dir', 'run')),
        ],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout[-4000:]
    assert 'acc/few' in done.stdout
    # A picture of every fifth clip, though the config has no hook for it.
    clips = cfg_clips(cfg)
    pictures = sorted((tmp_path / 'shown').glob('*.gif'))
    assert len(pictures) == -(-clips // 5)
    for path in pictures:
        with Image.open(path) as image:
            assert image.n_frames > 1


def cfg_clips(path):
    """How many clips the test of a config has."""
    dataset = Config.fromfile(path).test_dataloader.dataset
    data = pickle.loads(Path(dataset.ann_file).read_bytes())
    return len(data['split'][dataset.split])


def write_ntu(path, *, joints, channels, splits):
    """A pickle in the format of MMAction2's, 60 classes of few samples."""
    rng = np.random.default_rng(1)
    annotations, split = [], {name: [] for name in splits}
    for name, per_class in zip(splits, (2, 1)):
        for label in range(60):
            for i in range(per_class):
                frame_dir = f'S001C001P{i + 1:03}R001A{label + 1:03}_{name}'
                split[name].append(frame_dir)
                keypoint = rng.normal(size=(1 + label % 2, 20, joints, 3))
                sample = dict(
                    frame_dir=frame_dir,
                    label=label,
                    total_frames=20,
                    keypoint=keypoint[..., :channels].astype(np.float32),
                )
                if channels == 2:
                    sample.update(
                        img_shape=(1080, 1920),
                        original_shape=(1080, 1920),
                        keypoint=(keypoint[..., :2] * 200 + 600).astype(
                            np.float16
                        ),
                        keypoint_score=rng.uniform(
                            size=keypoint.shape[:3]
                        ).astype(np.float16),
                    )
                annotations.append(sample)
    path.write_bytes(pickle.dumps(dict(split=split, annotations=annotations)))


@pytest.mark.parametrize(
    'kind, joints, channels, layout',
    [('keypoint-3d', 25, 3, 'nturgb+d'), ('keypoint-2d', 17, 2, 'coco')],
)
def test_stock_configs_train_and_test_with_the_mixin(
    tool, tmp_path, kind, joints, channels, layout, validations, tested
):
    ann_file = tmp_path / 'ntu60.pkl'
    write_ntu(
        ann_file,
        joints=joints,
        channels=channels,
        splits=('xsub_train', 'xsub_val'),
    )
    small = [
        'model.backbone.base_channels=4',
        'model.cls_head.in_channels=16',
        f'train_dataloader.dataset.dataset.ann_file={ann_file}',
        'train_dataloader.dataset.times=2',
        'train_dataloader.batch_size=60',
        'train_dataloader.dataset.dataset.pipeline.2.clip_len=8',
        'val_dataloader.batch_size=30',
        'test_dataloader.batch_size=30',
        'test_dataloader.dataset.pipeline.2.num_clips=1',
        'train_cfg.max_epochs=1',
        'custom_hooks.1.warmup_epochs=0.5',
        'randomness.seed=0',
    ]
    for loader in ('train', 'val', 'test'):
        small += [
            f'{loader}_dataloader.num_workers=0',
            f'{loader}_dataloader.persistent_workers=False',
        ]
    for loader in ('val', 'test'):
        small += [
            f'{loader}_dataloader.dataset.ann_file={ann_file}',
            f'{loader}_dataloader.dataset.pipeline.2.clip_len=8',
        ]
    config = f'{STOCK}{kind}.py'
    work_dir = tmp_path / 'run'
    tool(
        'train', config, *WITH, '--work-dir', work_dir, '--cfg-options', *small
    )
    state = torch.load(work_dir / 'epoch_1.pth', weights_only=False)[
        'state_dict'
    ]
    blend = 'data_preprocessor.blending.'
    # Two samples of each class, which the repeats do not multiply.
    assert state[f'{blend}class_counts'].tolist() == [2] * 60
    assert state[f'{blend}mean_pose'].shape == (2, joints, 3)
    assert state[f'{blend}saliency.updates'].sum() > 60
    assert (
        Config.fromfile(
            next(work_dir.glob('vis_data/config.py'), None)
            or next(work_dir.glob('*/vis_data/config.py'))
        ).model.data_preprocessor.blending.layout
        == layout
    )
    out = tool(
        'test',
        config,
        work_dir / 'epoch_1.pth',
        *WITH,
        '--work-dir',
        tmp_path / 'test',
        '--cfg-options',
        *small,
    ).out
    assert tested(tmp_path / 'test') == validations(work_dir)[-1]
    assert re.search('acc/num_few: 60', out)
