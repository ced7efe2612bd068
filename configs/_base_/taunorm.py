# Mixin: tau-normalisation of the classifier of load_from, without training.
custom_imports = dict(imports=['shapmix_mm'])

train_cfg = dict(type='SteplessTrainLoop', max_epochs=1, val_interval=1)
param_scheduler = []

custom_hooks = [
    dict(type='ClassCountsHook'),
    dict(type='SecondStageHook'),
    dict(type='TauNormHook', tau=1.0),
]
val_evaluator = [dict(type='LongTailMetric')]
test_evaluator = [dict(type='LongTailMetric')]
