# The schedule of SGN: effective epochs = max_epochs = 120, batch 64.
train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=120, val_interval=5)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')

optim_wrapper = dict(optimizer=dict(type='Adam', lr=0.001, weight_decay=1e-4))
param_scheduler = [
    dict(
        type='MultiStepLR', milestones=[60, 90, 110], gamma=0.1, by_epoch=True
    )
]
auto_scale_lr = dict(enable=False, base_batch_size=64)
