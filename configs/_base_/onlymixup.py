# Mixin, to follow that of ST-Mix or Shap-Mix: Mixup alone.
custom_imports = dict(imports=['shapmix_mm'])

model = dict(data_preprocessor=dict(blending=dict(mixup_prob=1.0)))
