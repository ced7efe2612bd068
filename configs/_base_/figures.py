# Mixin, to follow that of Shap-Mix: figures of the saliency while it trains.
custom_imports = dict(imports=['shapmix_mm'])

custom_hooks = [dict(type='SaliencyFigureHook')]
