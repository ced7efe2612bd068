# Two epochs of a narrow ST-GCN; ANN_FILE is filled in by the fixture.
default_scope = 'mmaction'
custom_imports = dict(imports=['shapmix_mm'])
LAYOUT = dict(
    name='stick',
    num_node=6,
    inward=[(1, 0), (2, 0), (3, 0), (4, 0), (5, 0)],
    center=0,
    parts=[[0, 1], [2], [3], [4], [5]],
)
model = dict(
    type='RecognizerGCN',
    backbone=dict(
        type='STGCN',
        base_channels=8,
        num_stages=2,
        inflate_stages=[],
        down_stages=[],
        graph_cfg=dict(layout=LAYOUT, mode='stgcn_spatial'),
    ),
    cls_head=dict(type='GCNHead', num_classes=4, in_channels=8),
)
pipeline = [
    dict(type='UniformSampleFrames', clip_len=8, test_mode=True),
    dict(type='PoseDecode'),
    dict(type='FormatGCNInput', num_person=2),
    dict(type='PackActionInputs'),
]
train_dataloader = dict(
    batch_size=7,
    num_workers=0,
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(
        type='LongTailedPoseDataset',
        ann_file='ANN_FILE',
        split='train',
        pipeline=pipeline,
    ),
)
val_dataloader = dict(
    batch_size=4,
    num_workers=0,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type='LongTailedPoseDataset',
        ann_file='ANN_FILE',
        split='test',
        pipeline=pipeline,
        test_mode=True,
    ),
)
test_dataloader = val_dataloader
val_evaluator = [
    dict(type='AccMetric'),
    dict(type='LongTailMetric', many=7, few=4),
]
test_evaluator = val_evaluator
train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=2)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
optim_wrapper = dict(optimizer=dict(type='SGD', lr=0.05, momentum=0.9))
default_hooks = dict(
    runtime_info=dict(type='RuntimeInfoHook'),
    logger=dict(type='LoggerHook', interval=1),
    checkpoint=dict(type='CheckpointHook', interval=1),
    sampler_seed=dict(type='DistSamplerSeedHook'),
    sync_buffers=dict(type='SyncBuffersHook'),
)
visualizer = dict(
    type='ActionVisualizer', vis_backends=[dict(type='LocalVisBackend')]
)
randomness = dict(seed=0)
env_cfg = dict(mp_cfg=dict(mp_start_method='fork', opencv_num_threads=0))
