_base_ = 'ctrgcn_shapmix_ltntu60.py'

longtail = dict(file='data/skeleton/ltntu60_xview_if100.txt')
train_dataloader = dict(
    dataset=dict(
        split='xview_train', train_split='xview_train', longtail=longtail
    )
)
val_dataloader = dict(
    dataset=dict(
        split='xview_val', train_split='xview_train', longtail=longtail
    )
)
test_dataloader = val_dataloader
