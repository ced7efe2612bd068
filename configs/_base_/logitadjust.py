# Mixin: logit adjustment; tau 1 is Balanced Softmax.
custom_imports = dict(imports=['shapmix_mm'])

model = dict(cls_head=dict(loss_cls=dict(type='LogitAdjustedLoss', tau=1.0)))

custom_hooks = [dict(type='ClassCountsHook')]
val_evaluator = [dict(type='LongTailMetric')]
test_evaluator = [dict(type='LongTailMetric')]
