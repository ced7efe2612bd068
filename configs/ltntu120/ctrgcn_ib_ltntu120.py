# Written by tools/docs/make_leaf.py, the same as
# ctrgcn_ce_ltntu120.py --with ib
_base_ = 'ctrgcn_ce_ltntu120.py'

model = dict(
    cls_head=dict(
        type='FeatureGCNHead',
        loss_cls=dict(type='InfluenceBalancedLoss', start=0.5),
    )
)
default_hooks = dict(checkpoint=dict(save_best='acc/mean_class'))
custom_hooks = [
    dict(type='ClassCountsHook'),
    dict(type='TrainingProgressHook'),
]
