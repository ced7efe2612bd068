# Mixin: Remix, whose label leans towards the rarer class.
custom_imports = dict(imports=['shapmix_mm'])

model = dict(
    data_preprocessor=dict(
        type='ActionDataPreprocessor', blending=dict(type='RemixBlending')
    ),
    # The mean over 2N samples times 2 is the sum of the two means.
    cls_head=dict(loss_cls=dict(loss_weight=2.0)),
)

custom_hooks = [dict(type='ClassCountsHook'), dict(type='TrainAccuracyHook')]
val_evaluator = [dict(type='LongTailMetric')]
test_evaluator = [dict(type='LongTailMetric')]
