_base_ = [
    '../_base_/datasets/ntu120_xsub.py',
    '../_base_/models/frhead.py',
    '../_base_/schedules/sgd_65e.py',
    '../_base_/default_runtime.py',
]

model = dict(cls_head=dict(num_classes=120), refinement=dict(num_classes=120))
