# Mixin for a config that has ST-Mix or Shap-Mix: paste bones in the
# receiver's lengths, and draw partners of rare classes.
custom_imports = dict(imports=['shapmix_mm'])

model = dict(
    data_preprocessor=dict(blending=dict(space='bone', partner='class_aware'))
)

custom_hooks = [dict(type='ClassCountsHook')]
