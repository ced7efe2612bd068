_base_ = [
    '../_base_/datasets/k400.py',
    '../_base_/models/ctrgcn.py',
    '../_base_/schedules/sgd_cosine_70e.py',
    '../_base_/default_runtime.py',
]

model = dict(
    backbone=dict(graph_cfg=dict(layout='coco')),
    cls_head=dict(num_classes=400),
)
