# Mixin, to follow that of Shap-Mix: guidance by Grad-CAM.
custom_imports = dict(imports=['shapmix_mm'])

custom_hooks = [dict(type='SaliencyHook', estimator='gradcam')]
