_base_ = 'ctrgcn_stmix_ntu60.py'

_base_.train_pipeline[-3].feats = _base_.val_pipeline[-3].feats = ['b']
train_dataloader = dict(
    dataset=dict(
        split='xview_train',
        train_split='xview_train',
        pipeline=_base_.train_pipeline,
    )
)
val_dataloader = dict(
    dataset=dict(
        split='xview_val',
        train_split='xview_train',
        pipeline=_base_.val_pipeline,
    )
)
test_dataloader = val_dataloader
