# Written by tools/docs/make_leaf.py, the same as
# ctrgcn_ce_ntu120.py --with xset stmix bonemotion
_base_ = 'ctrgcn_ce_ntu120.py'

_base_.train_pipeline[3].feats = ['bm']
_base_.test_pipeline[2].feats = ['bm']
_base_.val_pipeline[2].feats = ['bm']
_base_.train_dataloader.dataset.pipeline[3].feats = ['bm']
_base_.val_dataloader.dataset.pipeline[2].feats = ['bm']
_base_.test_dataloader.dataset.pipeline[2].feats = ['bm']
train_dataloader = dict(
    dataset=dict(split='xset_train', train_split='xset_train')
)
val_dataloader = dict(dataset=dict(split='xset_val', train_split='xset_train'))
test_dataloader = val_dataloader
model = dict(
    cls_head=dict(loss_cls=dict(loss_weight=2.0)),
    data_preprocessor=dict(
        type='ActionDataPreprocessor',
        blending=dict(
            type='STMixBlending', num_classes=120, layout='nturgb+d'
        ),
    ),
)
custom_hooks = [dict(type='ClassCountsHook'), dict(type='TrainAccuracyHook')]
