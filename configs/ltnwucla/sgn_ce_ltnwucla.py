# A small network, to see that it trains; no recipe of its authors.
_base_ = [
    '../_base_/datasets/ltnwucla.py',
    '../_base_/models/sgn.py',
    '../_base_/schedules/sgd_cosine_20e.py',
    '../_base_/default_runtime.py',
]

model = dict(
    backbone=dict(graph_cfg=dict(layout='nw-ucla'), num_frames=32),
    cls_head=dict(num_classes=10),
)
optim_wrapper = dict(
    optimizer=dict(_delete_=True, type='Adam', lr=0.001, weight_decay=1e-4)
)
