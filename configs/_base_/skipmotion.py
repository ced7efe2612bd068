# Mixin: the motion of the skip stream.
custom_imports = dict(imports=['shapmix_mm'])

data_variant = dict(stream='km')
