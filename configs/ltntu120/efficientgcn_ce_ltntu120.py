_base_ = [
    '../_base_/datasets/ltntu120_xsub.py',
    '../_base_/models/efficientgcn.py',
    '../_base_/schedules/efficientgcn.py',
    '../_base_/default_runtime.py',
]

# Raw coordinates, 288 frames, no augmentation.
for _pipeline in (_base_.train_pipeline, _base_.test_pipeline):
    _pipeline[:2] = [dict(type='PadFrames', clip_len=288, mode='zero')]
del _base_.train_pipeline[1], _pipeline
train_dataloader = dict(
    batch_size=16, dataset=dict(pipeline=_base_.train_pipeline)
)
val_pipeline = _base_.test_pipeline
val_dataloader = dict(dataset=dict(pipeline=val_pipeline))
test_dataloader = val_dataloader
model = dict(cls_head=dict(num_classes=120))
