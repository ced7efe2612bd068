# Mixin, to follow that of ST-Mix or Shap-Mix: Cut-Mix alone.
custom_imports = dict(imports=['shapmix_mm'])

model = dict(data_preprocessor=dict(blending=dict(mixup_prob=0.0)))
