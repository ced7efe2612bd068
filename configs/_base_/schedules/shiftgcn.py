# The schedule of Shift-GCN: effective epochs = max_epochs = 140, batch 64.
# Its matrices decay ten times as fast, its masks not at all.
train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=140, val_interval=5)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')

optim_wrapper = dict(
    optimizer=dict(
        type='SGD', lr=0.1, momentum=0.9, weight_decay=0.0001, nesterov=True
    ),
    paramwise_cfg=dict(
        custom_keys=dict(
            Linear_weight=dict(decay_mult=10.0),
            Feature_Mask=dict(decay_mult=0.0),
        )
    ),
)
param_scheduler = [
    dict(
        type='MultiStepLR', milestones=[60, 80, 100], gamma=0.1, by_epoch=True
    )
]
auto_scale_lr = dict(enable=False, base_batch_size=64)
