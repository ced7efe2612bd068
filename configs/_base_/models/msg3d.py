# MS-G3D, 13 scales of joints and 6 of windows.
model = dict(
    type='RecognizerGCN',
    backbone=dict(
        type='MSG3D',
        base_channels=96,
        graph_cfg=dict(layout='nturgb+d', mode='spatial'),
    ),
    cls_head=dict(
        type='GCNHead',
        in_channels=384,
        init_cfg=dict(type='ClassifierNormalInit'),
        loss_cls=dict(type='CrossEntropyLoss'),
    ),
)
