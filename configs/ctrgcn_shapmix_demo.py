# Written by tools/docs/make_leaf.py, the same as
# ctrgcn_ce_demo.py --with shapmix figures
_base_ = 'ctrgcn_ce_demo.py'

model = dict(
    cls_head=dict(loss_cls=dict(type='BalancedSoftmaxLoss', loss_weight=2.0)),
    data_preprocessor=dict(
        type='ActionDataPreprocessor',
        blending=dict(
            type='ShapMixBlending', num_classes=16, layout='nturgb+d'
        ),
    ),
)
default_hooks = dict(checkpoint=dict(save_best='acc/mean_class'))
custom_hooks = [
    dict(type='ClassCountsHook'),
    dict(type='SaliencyHook'),
    dict(type='TrainAccuracyHook'),
    dict(type='SaliencyFigureHook'),
]
