# Mixin: parametric contrastive learning. A momentum copy of the network
# embeds the second of two views; classes and a queue of keys are contrasted.
custom_imports = dict(imports=['shapmix_mm'])

model = dict(
    type='MomentumRecognizerGCN',
    momentum=0.999,
    cls_head=dict(
        type='ParametricContrastiveHead',
        embed_channels=128,
        loss_cls=dict(
            type='ParametricContrastiveLoss', alpha=0.05, temperature=0.2
        ),
    ),
)
data_variant = dict(views=2)

custom_hooks = [dict(type='ClassCountsHook')]
val_evaluator = [dict(type='LongTailMetric')]
test_evaluator = [dict(type='LongTailMetric')]
