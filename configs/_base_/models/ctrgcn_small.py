# A CTR-GCN that trains on two CPU cores.
model = dict(
    type='RecognizerGCN',
    backbone=dict(
        type='CTRGCN',
        base_channels=32,
        num_stages=6,
        inflate_stages=[3, 5],
        down_stages=[3, 5],
        graph_cfg=dict(mode='spatial'),
    ),
    cls_head=dict(
        type='GCNHead', in_channels=128, loss_cls=dict(type='CrossEntropyLoss')
    ),
)
