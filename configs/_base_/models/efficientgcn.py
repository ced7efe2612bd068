# EfficientGCN-B4 with the layers of the journal; it makes its three inputs.
model = dict(
    type='RecognizerGCN',
    backbone=dict(
        type='EfficientGCN',
        scale=4,
        layer='sg',
        graph_cfg=dict(layout='nturgb+d', mode='spatial'),
    ),
    cls_head=dict(
        type='GCNHead',
        in_channels=272,
        dropout=0.25,
        init_cfg=dict(type='ClassifierNormalInit'),
        loss_cls=dict(type='CrossEntropyLoss'),
    ),
)
