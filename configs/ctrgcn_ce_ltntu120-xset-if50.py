_base_ = 'ctrgcn_ce_ltntu120.py'

longtail = dict(n_max=400, imbalance=50, names='name')
train_dataloader = dict(
    dataset=dict(
        split='xset_train', train_split='xset_train', longtail=longtail
    )
)
val_dataloader = dict(
    dataset=dict(split='xset_val', train_split='xset_train', longtail=longtail)
)
test_dataloader = val_dataloader
