# Written by tools/docs/make_leaf.py, the same as
# ctrgcn_ce_ltnwucla.py --with skelemix
_base_ = 'ctrgcn_ce_ltnwucla.py'

model = dict(
    cls_head=dict(loss_cls=dict(loss_weight=2.0)),
    data_preprocessor=dict(
        type='ActionDataPreprocessor',
        blending=dict(
            type='SkeleMixBlending', num_classes=10, layout='nw-ucla'
        ),
    ),
)
custom_hooks = [dict(type='ClassCountsHook'), dict(type='TrainAccuracyHook')]
