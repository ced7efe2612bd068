# Written by tools/docs/make_leaf.py, the same as
# ctrgcn_ce_ltntu120.py --with paco
_base_ = 'ctrgcn_ce_ltntu120.py'

train_dataloader = dict(
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
    )
)
model = dict(
    type='MomentumRecognizerGCN',
    cls_head=dict(
        type='ParametricContrastiveHead',
        loss_cls=dict(
            type='ParametricContrastiveLoss', alpha=0.05, temperature=0.2
        ),
        embed_channels=128,
    ),
    momentum=0.999,
)
default_hooks = dict(checkpoint=dict(save_best='acc/mean_class'))
