# Long-tailed NTU RGB+D 120, cross-subject, IF 100, the published list
# (600 to 6 samples per class, 15,600 in all). MMAction2's annotation file,
# prepared by CTR-GCN's protocol: centred on the first frame's spine, no
# alignment, valid frames cropped and resized to T = 64.
dataset_type = 'LongTailedPoseDataset'
ann_file = 'data/skeleton/ntu120_3d.pkl'
longtail = dict(profile='exp', n_max=600, imbalance=100, names='performer')
center = dict(type='PreNormalize3D', align_spine=False, align_shoulder=False)

train_pipeline = [
    center,
    dict(type='CropResizeFrames', clip_len=64, p_interval=(0.5, 1.0)),
    dict(type='RandomRotation3D', theta=0.3),
    dict(type='SkeletonFeatures', layout='nturgb+d', feats=['j']),
    dict(type='FormatGCNInput', num_person=2),
    dict(type='PackActionInputs'),
]
test_pipeline = [
    center,
    dict(type='CropResizeFrames', clip_len=64, p_interval=(0.95,)),
    dict(type='SkeletonFeatures', layout='nturgb+d', feats=['j']),
    dict(type='FormatGCNInput', num_person=2),
    dict(type='PackActionInputs', meta_keys=('frame_dir',)),
]
val_pipeline = test_pipeline

train_dataloader = dict(
    batch_size=64,
    num_workers=4,
    persistent_workers=True,
    drop_last=True,
    sampler=dict(type='DefaultSampler', shuffle=True),
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
)
val_dataloader = dict(
    batch_size=64,
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
test_dataloader = val_dataloader

val_evaluator = [dict(type='LongTailMetric', many=100, few=20)]
test_evaluator = val_evaluator
