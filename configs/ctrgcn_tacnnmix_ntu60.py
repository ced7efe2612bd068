_base_ = 'ctrgcn_ce_ntu60.py'

model = dict(
    data_preprocessor=dict(
        type='ActionDataPreprocessor',
        blending=dict(
            type='TaCNNMixBlending', num_classes=60, layout='nturgb+d'
        ),
    ),
    cls_head=dict(loss_cls=dict(loss_weight=2.0)),
)
custom_hooks = [dict(type='ClassCountsHook'), dict(type='TrainAccuracyHook')]
