# Written by tools/docs/make_leaf.py, the same as
# ctrgcn_ce_ltnwucla.py --with logitadjust
_base_ = 'ctrgcn_ce_ltnwucla.py'

model = dict(cls_head=dict(loss_cls=dict(type='LogitAdjustedLoss', tau=1.0)))
default_hooks = dict(checkpoint=dict(save_best='acc/mean_class'))
