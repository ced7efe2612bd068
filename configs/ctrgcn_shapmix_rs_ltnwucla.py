# Table 8: guidance by Shapley value, re-sampling for re-weighting.
_base_ = 'ctrgcn_shapmix_ltnwucla.py'

model = dict(cls_head=dict(loss_cls=dict(type='CrossEntropyLoss')))
train_dataloader = dict(
    sampler=dict(_delete_=True, type='ClassBalancedSampler')
)
