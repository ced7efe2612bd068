# Mixin: Shap-Mix with scale, clamp, windows, average and first epochs of the
# released code. Its minority='index' is left out: it holds only for classes
# sorted by frequency; what else differs is in docs/paper_and_code.md.
custom_imports = dict(imports=['shapmix_mm'])

model = dict(
    data_preprocessor=dict(
        type='ActionDataPreprocessor',
        blending=dict(
            type='ShapMixBlending',
            norm='none',
            gain=10.0,
            window_grid=4,
            resample_at='start',
        ),
    ),
    # The mean over 2N samples times 2 is the sum of the two means.
    cls_head=dict(loss_cls=dict(type='BalancedSoftmaxLoss', loss_weight=2.0)),
)

custom_hooks = [
    dict(type='ClassCountsHook'),
    dict(
        type='SaliencyHook',
        clamp=True,
        average='ema_per_sample',
        warmup_rule='overwrite',
        overwrite_epochs=6,
    ),
    dict(type='TrainAccuracyHook'),
]
val_evaluator = [dict(type='LongTailMetric')]
test_evaluator = [dict(type='LongTailMetric')]
