_base_ = 'ctrgcn_ce_ltntu120.py'

model = dict(cls_head=dict(loss_cls=dict(type='BalancedSoftmaxLoss')))
longtail = dict(imbalance=50)
train_dataloader = dict(dataset=dict(longtail=longtail))
val_dataloader = dict(dataset=dict(longtail=longtail))
test_dataloader = val_dataloader
