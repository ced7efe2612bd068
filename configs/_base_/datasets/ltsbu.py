# Long-tailed SBU interactions: n_max 30, imbalance factor 10. Two persons; the
# first of the publisher's five folds.
dataset_type = 'LongTailedPoseDataset'
ann_file = 'data/sbu/sbu.pkl'
longtail = dict(profile='exp', n_max=30, imbalance=10)

train_pipeline = [
    dict(type='RandomRotation3D', theta=(0.3, 0.3, 0.0), order='yxz'),
    dict(type='RandomScale3D', scale=(0.8, 1.2)),
    dict(type='KinectV1Normalize', center=2, stretch=False, layout='sbu'),
    dict(
        type='CropResizeFrames',
        clip_len=20,
        p_interval=(0.5, 1.0),
        min_frames=10,
    ),
    dict(type='SkeletonFeatures', layout='sbu', feats=['j']),
    dict(type='FormatGCNInput', num_person=2),
    dict(type='PackActionInputs'),
]
test_pipeline = [
    dict(type='KinectV1Normalize', center=2, stretch=False, layout='sbu'),
    dict(type='CropResizeFrames', clip_len=20, p_interval=(0.95,)),
    dict(type='SkeletonFeatures', layout='sbu', feats=['j']),
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
            split='fold1_train',
            train_split='fold1_train',
            longtail=longtail,
            num_classes=8,
            layout='sbu',
            pipeline=train_pipeline,
        ),
    ),
)
val_dataloader = dict(
    batch_size=128,
    num_workers=0,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type=dataset_type,
        ann_file=ann_file,
        split='fold1_val',
        train_split='fold1_train',
        longtail=longtail,
        num_classes=8,
        layout='sbu',
        pipeline=test_pipeline,
        test_mode=True,
    ),
)
test_dataloader = val_dataloader

val_evaluator = [dict(type='LongTailMetric', many=15, few=6)]
test_evaluator = val_evaluator
