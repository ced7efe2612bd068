# Mixin, to follow that of a blend: mixed samples alone, no clean half.
custom_imports = dict(imports=['shapmix_mm'])

model = dict(
    data_preprocessor=dict(blending=dict(keep_originals=False)),
    cls_head=dict(loss_cls=dict(loss_weight=1.0)),
)
