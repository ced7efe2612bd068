# The schedule of MST-GCN: effective epochs = max_epochs = 120, batch 32.
train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=120, val_interval=5)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')

optim_wrapper = dict(
    optimizer=dict(
        type='SGD', lr=0.15, momentum=0.9, weight_decay=0.0001, nesterov=True
    )
)
param_scheduler = [
    dict(
        type='LinearLR',
        start_factor=0.1,
        begin=0,
        end=10,
        by_epoch=True,
        convert_to_iter_based=True,
    ),
    dict(
        type='MultiStepLR',
        milestones=[50, 70, 90, 110],
        gamma=0.1,
        by_epoch=True,
    ),
]
auto_scale_lr = dict(enable=False, base_batch_size=32)
