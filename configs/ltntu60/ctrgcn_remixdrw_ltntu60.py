# Written by tools/docs/make_leaf.py, the same as
# ctrgcn_ce_ltntu60.py --with remixdrw
_base_ = 'ctrgcn_ce_ltntu60.py'

model = dict(
    cls_head=dict(
        loss_cls=dict(
            type='DeferredReweightingLoss',
            beta=0.9999,
            start=0.8,
            reduction='batch',
            loss_weight=2.0,
        )
    ),
    data_preprocessor=dict(
        type='ActionDataPreprocessor',
        blending=dict(type='RemixBlending', num_classes=60, layout='nturgb+d'),
    ),
)
default_hooks = dict(checkpoint=dict(save_best='acc/mean_class'))
custom_hooks = [
    dict(type='ClassCountsHook'),
    dict(type='TrainingProgressHook'),
    dict(type='TrainAccuracyHook'),
]
