# Mixin: the mix of SkeleMixCLR.
custom_imports = dict(imports=['shapmix_mm'])

model = dict(
    data_preprocessor=dict(
        type='ActionDataPreprocessor', blending=dict(type='SkeleMixBlending')
    ),
    # The mean over 2N samples times 2 is the sum of the two means.
    cls_head=dict(loss_cls=dict(loss_weight=2.0)),
)

custom_hooks = [dict(type='TrainAccuracyHook')]
