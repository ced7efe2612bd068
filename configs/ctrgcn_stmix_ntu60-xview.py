_base_ = 'ctrgcn_stmix_ntu60.py'

train_dataloader = dict(
    dataset=dict(split='xview_train', train_split='xview_train')
)
val_dataloader = dict(
    dataset=dict(split='xview_val', train_split='xview_train')
)
test_dataloader = val_dataloader
