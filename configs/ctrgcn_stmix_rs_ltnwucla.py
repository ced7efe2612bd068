# Table 8: random guidance, re-sampling for re-weighting.
_base_ = 'ctrgcn_stmix_ltnwucla.py'

model = dict(cls_head=dict(loss_cls=dict(type='CrossEntropyLoss')))
train_dataloader = dict(
    sampler=dict(_delete_=True, type='ClassBalancedSampler')
)
