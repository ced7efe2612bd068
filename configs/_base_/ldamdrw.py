# Mixin: LDAM-DRW, margins on a cosine head and deferred weights.
custom_imports = dict(imports=['shapmix_mm'])

model = dict(
    cls_head=dict(
        type='CosineGCNHead',
        scale=30.0,
        loss_cls=dict(
            type='DeferredReweightingLoss',
            loss=dict(type='LDAMLoss', max_margin=0.5),
            beta=0.9999,
            start=0.8,
        ),
    )
)

custom_hooks = [
    dict(type='ClassCountsHook'),
    dict(type='TrainingProgressHook'),
]
val_evaluator = [dict(type='LongTailMetric')]
test_evaluator = [dict(type='LongTailMetric')]
