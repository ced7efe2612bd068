# Mixin: influence-balanced loss in the second half of the training.
custom_imports = dict(imports=['shapmix_mm'])

model = dict(
    cls_head=dict(
        type='FeatureGCNHead',
        loss_cls=dict(type='InfluenceBalancedLoss', start=0.5),
    )
)

custom_hooks = [
    dict(type='ClassCountsHook'),
    dict(type='TrainingProgressHook'),
]
val_evaluator = [dict(type='LongTailMetric')]
test_evaluator = [dict(type='LongTailMetric')]
