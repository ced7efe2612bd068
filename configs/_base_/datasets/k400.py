# Kinetics-400 as it is, 2D poses of 17 joints with scores, as
# tools/data/prepare_k400.py writes them: the two surest persons, frames
# without a pose left out. 100 frames uniformly sampled.
dataset_type = 'LongTailedPoseDataset'
ann_file = 'data/skeleton/k400_2persons.pkl'

train_pipeline = [
    dict(type='PreNormalize2D'),
    dict(type='SkeletonFeatures', layout='coco', feats=['j']),
    dict(type='UniformSampleFrames', clip_len=100),
    dict(type='PoseDecode'),
    dict(type='FormatGCNInput', num_person=2),
    dict(type='PackActionInputs'),
]
test_pipeline = [
    dict(type='PreNormalize2D'),
    dict(type='SkeletonFeatures', layout='coco', feats=['j']),
    dict(
        type='UniformSampleFrames', clip_len=100, num_clips=1, test_mode=True
    ),
    dict(type='PoseDecode'),
    dict(type='FormatGCNInput', num_person=2),
    dict(type='PackActionInputs', meta_keys=('frame_dir',)),
]
val_pipeline = test_pipeline

train_dataloader = dict(
    batch_size=80,
    num_workers=8,
    persistent_workers=True,
    drop_last=True,
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(
        type=dataset_type,
        ann_file=ann_file,
        split='train',
        train_split='train',
        num_classes=400,
        layout='coco',
        pipeline=train_pipeline,
    ),
)
val_dataloader = dict(
    batch_size=80,
    num_workers=8,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type=dataset_type,
        ann_file=ann_file,
        split='val',
        train_split='train',
        num_classes=400,
        layout='coco',
        pipeline=test_pipeline,
        test_mode=True,
    ),
)
test_dataloader = val_dataloader

val_evaluator = [dict(type='LongTailMetric', many=100, few=20)]
test_evaluator = val_evaluator
