# Written by tools/docs/make_leaf.py, the same as
# ctrgcn_ce_ntu60.py --with xview stmix
_base_ = 'ctrgcn_ce_ntu60.py'

train_dataloader = dict(
    dataset=dict(split='xview_train', train_split='xview_train')
)
val_dataloader = dict(
    dataset=dict(split='xview_val', train_split='xview_train')
)
test_dataloader = val_dataloader
model = dict(
    cls_head=dict(loss_cls=dict(loss_weight=2.0)),
    data_preprocessor=dict(
        type='ActionDataPreprocessor',
        blending=dict(type='STMixBlending', num_classes=60, layout='nturgb+d'),
    ),
)
custom_hooks = [dict(type='ClassCountsHook'), dict(type='TrainAccuracyHook')]
