# Written by tools/docs/make_leaf.py, the same as
# ctrgcn_ce_ltntu60.py --with cb
_base_ = 'ctrgcn_ce_ltntu60.py'

model = dict(
    cls_head=dict(
        loss_cls=dict(type='ClassBalancedLoss', beta=0.9999, form='softmax')
    )
)
default_hooks = dict(checkpoint=dict(save_best='acc/mean_class'))
