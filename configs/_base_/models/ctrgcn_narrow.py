# A CTR-GCN that learns the demo set in minutes on two CPU cores.
model = dict(
    type='RecognizerGCN',
    backbone=dict(
        type='CTRGCN',
        base_channels=16,
        num_stages=4,
        inflate_stages=[2, 4],
        down_stages=[2, 4],
        graph_cfg=dict(layout='nturgb+d', mode='spatial'),
    ),
    cls_head=dict(
        type='GCNHead', in_channels=64, loss_cls=dict(type='CrossEntropyLoss')
    ),
)
