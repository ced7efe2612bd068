# Mixin: feature space augmentation, a second stage. The classifier of
# load_from learns from maps composed for rare classes, on frozen features.
custom_imports = dict(imports=['shapmix_mm'])

model = dict(
    type='FrozenRecognizerGCN',
    cls_head=dict(
        type='FeatureCompositionHead',
        num_composed=3,
        loss_cls=dict(_delete_=True, type='CrossEntropyLoss'),
    ),
)
train_dataloader = dict(
    drop_last=True,
    sampler=dict(_delete_=True, type='CompositionSampler', num_composed=3),
)
# Passes over the samples of rare classes, whatever a RepeatDataset makes of
# an epoch.
effective_epochs = True
train_cfg = dict(max_epochs=50, val_interval=5)
optim_wrapper = dict(
    optimizer=dict(
        _delete_=True, type='SGD', lr=1e-3, momentum=0.9, weight_decay=0.0
    )
)
param_scheduler = []

custom_hooks = [
    dict(type='ClassCountsHook'),
    dict(type='SecondStageHook'),
    dict(type='ConfusionHook'),
]
val_evaluator = [dict(type='LongTailMetric')]
test_evaluator = [dict(type='LongTailMetric')]
