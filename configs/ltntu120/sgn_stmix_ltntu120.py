# Written by tools/docs/make_leaf.py, the same as
# sgn_ce_ltntu120.py --with stmix
_base_ = 'sgn_ce_ltntu120.py'

model = dict(
    cls_head=dict(loss_cls=dict(loss_weight=2.0)),
    data_preprocessor=dict(
        type='ActionDataPreprocessor',
        blending=dict(
            type='STMixBlending', num_classes=120, layout='nturgb+d'
        ),
    ),
)
custom_hooks = [dict(type='ClassCountsHook'), dict(type='TrainAccuracyHook')]
