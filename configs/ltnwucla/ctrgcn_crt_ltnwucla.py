# Second stage: load_from names the last checkpoint of the first.
# 2 epochs over RepeatDataset(times=5): 10 effective epochs.
# Written by tools/docs/make_leaf.py, the same as
# ctrgcn_ce_ltnwucla.py --with crt
_base_ = 'ctrgcn_ce_ltnwucla.py'

train_dataloader = dict(
    sampler=dict(_delete_=True, type='ClassBalancedSampler')
)
model = dict(type='FrozenRecognizerGCN')
train_cfg = dict(max_epochs=2, val_interval=1)
param_scheduler = [
    dict(
        type='CosineAnnealingLR',
        T_max=2,
        by_epoch=True,
        convert_to_iter_based=True,
    )
]
default_hooks = dict(checkpoint=dict(save_best='acc/mean_class'))
custom_hooks = [
    dict(type='ClassCountsHook'),
    dict(type='SecondStageHook', restart_classifier=True),
]
