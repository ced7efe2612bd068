# Written by tools/docs/make_leaf.py, the same as
# ctrgcn_ce_k400.py --with shapmix bone
_base_ = 'ctrgcn_ce_k400.py'

_base_.train_pipeline[1].feats = ['b']
_base_.test_pipeline[1].feats = ['b']
_base_.val_pipeline[1].feats = ['b']
_base_.train_dataloader.dataset.pipeline[1].feats = ['b']
_base_.val_dataloader.dataset.pipeline[1].feats = ['b']
_base_.test_dataloader.dataset.pipeline[1].feats = ['b']
model = dict(
    cls_head=dict(loss_cls=dict(type='BalancedSoftmaxLoss', loss_weight=2.0)),
    data_preprocessor=dict(
        type='ActionDataPreprocessor',
        blending=dict(type='ShapMixBlending', num_classes=400, layout='coco'),
    ),
)
default_hooks = dict(checkpoint=dict(save_best='acc/mean_class'))
custom_hooks = [
    dict(type='ClassCountsHook'),
    dict(type='SaliencyHook'),
    dict(type='TrainAccuracyHook'),
]
