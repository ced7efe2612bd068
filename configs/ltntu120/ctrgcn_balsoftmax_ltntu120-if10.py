# Written by tools/docs/make_leaf.py, the same as
# ctrgcn_ce_ltntu120.py --with if10 balsoftmax
_base_ = 'ctrgcn_ce_ltntu120.py'

longtail = dict(imbalance=10)
train_dataloader = dict(dataset=dict(longtail=dict(imbalance=10)))
val_dataloader = dict(dataset=dict(longtail=dict(imbalance=10)))
test_dataloader = val_dataloader
model = dict(cls_head=dict(loss_cls=dict(type='BalancedSoftmaxLoss')))
default_hooks = dict(checkpoint=dict(save_best='acc/mean_class'))
