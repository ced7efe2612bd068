# Mixin: the stream of joint motion.
custom_imports = dict(imports=['shapmix_mm'])

data_variant = dict(stream='jm')
