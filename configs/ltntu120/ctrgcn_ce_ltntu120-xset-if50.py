# Written by tools/docs/make_leaf.py, the same as
# ctrgcn_ce_ltntu120.py --with xset if50
_base_ = 'ctrgcn_ce_ltntu120.py'

longtail = dict(n_max=400, imbalance=50, names='name')
train_dataloader = dict(
    dataset=dict(
        split='xset_train',
        train_split='xset_train',
        longtail=dict(n_max=400, imbalance=50, names='name'),
    )
)
val_dataloader = dict(
    dataset=dict(
        split='xset_val',
        train_split='xset_train',
        longtail=dict(n_max=400, imbalance=50, names='name'),
    )
)
test_dataloader = val_dataloader
