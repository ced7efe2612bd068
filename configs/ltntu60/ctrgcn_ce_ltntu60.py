_base_ = [
    '../_base_/datasets/ltntu60_xsub.py',
    '../_base_/models/ctrgcn.py',
    '../_base_/schedules/sgd_100e.py',
    '../_base_/default_runtime.py',
]

model = dict(cls_head=dict(num_classes=60))
