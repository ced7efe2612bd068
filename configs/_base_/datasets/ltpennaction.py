# Long-tailed Penn Action: n_max 100, imbalance factor 20, the publisher's
# split.
dataset_type = 'LongTailedPoseDataset'
ann_file = 'data/penn_action/penn_action.pkl'
longtail = dict(profile='exp', n_max=100, imbalance=20)

train_pipeline = [
    dict(type='PreNormalize2D'),
    dict(
        type='CropResizeFrames',
        clip_len=20,
        p_interval=(0.75, 1.0),
        min_frames=10,
    ),
    dict(type='SkeletonFeatures', layout='penn-action', feats=['j']),
    dict(type='FormatGCNInput', num_person=1),
    dict(type='PackActionInputs'),
]
test_pipeline = [
    dict(type='PreNormalize2D'),
    dict(type='CropResizeFrames', clip_len=20, p_interval=(0.95,)),
    dict(type='SkeletonFeatures', layout='penn-action', feats=['j']),
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
            num_classes=15,
            layout='penn-action',
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
        split='test',
        train_split='train',
        longtail=longtail,
        num_classes=15,
        layout='penn-action',
        pipeline=test_pipeline,
        test_mode=True,
    ),
)
test_dataloader = val_dataloader

val_evaluator = [dict(type='LongTailMetric', many=50, few=20)]
test_evaluator = val_evaluator
