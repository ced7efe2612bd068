# Mixin: cross-entropy, weighted in the last fifth of the training.
custom_imports = dict(imports=['shapmix_mm'])

model = dict(
    cls_head=dict(
        loss_cls=dict(type='DeferredReweightingLoss', beta=0.9999, start=0.8)
    )
)

custom_hooks = [
    dict(type='ClassCountsHook'),
    dict(type='TrainingProgressHook'),
]
val_evaluator = [dict(type='LongTailMetric')]
test_evaluator = [dict(type='LongTailMetric')]
