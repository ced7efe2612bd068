_base_ = 'ctrgcn_shapmix_k400.py'

_base_.train_pipeline[-5].feats = _base_.val_pipeline[-5].feats = ['bm']
train_dataloader = dict(dataset=dict(pipeline=_base_.train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=_base_.val_pipeline))
test_dataloader = val_dataloader
