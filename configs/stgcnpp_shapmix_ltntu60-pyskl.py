_base_ = [
    '_base_/datasets/ltntu60_xsub_pyskl.py',
    '_base_/models/stgcnpp.py',
    '_base_/schedules/sgd_cosine_16e.py',
    '_base_/default_runtime.py',
]

model = dict(
    data_preprocessor=dict(
        type='ActionDataPreprocessor',
        blending=dict(
            type='ShapMixBlending', num_classes=60, layout='nturgb+d'
        ),
    ),
    cls_head=dict(
        num_classes=60,
        loss_cls=dict(type='BalancedSoftmaxLoss', loss_weight=2.0),
    ),
)
custom_hooks = [
    dict(type='ClassCountsHook'),
    dict(type='SaliencyHook'),
    dict(type='TrainAccuracyHook'),
]
