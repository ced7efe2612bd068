_base_ = [
    '_base_/datasets/k400.py',
    '_base_/models/ctrgcn.py',
    '_base_/schedules/sgd_cosine_70e.py',
    '_base_/default_runtime.py',
]

model = dict(
    backbone=dict(graph_cfg=dict(layout='coco')),
    data_preprocessor=dict(
        type='ActionDataPreprocessor',
        blending=dict(type='ShapMixBlending', num_classes=400, layout='coco'),
    ),
    cls_head=dict(
        num_classes=400,
        loss_cls=dict(type='BalancedSoftmaxLoss', loss_weight=2.0),
    ),
)
custom_hooks = [
    dict(type='ClassCountsHook'),
    dict(type='SaliencyHook'),
    dict(type='TrainAccuracyHook'),
]
