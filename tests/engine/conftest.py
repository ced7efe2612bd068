"""A tiny long-tailed set on a layout of its own, and a real runner on it."""

import pickle

import numpy as np
import pytest
from mmengine.config import Config
from mmengine.runner import Runner

LAYOUT = dict(
    name='stick',
    num_node=6,
    inward=[(1, 0), (2, 0), (3, 0), (4, 0), (5, 0)],
    center=0,
    parts=[[0, 1], [2], [3], [4], [5]],
)
COUNTS = (8, 6, 4, 3)


@pytest.fixture
def stick_file(tmp_path):
    """Annotation file of 21 training and 12 test clips in 4 classes."""
    rng = np.random.default_rng(0)
    annotations, split = [], dict(train=[], test=[])
    for name, counts in (('train', COUNTS), ('test', (3, 3, 3, 3))):
        for label, count in enumerate(counts):
            for i in range(count):
                frame_dir = f'{name}_{label}_{i}'
                persons = 1 + i % 2
                keypoint = rng.normal(size=(persons, 12, 6, 3))
                keypoint[:, :, 1 + label] += 2.0
                split[name].append(frame_dir)
                annotations.append(
                    dict(
                        frame_dir=frame_dir,
                        label=label,
                        total_frames=12,
                        keypoint=keypoint.astype(np.float32),
                    )
                )
    path = tmp_path / 'stick.pkl'
    path.write_bytes(pickle.dumps(dict(split=split, annotations=annotations)))
    return path


@pytest.fixture
def stick_config(stick_file, tmp_path):
    """Function that makes a config of a two-epoch Shap-Mix run."""

    def make(**overrides):
        def loader(split, **kwargs):
            # Else two evaluations of one model would see other frames.
            sampling = dict(clip_len=8, test_mode=split != 'train')
            pipeline = [
                dict(type='UniformSampleFrames', num_clips=1, **sampling),
                dict(type='PoseDecode'),
                dict(type='FormatGCNInput', num_person=2),
                dict(type='PackActionInputs'),
            ]
            return dict(
                batch_size=7,
                num_workers=0,
                sampler=dict(type='DefaultSampler', shuffle=split == 'train'),
                dataset=dict(
                    type='PoseDataset',
                    ann_file=str(stick_file),
                    split=split,
                    pipeline=pipeline,
                    **kwargs,
                ),
            )

        cfg = Config(
            dict(
                default_scope='mmaction',
                model=dict(
                    type='RecognizerGCN',
                    data_preprocessor=dict(
                        type='ActionDataPreprocessor',
                        blending=dict(
                            type='ShapMixBlending',
                            num_classes=4,
                            layout=LAYOUT,
                        ),
                    ),
                    backbone=dict(
                        type='STGCN',
                        base_channels=8,
                        num_stages=2,
                        inflate_stages=[],
                        down_stages=[],
                        graph_cfg=dict(
                            layout={
                                key: LAYOUT[key]
                                for key in ('num_node', 'inward', 'center')
                            },
                            mode='stgcn_spatial',
                        ),
                    ),
                    cls_head=dict(
                        type='GCNHead',
                        num_classes=4,
                        in_channels=8,
                        loss_cls=dict(
                            type='BalancedSoftmaxLoss', loss_weight=2.0
                        ),
                    ),
                ),
                custom_hooks=[
                    dict(type='ClassCountsHook'),
                    dict(type='SaliencyHook', warmup_epochs=1),
                    dict(type='TrainAccuracyHook'),
                ],
                default_hooks=dict(
                    logger=dict(type='LoggerHook', interval=1),
                    checkpoint=dict(type='CheckpointHook', interval=1),
                    sync_buffers=dict(type='SyncBuffersHook'),
                ),
                train_dataloader=loader('train'),
                val_dataloader=loader('test', test_mode=True),
                val_evaluator=[dict(type='AccMetric')],
                train_cfg=dict(type='EpochBasedTrainLoop', max_epochs=2),
                val_cfg=dict(type='ValLoop'),
                optim_wrapper=dict(
                    optimizer=dict(type='SGD', lr=0.05, momentum=0.9)
                ),
                visualizer=dict(
                    type='ActionVisualizer',
                    vis_backends=[dict(type='LocalVisBackend')],
                ),
                randomness=dict(seed=0),
                experiment_name=f'stick{abs(hash(tmp_path))}',
                work_dir=str(tmp_path / 'run'),
            )
        )
        cfg.merge_from_dict(overrides)
        return cfg

    return make


@pytest.fixture
def build(request):
    """Function that builds a runner under a name that is not taken."""
    runners = []

    def make(cfg):
        cfg.experiment_name = f'{request.node.name}_{len(runners)}'
        runners.append(Runner.from_cfg(cfg))
        return runners[-1]

    yield make
    # The garbage collector ends the thread that would tell persistent
    # workers to leave, and then waits five seconds for each of them.
    for runner in runners:
        for loop in (runner._train_loop, runner._val_loop):
            iterator = getattr(
                getattr(loop, 'dataloader', None), '_iterator', None
            )
            if iterator is not None:
                iterator._shutdown_workers()


@pytest.fixture
def second_stage(stick_config, tmp_path):
    """Function that makes the config of a run that starts from another.

    Nothing in it is random but what the seed of its sampler decides.
    """

    def make(*hooks, first=None, name='second', times=1, **overrides):
        cfg = stick_config()
        del cfg.model.data_preprocessor
        cfg.train_dataloader.dataset.pipeline[0].clip_len = 12
        if times > 1:
            cfg.train_dataloader.dataset = dict(
                type='RepeatDataset',
                times=times,
                dataset=cfg.train_dataloader.dataset,
            )
        cfg.model.cls_head.loss_cls = dict(type='CrossEntropyLoss')
        cfg.custom_hooks = [dict(type='ClassCountsHook'), *hooks]
        cfg.work_dir = str(tmp_path / name)
        cfg.load_from = None if first is None else str(first)
        cfg.merge_from_dict(overrides)
        return cfg

    return make
