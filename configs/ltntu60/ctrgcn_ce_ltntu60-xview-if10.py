# Written by tools/docs/make_leaf.py, the same as
# ctrgcn_ce_ltntu60.py --with xview if10
_base_ = 'ctrgcn_ce_ltntu60.py'

longtail = dict(file='data/skeleton/ltntu60_xview_if10.txt')
train_dataloader = dict(
    dataset=dict(
        split='xview_train',
        train_split='xview_train',
        longtail=dict(file='data/skeleton/ltntu60_xview_if10.txt'),
    )
)
val_dataloader = dict(
    dataset=dict(
        split='xview_val',
        train_split='xview_train',
        longtail=dict(file='data/skeleton/ltntu60_xview_if10.txt'),
    )
)
test_dataloader = val_dataloader
