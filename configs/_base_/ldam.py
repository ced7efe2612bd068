# Mixin: LDAM on a cosine head, without re-weighting.
custom_imports = dict(imports=['shapmix_mm'])

model = dict(
    cls_head=dict(
        type='CosineGCNHead',
        scale=30.0,
        loss_cls=dict(type='LDAMLoss', max_margin=0.5),
    )
)

custom_hooks = [dict(type='ClassCountsHook')]
val_evaluator = [dict(type='LongTailMetric')]
test_evaluator = [dict(type='LongTailMetric')]
