# Long-tailed NTU RGB+D 120, cross-subject, IF 100. The protocol of
# PYSKL, as MMAction2 has it: aligned bodies, 100 frames uniformly sampled,
# five passes in an epoch, ten clips in testing. Not to be compared with
# results of CTR-GCN's protocol.
dataset_type = 'LongTailedPoseDataset'
ann_file = 'data/skeleton/ntu120_3d.pkl'
longtail = dict(profile='exp', n_max=600, imbalance=100, names='performer')

train_pipeline = [
    dict(type='PreNormalize3D'),
    dict(type='SkeletonFeatures', layout='nturgb+d', feats=['j']),
    dict(type='UniformSampleFrames', clip_len=100),
    dict(type='PoseDecode'),
    dict(type='FormatGCNInput', num_person=2),
    dict(type='PackActionInputs'),
]
val_pipeline = [
    dict(type='PreNormalize3D'),
    dict(type='SkeletonFeatures', layout='nturgb+d', feats=['j']),
    dict(
        type='UniformSampleFrames', clip_len=100, num_clips=1, test_mode=True
    ),
    dict(type='PoseDecode'),
    dict(type='FormatGCNInput', num_person=2),
    dict(type='PackActionInputs', meta_keys=('frame_dir',)),
]
test_pipeline = [
    dict(type='PreNormalize3D'),
    dict(type='SkeletonFeatures', layout='nturgb+d', feats=['j']),
    dict(
        type='UniformSampleFrames', clip_len=100, num_clips=10, test_mode=True
    ),
    dict(type='PoseDecode'),
    dict(type='FormatGCNInput', num_person=2),
    dict(type='PackActionInputs', meta_keys=('frame_dir',)),
]

# The batch of 8 GPUs with 16 samples each, for which the learning rate is.
train_dataloader = dict(
    batch_size=128,
    num_workers=4,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(
        type='RepeatDataset',
        times=5,
        dataset=dict(
            type=dataset_type,
            ann_file=ann_file,
            split='xsub_train',
            train_split='xsub_train',
            longtail=longtail,
            num_classes=120,
            layout='nturgb+d',
            pipeline=train_pipeline,
        ),
    ),
)
val_dataloader = dict(
    batch_size=16,
    num_workers=4,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type=dataset_type,
        ann_file=ann_file,
        split='xsub_val',
        train_split='xsub_train',
        longtail=longtail,
        num_classes=120,
        layout='nturgb+d',
        pipeline=val_pipeline,
        test_mode=True,
    ),
)
test_dataloader = dict(
    batch_size=16,
    num_workers=4,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type=dataset_type,
        ann_file=ann_file,
        split='xsub_val',
        train_split='xsub_train',
        longtail=longtail,
        num_classes=120,
        layout='nturgb+d',
        pipeline=test_pipeline,
        test_mode=True,
    ),
)

val_evaluator = [dict(type='LongTailMetric', many=100, few=20)]
test_evaluator = val_evaluator
