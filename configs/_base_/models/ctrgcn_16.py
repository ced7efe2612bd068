# A CTR-GCN that trains on one CPU core in minutes.
model = dict(
    type='RecognizerGCN',
    backbone=dict(
        type='CTRGCN',
        base_channels=16,
        num_stages=6,
        inflate_stages=[3, 5],
        down_stages=[3, 5],
        graph_cfg=dict(mode='spatial'),
    ),
    cls_head=dict(
        type='GCNHead', in_channels=64, loss_cls=dict(type='CrossEntropyLoss')
    ),
)
