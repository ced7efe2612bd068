# Written by tools/docs/make_leaf.py, the same as
# ctrgcn_ce_ltnwucla.py --with brl skipmotion
_base_ = 'ctrgcn_ce_ltnwucla.py'

_base_.train_pipeline[4].feats = ['km']
_base_.test_pipeline[2].feats = ['km']
_base_.val_pipeline[2].feats = ['km']
_base_.train_dataloader.dataset.dataset.pipeline[4].feats = ['km']
_base_.val_dataloader.dataset.pipeline[2].feats = ['km']
_base_.test_dataloader.dataset.pipeline[2].feats = ['km']
train_dataloader = dict(sampler=dict(_delete_=True, type='TailRepeatSampler'))
model = dict(
    cls_head=dict(loss_cls=dict(type='ClassAdaptiveLoss')),
    data_preprocessor=dict(
        type='ActionDataPreprocessor',
        blending=dict(
            type='RebalancedPartBlending',
            kappa=3.0,
            keep_originals=False,
            num_classes=10,
            layout='nw-ucla',
        ),
    ),
)
default_hooks = dict(checkpoint=dict(save_best='acc/mean_class'))
custom_hooks = [
    dict(type='ClassCountsHook'),
    dict(type='TrainingProgressHook'),
]
