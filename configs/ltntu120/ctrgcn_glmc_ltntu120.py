# Written by tools/docs/make_leaf.py, the same as
# ctrgcn_ce_ltntu120.py --with glmc
_base_ = 'ctrgcn_ce_ltntu120.py'

train_dataloader = dict(
    batch_size=128,
    sampler=dict(_delete_=True, type='PairedSampler', power=0.2),
    dataset=dict(
        pipeline=[
            dict(
                type='PreNormalize3D', align_spine=False, align_shoulder=False
            ),
            dict(
                type='MultiView',
                num_views=2,
                pipeline=[
                    dict(
                        type='CropResizeFrames',
                        clip_len=64,
                        p_interval=(0.5, 1.0),
                    ),
                    dict(type='RandomRotation3D', theta=0.3),
                    dict(
                        type='SkeletonFeatures', layout='nturgb+d', feats=['j']
                    ),
                    dict(type='FormatGCNInput', num_person=2),
                    dict(type='PackActionInputs'),
                ],
            ),
        ]
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
            num_classes=120,
            layout='nturgb+d',
        ),
    ),
)
auto_scale_lr = dict(base_batch_size=128)
default_hooks = dict(checkpoint=dict(save_best='acc/mean_class'))
custom_hooks = [
    dict(type='ClassCountsHook'),
    dict(type='TrainingProgressHook'),
]
