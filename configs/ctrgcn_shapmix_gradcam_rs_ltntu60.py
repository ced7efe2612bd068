# Table 8: guidance by Grad-CAM, re-sampling for re-weighting.
_base_ = 'ctrgcn_shapmix_ltntu60.py'

model = dict(cls_head=dict(loss_cls=dict(type='CrossEntropyLoss')))
train_dataloader = dict(
    sampler=dict(_delete_=True, type='ClassBalancedSampler')
)
custom_hooks = [
    dict(type='ClassCountsHook'),
    dict(type='SaliencyHook', estimator='gradcam'),
    dict(type='TrainAccuracyHook'),
]
