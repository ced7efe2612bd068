# Mixin: class-balanced cross-entropy, weighted from the start.
custom_imports = dict(imports=['shapmix_mm'])

model = dict(
    cls_head=dict(
        loss_cls=dict(type='ClassBalancedLoss', beta=0.9999, form='softmax')
    )
)

custom_hooks = [dict(type='ClassCountsHook')]
val_evaluator = [dict(type='LongTailMetric')]
test_evaluator = [dict(type='LongTailMetric')]
