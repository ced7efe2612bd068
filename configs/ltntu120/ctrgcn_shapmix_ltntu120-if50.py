# Written by tools/docs/make_leaf.py, the same as
# ctrgcn_ce_ltntu120.py --with if50 shapmix
_base_ = 'ctrgcn_ce_ltntu120.py'

longtail = dict(imbalance=50)
train_dataloader = dict(dataset=dict(longtail=dict(imbalance=50)))
val_dataloader = dict(dataset=dict(longtail=dict(imbalance=50)))
test_dataloader = val_dataloader
model = dict(
    cls_head=dict(loss_cls=dict(type='BalancedSoftmaxLoss', loss_weight=2.0)),
    data_preprocessor=dict(
        type='ActionDataPreprocessor',
        blending=dict(
            type='ShapMixBlending', num_classes=120, layout='nturgb+d'
        ),
    ),
)
default_hooks = dict(checkpoint=dict(save_best='acc/mean_class'))
custom_hooks = [
    dict(type='ClassCountsHook'),
    dict(type='SaliencyHook'),
    dict(type='TrainAccuracyHook'),
]
