# Mixin: RIDE, stage 2. Gates learn which samples need another expert; the
# experts of load_from, trained by `ride`, stay as they are.
custom_imports = dict(imports=['shapmix_mm'])

model = dict(
    type='FrozenExpertRecognizerGCN',
    num_experts=3,
    width=0.75,
    cls_head=dict(
        type='ExpertRoutingHead',
        scale=30.0,
        loss_cls=dict(_delete_=True, type='CrossEntropyLoss'),
    ),
)

train_dataloader = dict(
    sampler=dict(_delete_=True, type='ClassBalancedSampler')
)
# Passes over the data, whatever a RepeatDataset makes of an epoch.
effective_epochs = True
train_cfg = dict(max_epochs=5, val_interval=5)
optim_wrapper = dict(
    optimizer=dict(
        _delete_=True,
        type='SGD',
        lr=0.01,
        momentum=0.9,
        weight_decay=5e-4,
        nesterov=True,
    )
)
param_scheduler = [
    dict(
        type='CosineAnnealingLR',
        T_max=5,
        by_epoch=True,
        convert_to_iter_based=True,
    )
]

custom_hooks = [dict(type='ClassCountsHook'), dict(type='SecondStageHook')]
val_evaluator = [dict(type='LongTailMetric')]
test_evaluator = [dict(type='LongTailMetric')]
