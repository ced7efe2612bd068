# Written by tools/docs/make_leaf.py, the same as
# efficientgcn_ce_ntu60.py --with shapmix
_base_ = 'efficientgcn_ce_ntu60.py'

model = dict(
    cls_head=dict(loss_cls=dict(type='BalancedSoftmaxLoss', loss_weight=2.0)),
    data_preprocessor=dict(
        type='ActionDataPreprocessor',
        blending=dict(
            type='ShapMixBlending', num_classes=60, layout='nturgb+d'
        ),
    ),
)
default_hooks = dict(checkpoint=dict(save_best='acc/mean_class'))
custom_hooks = [
    dict(type='ClassCountsHook'),
    dict(type='SaliencyHook'),
    dict(type='TrainAccuracyHook'),
]
