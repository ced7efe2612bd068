# Second stage: load_from names the last checkpoint of the first.
# 2 epochs over RepeatDataset(times=5): 10 effective epochs.
# Written by tools/docs/make_leaf.py, the same as
# ctrgcn_ce_ltnwucla.py --with maxnorm
_base_ = 'ctrgcn_ce_ltnwucla.py'

model = dict(
    type='FrozenRecognizerGCN',
    cls_head=dict(loss_cls=dict(type='BalancedSoftmaxLoss')),
)
train_cfg = dict(max_epochs=2, val_interval=1)
optim_wrapper = dict(
    optimizer=dict(
        _delete_=True, type='SGD', lr=0.01, momentum=0.9, weight_decay=0.1
    )
)
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
    dict(type='SecondStageHook'),
    dict(type='MaxNormHook', share=0.1),
]
