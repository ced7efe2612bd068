_base_ = [
    '../_base_/datasets/ltnwucla.py',
    '../_base_/models/ctrgcn_small.py',
    '../_base_/schedules/sgd_nwucla.py',
    '../_base_/default_runtime.py',
]

model = dict(
    backbone=dict(graph_cfg=dict(layout='nw-ucla'), num_person=1),
    cls_head=dict(num_classes=10),
)
