# Written by tools/docs/make_leaf.py, the same as
# ctrgcn_ce_ltntu120.py --with shapmix bonemotion
_base_ = 'ctrgcn_ce_ltntu120.py'

_base_.train_pipeline[3].feats = ['bm']
_base_.test_pipeline[2].feats = ['bm']
_base_.val_pipeline[2].feats = ['bm']
_base_.train_dataloader.dataset.pipeline[3].feats = ['bm']
_base_.val_dataloader.dataset.pipeline[2].feats = ['bm']
_base_.test_dataloader.dataset.pipeline[2].feats = ['bm']
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
