_base_ = 'ctrgcn_ce_ltnwucla.py'

model = dict(cls_head=dict(loss_cls=dict(type='FocalLoss', gamma=2.0)))
