# A small network, to see that it trains; no recipe of its authors.
_base_ = [
    '../_base_/datasets/ltnwucla.py',
    '../_base_/models/msg3d.py',
    '../_base_/schedules/sgd_cosine_20e.py',
    '../_base_/default_runtime.py',
]

model = dict(
    backbone=dict(
        graph_cfg=dict(layout='nw-ucla'),
        num_person=1,
        base_channels=24,
        num_gcn_scales=6,
        num_g3d_scales=3,
    ),
    cls_head=dict(num_classes=10, in_channels=96),
)
