# Mixin: weight balancing, a second stage. Balanced Softmax, a bound on the
# norms and a large weight decay re-train the classifier of load_from.
custom_imports = dict(imports=['shapmix_mm'])

model = dict(
    type='FrozenRecognizerGCN',
    cls_head=dict(loss_cls=dict(type='BalancedSoftmaxLoss')),
)

# Passes over the data, whatever a RepeatDataset makes of an epoch.
effective_epochs = True
train_cfg = dict(max_epochs=10, val_interval=5)
optim_wrapper = dict(
    optimizer=dict(
        _delete_=True, type='SGD', lr=0.01, momentum=0.9, weight_decay=0.1
    )
)
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
    dict(type='SecondStageHook'),
    dict(type='MaxNormHook', share=0.1),
]
val_evaluator = [dict(type='LongTailMetric')]
test_evaluator = [dict(type='LongTailMetric')]
