# Mixin: Shap-Mix with the cheaper estimate: less saliency error than the
# paper's estimator for less than a tenth of a step.
custom_imports = dict(imports=['shapmix_mm'])

model = dict(
    data_preprocessor=dict(
        type='ActionDataPreprocessor', blending=dict(type='ShapMixBlending')
    ),
    # The mean over 2N samples times 2 is the sum of the two means.
    cls_head=dict(loss_cls=dict(type='BalancedSoftmaxLoss', loss_weight=2.0)),
)

custom_hooks = [
    dict(type='ClassCountsHook'),
    dict(
        type='SaliencyHook',
        estimator='permutation',
        average='recent',
        interval=5,
        share=0.5,
    ),
    dict(type='TrainAccuracyHook'),
]
val_evaluator = [dict(type='LongTailMetric')]
test_evaluator = [dict(type='LongTailMetric')]
