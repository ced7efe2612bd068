# Mixin: the skip stream, each joint from the one before its bone's other end.
custom_imports = dict(imports=['shapmix_mm'])

data_variant = dict(stream='k')
