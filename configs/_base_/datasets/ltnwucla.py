# Long-tailed NW-UCLA: n_max 98, imbalance factor 20, views 1 and 2 train.
dataset_type = 'LongTailedPoseDataset'
ann_file = 'data/nw_ucla/nw_ucla.pkl'
longtail = dict(profile='exp', n_max=98, imbalance=20)

# The cameras differ in azimuth, so that training turns bodies by up to 60
# degrees about the vertical. Coordinates stay in metres: CTR-GCN's protocol
# stretches each axis to [-1, 1], which loses the proportions of the body.
train_pipeline = [
    dict(type='RandomRotation3D', theta=(0.3, 1.0472, 0.0), order='yxz'),
    dict(type='RandomScale3D', scale=(0.8, 1.2)),
    dict(type='KinectV1Normalize', stretch=False),
    dict(
        type='CropResizeFrames',
        clip_len=20,
        p_interval=(0.5, 1.0),
        min_frames=10,
    ),
    dict(type='SkeletonFeatures', layout='nw-ucla', feats=['j']),
    dict(type='FormatGCNInput', num_person=1),
    dict(type='PackActionInputs'),
]
test_pipeline = [
    dict(type='KinectV1Normalize', stretch=False),
    dict(type='CropResizeFrames', clip_len=20, p_interval=(0.95,)),
    dict(type='SkeletonFeatures', layout='nw-ucla', feats=['j']),
    dict(type='FormatGCNInput', num_person=1),
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
            longtail=longtail,
            num_classes=10,
            layout='nw-ucla',
            pipeline=train_pipeline,
        ),
    ),
)
val_dataloader = dict(
    batch_size=64,
    num_workers=0,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type=dataset_type,
        ann_file=ann_file,
        split='test',
        train_split='train',
        longtail=longtail,
        num_classes=10,
        layout='nw-ucla',
        pipeline=test_pipeline,
        test_mode=True,
    ),
)
test_dataloader = val_dataloader

val_evaluator = [dict(type='LongTailMetric', many=50, few=20)]
test_evaluator = val_evaluator
