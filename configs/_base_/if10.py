# Mixin: imbalance factor 10 of a long-tailed set.
custom_imports = dict(imports=['shapmix_mm'])

data_variant = dict(imbalance=10)
