# 40 epochs over RepeatDataset(times=5): 200 effective epochs, cosine after a
# warm-up of two.
train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=40, val_interval=40)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')

optim_wrapper = dict(
    optimizer=dict(
        type='SGD', lr=0.1, momentum=0.9, weight_decay=4e-4, nesterov=True
    )
)
param_scheduler = [
    dict(
        type='LinearLR',
        start_factor=0.2,
        begin=0,
        end=2,
        by_epoch=True,
        convert_to_iter_based=True,
    ),
    dict(
        type='CosineAnnealingLR',
        begin=2,
        end=40,
        T_max=38,
        eta_min=0.0,
        by_epoch=True,
        convert_to_iter_based=True,
    ),
]
auto_scale_lr = dict(enable=False, base_batch_size=32)
