# Table 8: guidance by Grad-CAM, re-weighting.
_base_ = 'ctrgcn_shapmix_ltnwucla.py'

custom_hooks = [
    dict(type='ClassCountsHook'),
    dict(type='SaliencyHook', estimator='gradcam'),
    dict(type='TrainAccuracyHook'),
]
