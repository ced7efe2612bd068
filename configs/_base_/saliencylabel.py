# Mixin, to follow that of Shap-Mix: labels are shared by the saliency that is
# seen of each class, not by the pasted area.
custom_imports = dict(imports=['shapmix_mm'])

model = dict(data_preprocessor=dict(blending=dict(label='saliency')))
