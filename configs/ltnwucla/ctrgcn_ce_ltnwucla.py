_base_ = [
    '../_base_/datasets/ltnwucla.py',
    '../_base_/models/ctrgcn_16.py',
    '../_base_/schedules/sgd_cosine_20e.py',
    '../_base_/default_runtime.py',
]

model = dict(
    backbone=dict(graph_cfg=dict(layout='nw-ucla'), num_person=1),
    cls_head=dict(num_classes=10),
)
