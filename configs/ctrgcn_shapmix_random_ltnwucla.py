# Control of Table 8: every combination alike, in law the same as ST-Mix.
_base_ = 'ctrgcn_shapmix_ltnwucla.py'

custom_hooks = [
    dict(type='ClassCountsHook'),
    dict(type='SaliencyHook', estimator='random'),
    dict(type='TrainAccuracyHook'),
]
