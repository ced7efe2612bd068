# Mixin: cross-setup, for NTU RGB+D 120.
custom_imports = dict(imports=['shapmix_mm'])

data_variant = dict(split='xset')
