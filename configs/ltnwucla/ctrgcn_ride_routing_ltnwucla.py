# Second stage: load_from names the last checkpoint of the first.
# 1 epoch over RepeatDataset(times=5): 5 effective epochs.
# Written by tools/docs/make_leaf.py, the same as
# ctrgcn_ce_ltnwucla.py --with ride_routing
_base_ = 'ctrgcn_ce_ltnwucla.py'

train_dataloader = dict(
    sampler=dict(_delete_=True, type='ClassBalancedSampler')
)
model = dict(
    type='FrozenExpertRecognizerGCN',
    cls_head=dict(type='ExpertRoutingHead', scale=30.0),
    num_experts=3,
    width=0.75,
)
train_cfg = dict(max_epochs=1, val_interval=1)
optim_wrapper = dict(optimizer=dict(lr=0.01, weight_decay=0.0005))
param_scheduler = [
    dict(
        type='CosineAnnealingLR',
        T_max=1,
        by_epoch=True,
        convert_to_iter_based=True,
    )
]
default_hooks = dict(checkpoint=dict(save_best='acc/mean_class'))
custom_hooks = [dict(type='ClassCountsHook'), dict(type='SecondStageHook')]
