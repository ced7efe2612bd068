# Mixin, before that of a blend: heat maps of PoseConv3D in the form that the
# blends and Shap-Mix take; the network sees the same as without it.
custom_imports = dict(imports=['shapmix_mm'])

transform_substitutes = dict(FormatShape='FormatHeatmaps')
model = dict(
    type='HeatmapRecognizer3D',
    data_preprocessor=dict(blending=dict(layout='coco')),
)
