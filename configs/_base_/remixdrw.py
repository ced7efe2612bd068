# Mixin: Remix-DRW, Remix and deferred weights.
custom_imports = dict(imports=['shapmix_mm'])

model = dict(
    data_preprocessor=dict(
        type='ActionDataPreprocessor', blending=dict(type='RemixBlending')
    ),
    # The mean over 2N samples times 2 is the sum of the two means.
    cls_head=dict(
        loss_cls=dict(
            type='DeferredReweightingLoss',
            beta=0.9999,
            start=0.8,
            reduction='batch',
            loss_weight=2.0,
        )
    ),
)

custom_hooks = [
    dict(type='ClassCountsHook'),
    dict(type='TrainingProgressHook'),
    dict(type='TrainAccuracyHook'),
]
val_evaluator = [dict(type='LongTailMetric')]
test_evaluator = [dict(type='LongTailMetric')]
