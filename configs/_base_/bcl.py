# Mixin: balanced contrastive learning. Three views, of which one is
# classified and two are contrasted with each other and the classes.
custom_imports = dict(imports=['shapmix_mm'])

model = dict(
    type='ViewRecognizerGCN',
    cls_head=dict(
        type='BalancedContrastiveHead',
        scale=30.0,
        embed_channels=1024,
        loss_cls=dict(type='BalancedSoftmaxLoss'),
        contrast=dict(
            type='BalancedContrastiveLoss', temperature=0.07, loss_weight=0.35
        ),
    ),
)
data_variant = dict(views=3)

custom_hooks = [dict(type='ClassCountsHook')]
val_evaluator = [dict(type='LongTailMetric')]
test_evaluator = [dict(type='LongTailMetric')]
