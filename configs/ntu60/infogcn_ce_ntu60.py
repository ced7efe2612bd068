_base_ = [
    '../_base_/datasets/ntu60_xsub.py',
    '../_base_/models/infogcn.py',
    '../_base_/schedules/infogcn.py',
    '../_base_/default_runtime.py',
]

# Each person in the axes of its own first frame.
for _pipeline in (_base_.train_pipeline, _base_.test_pipeline):
    _pipeline.insert(1, dict(type='AlignPersons'))
del _pipeline
train_dataloader = dict(
    batch_size=128, dataset=dict(pipeline=_base_.train_pipeline)
)
val_pipeline = _base_.test_pipeline
val_dataloader = dict(dataset=dict(pipeline=val_pipeline))
test_dataloader = val_dataloader
model = dict(cls_head=dict(num_classes=60))
