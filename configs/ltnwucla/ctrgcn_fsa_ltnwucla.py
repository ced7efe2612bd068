# Second stage: load_from names the last checkpoint of the first.
# 10 epochs over RepeatDataset(times=5): 50 effective epochs.
# Written by tools/docs/make_leaf.py, the same as
# ctrgcn_ce_ltnwucla.py --with fsa
_base_ = 'ctrgcn_ce_ltnwucla.py'

train_dataloader = dict(
    sampler=dict(_delete_=True, type='CompositionSampler', num_composed=3),
    drop_last=True,
)
model = dict(
    type='FrozenRecognizerGCN',
    cls_head=dict(type='FeatureCompositionHead', num_composed=3),
)
train_cfg = dict(max_epochs=10, val_interval=1)
optim_wrapper = dict(
    optimizer=dict(
        _delete_=True, type='SGD', lr=0.001, momentum=0.9, weight_decay=0.0
    )
)
param_scheduler = []
default_hooks = dict(checkpoint=dict(save_best='acc/mean_class'))
custom_hooks = [
    dict(type='ClassCountsHook'),
    dict(type='SecondStageHook'),
    dict(type='ConfusionHook'),
]
