# MST-GCN, ten blocks, 112 to 448 channels.
model = dict(
    type='RecognizerGCN',
    backbone=dict(
        type='MSTGCN',
        base_channels=112,
        graph_cfg=dict(layout='nturgb+d', mode='spatial'),
    ),
    cls_head=dict(
        type='GCNHead',
        in_channels=448,
        init_cfg=dict(type='ClassifierNormalInit'),
        loss_cls=dict(type='CrossEntropyLoss'),
    ),
)
