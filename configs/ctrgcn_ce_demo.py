_base_ = [
    '_base_/datasets/demo.py',
    '_base_/models/ctrgcn_narrow.py',
    '_base_/schedules/sgd_demo.py',
    '_base_/default_runtime.py',
]

model = dict(cls_head=dict(num_classes=16))
