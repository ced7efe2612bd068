_base_ = [
    '../_base_/datasets/ltntu120_xsub_pyskl.py',
    '../_base_/models/ctrgcn_pyskl.py',
    '../_base_/schedules/sgd_cosine_16e.py',
    '../_base_/default_runtime.py',
]

model = dict(cls_head=dict(num_classes=120))
