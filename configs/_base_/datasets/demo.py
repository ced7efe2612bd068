# The embedded demo set, made by tools/data/make_demo.py: 16 classes with 100
# to 4 training clips each, 25 test clips each.
dataset_type = 'LongTailedPoseDataset'
ann_file = 'data/demo/demo.pkl'
center = dict(
    type='FastPreNormalize3D', align_spine=False, align_shoulder=False
)

train_pipeline = [
    center,
    dict(
        type='CropResizeFrames',
        clip_len=32,
        p_interval=(0.75, 1.0),
        min_frames=16,
    ),
    dict(type='RandomRotation3D', theta=(0.1, 0.5, 0.1)),
    dict(type='SkeletonFeatures', layout='nturgb+d', feats=['j']),
    dict(type='FormatGCNInput', num_person=2),
    dict(type='PackActionInputs'),
]
test_pipeline = [
    center,
    dict(type='CropResizeFrames', clip_len=32, p_interval=(0.95,)),
    dict(type='SkeletonFeatures', layout='nturgb+d', feats=['j']),
    dict(type='FormatGCNInput', num_person=2),
    dict(type='PackActionInputs', meta_keys=('frame_dir',)),
]
val_pipeline = test_pipeline

train_dataloader = dict(
    batch_size=32,
    num_workers=0,
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(
        type='RepeatDataset',
        times=5,
        dataset=dict(
            type=dataset_type,
            ann_file=ann_file,
            split='train',
            train_split='train',
            num_classes=16,
            layout='nturgb+d',
            pipeline=train_pipeline,
        ),
    ),
)
val_dataloader = dict(
    batch_size=100,
    num_workers=0,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type=dataset_type,
        ann_file=ann_file,
        split='test',
        train_split='train',
        num_classes=16,
        layout='nturgb+d',
        pipeline=test_pipeline,
        test_mode=True,
    ),
)
test_dataloader = val_dataloader

val_evaluator = [
    dict(
        type='LongTailMetric', many=40, few=12, per_class_file='per_class.csv'
    )
]
test_evaluator = val_evaluator
