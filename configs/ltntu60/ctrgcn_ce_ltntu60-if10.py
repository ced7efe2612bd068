# Written by tools/docs/make_leaf.py, the same as
# ctrgcn_ce_ltntu60.py --with if10
_base_ = 'ctrgcn_ce_ltntu60.py'

longtail = dict(file='data/skeleton/ltntu60_xsub_if10.txt')
train_dataloader = dict(
    dataset=dict(longtail=dict(file='data/skeleton/ltntu60_xsub_if10.txt'))
)
val_dataloader = dict(
    dataset=dict(longtail=dict(file='data/skeleton/ltntu60_xsub_if10.txt'))
)
test_dataloader = val_dataloader
