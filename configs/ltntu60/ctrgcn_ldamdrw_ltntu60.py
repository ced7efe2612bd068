# Written by tools/docs/make_leaf.py, the same as
# ctrgcn_ce_ltntu60.py --with ldamdrw
_base_ = 'ctrgcn_ce_ltntu60.py'

model = dict(
    cls_head=dict(
        type='CosineGCNHead',
        loss_cls=dict(
            type='DeferredReweightingLoss',
            loss=dict(type='LDAMLoss', max_margin=0.5),
            beta=0.9999,
            start=0.8,
        ),
        scale=30.0,
    )
)
default_hooks = dict(checkpoint=dict(save_best='acc/mean_class'))
custom_hooks = [
    dict(type='ClassCountsHook'),
    dict(type='TrainingProgressHook'),
]
