# Written by tools/docs/make_leaf.py, the same as
# ctrgcn_ce_ltnwucla.py --with drw
_base_ = 'ctrgcn_ce_ltnwucla.py'

model = dict(
    cls_head=dict(
        loss_cls=dict(type='DeferredReweightingLoss', beta=0.9999, start=0.8)
    )
)
default_hooks = dict(checkpoint=dict(save_best='acc/mean_class'))
custom_hooks = [
    dict(type='ClassCountsHook'),
    dict(type='TrainingProgressHook'),
]
