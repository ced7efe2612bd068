# Mixin, to follow that of ST-Mix: joints are pasted, not parts.
custom_imports = dict(imports=['shapmix_mm'])

model = dict(data_preprocessor=dict(blending=dict(spatial='joint')))
