# Written by tools/docs/make_leaf.py, the same as
# ctrgcn_ce_ltntu60.py --with brl skip
_base_ = 'ctrgcn_ce_ltntu60.py'

_base_.train_pipeline[3].feats = ['k']
_base_.test_pipeline[2].feats = ['k']
_base_.val_pipeline[2].feats = ['k']
_base_.train_dataloader.dataset.pipeline[3].feats = ['k']
_base_.val_dataloader.dataset.pipeline[2].feats = ['k']
_base_.test_dataloader.dataset.pipeline[2].feats = ['k']
train_dataloader = dict(sampler=dict(_delete_=True, type='TailRepeatSampler'))
model = dict(
    cls_head=dict(loss_cls=dict(type='ClassAdaptiveLoss')),
    data_preprocessor=dict(
        type='ActionDataPreprocessor',
        blending=dict(
            type='RebalancedPartBlending',
            kappa=3.0,
            keep_originals=False,
            num_classes=60,
            layout='nturgb+d',
        ),
    ),
)
default_hooks = dict(checkpoint=dict(save_best='acc/mean_class'))
custom_hooks = [
    dict(type='ClassCountsHook'),
    dict(type='TrainingProgressHook'),
]
