# Mixin: Balanced Softmax and the many/medium/few metric.
custom_imports = dict(imports=['shapmix_mm'])

model = dict(cls_head=dict(loss_cls=dict(type='BalancedSoftmaxLoss')))

custom_hooks = [dict(type='ClassCountsHook')]
val_evaluator = [dict(type='LongTailMetric')]
test_evaluator = [dict(type='LongTailMetric')]
