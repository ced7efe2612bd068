# Written by tools/docs/make_leaf.py, the same as
# ctrgcn_ce_ltntu120.py --with brl
_base_ = 'ctrgcn_ce_ltntu120.py'

train_dataloader = dict(sampler=dict(_delete_=True, type='TailRepeatSampler'))
model = dict(
    cls_head=dict(loss_cls=dict(type='ClassAdaptiveLoss')),
    data_preprocessor=dict(
        type='ActionDataPreprocessor',
        blending=dict(
            type='RebalancedPartBlending',
            kappa=3.0,
            keep_originals=False,
            num_classes=120,
            layout='nturgb+d',
        ),
    ),
)
default_hooks = dict(checkpoint=dict(save_best='acc/mean_class'))
custom_hooks = [
    dict(type='ClassCountsHook'),
    dict(type='TrainingProgressHook'),
]
