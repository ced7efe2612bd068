# Mixin: the bone stream.
custom_imports = dict(imports=['shapmix_mm'])

data_variant = dict(stream='b')
