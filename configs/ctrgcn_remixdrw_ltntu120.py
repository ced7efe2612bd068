_base_ = [
    '_base_/datasets/ltntu120_xsub.py',
    '_base_/models/ctrgcn.py',
    '_base_/schedules/sgd_100e.py',
    '_base_/default_runtime.py',
]

model = dict(
    data_preprocessor=dict(
        type='ActionDataPreprocessor',
        blending=dict(
            type='RemixBlending', num_classes=120, layout='nturgb+d'
        ),
    ),
    cls_head=dict(
        num_classes=120,
        loss_cls=dict(
            type='DeferredReweightingLoss',
            beta=0.9999,
            start=0.8,
            reduction='batch',
            loss_weight=2.0,
        ),
    ),
)
custom_hooks = [
    dict(type='ClassCountsHook'),
    dict(type='TrainingProgressHook'),
    dict(type='TrainAccuracyHook'),
]
