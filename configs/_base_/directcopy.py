# Mixin, to follow that of ST-Mix: frames are copied, not sampled down.
custom_imports = dict(imports=['shapmix_mm'])

model = dict(data_preprocessor=dict(blending=dict(temporal='copy')))
