# Mixin: random over-sampling, in as many steps as the data give.
custom_imports = dict(imports=['shapmix_mm'])

train_dataloader = dict(
    sampler=dict(_delete_=True, type='RandomOverSampler', length='dataset')
)

custom_hooks = [dict(type='ClassCountsHook')]
val_evaluator = [dict(type='LongTailMetric')]
test_evaluator = [dict(type='LongTailMetric')]
