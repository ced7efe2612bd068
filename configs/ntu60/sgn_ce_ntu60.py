_base_ = [
    '../_base_/datasets/ntu60_xsub.py',
    '../_base_/models/sgn.py',
    '../_base_/schedules/sgn.py',
    '../_base_/default_runtime.py',
]

# Persons after each other, a frame from each of 20 segments; five clips in
# testing.
_sample = dict(type='UniformSampleFrames', clip_len=20)
for _pipeline, _more in (
    (_base_.train_pipeline, dict()),
    (_base_.test_pipeline, dict(num_clips=5, test_mode=True)),
):
    _pipeline[1:2] = [
        dict(type='MergePersons'),
        dict(_sample, **_more),
        dict(type='PoseDecode'),
    ]
    _pipeline[-2]['num_person'] = 1
del _sample, _pipeline, _more
train_dataloader = dict(dataset=dict(pipeline=_base_.train_pipeline))
val_pipeline = _base_.test_pipeline
val_dataloader = dict(dataset=dict(pipeline=val_pipeline))
test_dataloader = val_dataloader
model = dict(cls_head=dict(num_classes=60, label_smooth_eps=0.1 * 60 / 59))
