_base_ = 'ctrgcn_stmix_ntu120.py'

_base_.train_pipeline[-3].feats = _base_.val_pipeline[-3].feats = ['bm']
train_dataloader = dict(dataset=dict(pipeline=_base_.train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=_base_.val_pipeline))
test_dataloader = val_dataloader
