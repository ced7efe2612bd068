# Mixin: cross-view, for NTU RGB+D 60.
custom_imports = dict(imports=['shapmix_mm'])

data_variant = dict(split='xview')
