# The schedule of MS-G3D on NTU RGB+D 120: effective epochs = max_epochs = 65,
# batch 32.
train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=65, val_interval=5)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')

optim_wrapper = dict(
    optimizer=dict(
        type='SGD', lr=0.05, momentum=0.9, weight_decay=0.0005, nesterov=True
    )
)
param_scheduler = [
    dict(type='MultiStepLR', milestones=[30, 50, 60], gamma=0.1, by_epoch=True)
]
auto_scale_lr = dict(enable=False, base_batch_size=32)
