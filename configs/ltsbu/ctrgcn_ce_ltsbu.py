_base_ = [
    '../_base_/datasets/ltsbu.py',
    '../_base_/models/ctrgcn_16.py',
    '../_base_/schedules/sgd_cosine_40e.py',
    '../_base_/default_runtime.py',
]

model = dict(
    backbone=dict(graph_cfg=dict(layout='sbu'), num_person=2),
    cls_head=dict(num_classes=8),
)
