# Mixin, to follow that of a method: cross-entropy in the place of its loss,
# for sampling that balances the classes already.
custom_imports = dict(imports=['shapmix_mm'])

model = dict(cls_head=dict(loss_cls=dict(type='CrossEntropyLoss')))
