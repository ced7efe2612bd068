_base_ = [
    '../_base_/datasets/ntu120_xsub.py',
    '../_base_/models/msg3d.py',
    '../_base_/schedules/msg3d.py',
    '../_base_/default_runtime.py',
]

# 2s-AGCN's preparation: turned upright, 300 frames, no augmentation.
for _pipeline in (_base_.train_pipeline, _base_.test_pipeline):
    _pipeline[:2] = [
        dict(type='PreNormalize3D'),
        dict(type='PadFrames', clip_len=300),
    ]
del _base_.train_pipeline[2], _pipeline
train_dataloader = dict(
    batch_size=32, dataset=dict(pipeline=_base_.train_pipeline)
)
val_pipeline = _base_.test_pipeline
val_dataloader = dict(dataset=dict(pipeline=val_pipeline))
test_dataloader = val_dataloader
model = dict(cls_head=dict(num_classes=120))
