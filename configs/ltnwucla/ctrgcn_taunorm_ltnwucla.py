# Second stage: load_from names the last checkpoint of the first. It takes no
# step: 0 effective epochs.
# Written by tools/docs/make_leaf.py, the same as
# ctrgcn_ce_ltnwucla.py --with taunorm
_base_ = 'ctrgcn_ce_ltnwucla.py'

train_cfg = dict(type='SteplessTrainLoop', max_epochs=1, val_interval=1)
param_scheduler = []
default_hooks = dict(checkpoint=dict(save_best='acc/mean_class'))
custom_hooks = [
    dict(type='ClassCountsHook'),
    dict(type='SecondStageHook'),
    dict(type='TauNormHook', tau=1.0),
]
