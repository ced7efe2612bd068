_base_ = 'ctrgcn_ce_ltntu60.py'

longtail = dict(file='data/skeleton/ltntu60_xsub_if10.txt')
train_dataloader = dict(dataset=dict(longtail=longtail))
val_dataloader = dict(dataset=dict(longtail=longtail))
test_dataloader = val_dataloader
