# Mixin: the stream of bone acceleration, of Stream-GCN.
custom_imports = dict(imports=['shapmix_mm'])

data_variant = dict(stream='ba')
