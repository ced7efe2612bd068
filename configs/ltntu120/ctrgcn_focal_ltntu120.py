# Written by tools/docs/make_leaf.py, the same as
# ctrgcn_ce_ltntu120.py --with focal
_base_ = 'ctrgcn_ce_ltntu120.py'

model = dict(cls_head=dict(loss_cls=dict(type='FocalLoss', gamma=2.0)))
default_hooks = dict(checkpoint=dict(save_best='acc/mean_class'))
