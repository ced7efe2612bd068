_base_ = [
    '../_base_/datasets/ntu120_xsub.py',
    '../_base_/models/hdgcn.py',
    '../_base_/schedules/hdgcn.py',
    '../_base_/default_runtime.py',
]

model = dict(cls_head=dict(num_classes=120))
