# Mixin: the stream of bone motion.
custom_imports = dict(imports=['shapmix_mm'])

data_variant = dict(stream='bm')
