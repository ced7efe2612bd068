# Table 6: Cut-Mix alone, with the mask of ST-Mix.
# Written by tools/docs/make_leaf.py, the same as
# ctrgcn_ce_ntu60.py --with stmix onlycutmix
_base_ = 'ctrgcn_ce_ntu60.py'

model = dict(
    cls_head=dict(loss_cls=dict(loss_weight=2.0)),
    data_preprocessor=dict(
        type='ActionDataPreprocessor',
        blending=dict(
            type='STMixBlending',
            num_classes=60,
            layout='nturgb+d',
            mixup_prob=0.0,
        ),
    ),
)
custom_hooks = [dict(type='ClassCountsHook'), dict(type='TrainAccuracyHook')]
