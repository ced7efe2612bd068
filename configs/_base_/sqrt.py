# Mixin: square-root sampling.
custom_imports = dict(imports=['shapmix_mm'])

train_dataloader = dict(
    sampler=dict(_delete_=True, type='ClassBalancedSampler', power=0.5)
)

custom_hooks = [dict(type='ClassCountsHook')]
val_evaluator = [dict(type='LongTailMetric')]
test_evaluator = [dict(type='LongTailMetric')]
