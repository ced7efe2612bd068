_base_ = 'ctrgcn_shapmix_ltntu120.py'

longtail = dict(imbalance=50)
train_dataloader = dict(dataset=dict(longtail=longtail))
val_dataloader = dict(dataset=dict(longtail=longtail))
test_dataloader = val_dataloader
