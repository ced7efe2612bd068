# Mixin: balanced representation learning. Body halves of rare classes, tail
# samples repeated, and class weights in the last fifth of the training.
custom_imports = dict(imports=['shapmix_mm'])

model = dict(
    data_preprocessor=dict(
        type='ActionDataPreprocessor',
        blending=dict(
            type='RebalancedPartBlending', kappa=3.0, keep_originals=False
        ),
    ),
    cls_head=dict(loss_cls=dict(type='ClassAdaptiveLoss')),
)
train_dataloader = dict(sampler=dict(_delete_=True, type='TailRepeatSampler'))

custom_hooks = [
    dict(type='ClassCountsHook'),
    dict(type='TrainingProgressHook'),
]
val_evaluator = [dict(type='LongTailMetric')]
test_evaluator = [dict(type='LongTailMetric')]
