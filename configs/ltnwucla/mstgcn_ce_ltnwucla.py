# A small network, to see that it trains; no recipe of its authors.
_base_ = [
    '../_base_/datasets/ltnwucla.py',
    '../_base_/models/mstgcn.py',
    '../_base_/schedules/sgd_cosine_20e.py',
    '../_base_/default_runtime.py',
]

model = dict(
    backbone=dict(
        graph_cfg=dict(layout='nw-ucla'),
        num_person=1,
        base_channels=32,
        num_stages=6,
        inflate_stages=[3, 5],
        down_stages=[3, 5],
    ),
    cls_head=dict(num_classes=10, in_channels=128),
)
