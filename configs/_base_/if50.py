# Mixin: imbalance factor 50 of a long-tailed set.
custom_imports = dict(imports=['shapmix_mm'])

data_variant = dict(imbalance=50)
