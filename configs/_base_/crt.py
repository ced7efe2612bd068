# Mixin: classifier re-training, a second stage. A fresh classifier learns
# from balanced classes on the frozen backbone of load_from.
custom_imports = dict(imports=['shapmix_mm'])

model = dict(
    type='FrozenRecognizerGCN',
    cls_head=dict(loss_cls=dict(_delete_=True, type='CrossEntropyLoss')),
)

train_dataloader = dict(
    sampler=dict(_delete_=True, type='ClassBalancedSampler')
)
# Passes over the data, whatever a RepeatDataset makes of an epoch.
effective_epochs = True
train_cfg = dict(max_epochs=10, val_interval=5)
# Learning rate and weight decay are those of the first stage.
param_scheduler = [
    dict(
        type='CosineAnnealingLR',
        T_max=10,
        by_epoch=True,
        convert_to_iter_based=True,
    )
]

custom_hooks = [
    dict(type='ClassCountsHook'),
    dict(type='SecondStageHook', restart_classifier=True),
]
val_evaluator = [dict(type='LongTailMetric')]
test_evaluator = [dict(type='LongTailMetric')]
