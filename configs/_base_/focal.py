# Mixin: Focal loss of the softmax and the many/medium/few metric.
custom_imports = dict(imports=['shapmix_mm'])

model = dict(cls_head=dict(loss_cls=dict(type='FocalLoss', gamma=2.0)))

custom_hooks = [dict(type='ClassCountsHook')]
val_evaluator = [dict(type='LongTailMetric')]
test_evaluator = [dict(type='LongTailMetric')]
