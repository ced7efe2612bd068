# Written by tools/docs/make_leaf.py, the same as
# ctrgcn_ce_ntu120.py --with xset
_base_ = 'ctrgcn_ce_ntu120.py'

train_dataloader = dict(
    dataset=dict(split='xset_train', train_split='xset_train')
)
val_dataloader = dict(dataset=dict(split='xset_val', train_split='xset_train'))
test_dataloader = val_dataloader
