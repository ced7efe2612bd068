# Written by tools/docs/make_leaf.py, the same as
# ctrgcn_ce_ltnwucla.py --with bcl
_base_ = 'ctrgcn_ce_ltnwucla.py'

train_dataloader = dict(
    dataset=dict(
        dataset=dict(
            pipeline=[
                dict(
                    type='MultiView',
                    num_views=3,
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
    )
)
model = dict(
    type='ViewRecognizerGCN',
    cls_head=dict(
        type='BalancedContrastiveHead',
        loss_cls=dict(type='BalancedSoftmaxLoss'),
        scale=30.0,
        embed_channels=1024,
        contrast=dict(
            type='BalancedContrastiveLoss', temperature=0.07, loss_weight=0.35
        ),
    ),
)
default_hooks = dict(checkpoint=dict(save_best='acc/mean_class'))
