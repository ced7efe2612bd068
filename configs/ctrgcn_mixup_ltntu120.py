_base_ = 'ctrgcn_ce_ltntu120.py'

model = dict(
    data_preprocessor=dict(
        type='ActionDataPreprocessor',
        blending=dict(
            type='SkeletonMixupBlending', num_classes=120, layout='nturgb+d'
        ),
    ),
    cls_head=dict(loss_cls=dict(loss_weight=2.0)),
)
custom_hooks = [dict(type='ClassCountsHook'), dict(type='TrainAccuracyHook')]
