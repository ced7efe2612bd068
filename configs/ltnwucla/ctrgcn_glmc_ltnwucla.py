# Written by tools/docs/make_leaf.py, the same as
# ctrgcn_ce_ltnwucla.py --with glmc
_base_ = 'ctrgcn_ce_ltnwucla.py'

train_dataloader = dict(
    batch_size=64,
    sampler=dict(_delete_=True, type='PairedSampler', power=0.2),
    dataset=dict(
        dataset=dict(
            pipeline=[
                dict(
                    type='MultiView',
                    num_views=2,
                    pipeline=[
                        dict(
                            type='RandomRotation3D',
                            theta=(0.3, 1.0472, 0.0),
                            order='yxz',
                        ),
                        dict(type='RandomScale3D', scale=(0.8, 1.2)),
                        dict(type='KinectV1Normalize', stretch=False),
                        dict(
                            type='CropResizeFrames',
                            clip_len=20,
                            p_interval=(0.5, 1.0),
                            min_frames=10,
                        ),
                        dict(
                            type='SkeletonFeatures',
                            layout='nw-ucla',
                            feats=['j'],
                        ),
                        dict(type='FormatGCNInput', num_person=1),
                        dict(type='PackActionInputs'),
                    ],
                )
            ]
        )
    ),
)
model = dict(
    type='ViewRecognizerGCN',
    cls_head=dict(
        type='MixtureConsistencyHead',
        loss_cls=dict(
            type='MixtureConsistencyLoss', consistency=4.0, power=1.2
        ),
        embed_channels=256,
    ),
    joint=False,
    data_preprocessor=dict(
        type='ActionDataPreprocessor',
        blending=dict(
            type='GlobalLocalBlending',
            keep_originals=False,
            num_classes=10,
            layout='nw-ucla',
        ),
    ),
)
auto_scale_lr = dict(base_batch_size=64)
default_hooks = dict(checkpoint=dict(save_best='acc/mean_class'))
custom_hooks = [
    dict(type='ClassCountsHook'),
    dict(type='TrainingProgressHook'),
]
