# Shift-GCN, ten blocks, 64 to 256 channels.
model = dict(
    type='RecognizerGCN',
    backbone=dict(
        type='ShiftGCN',
        base_channels=64,
        graph_cfg=dict(layout='nturgb+d', mode='spatial'),
    ),
    cls_head=dict(
        type='GCNHead',
        in_channels=256,
        init_cfg=dict(type='ClassifierNormalInit'),
        loss_cls=dict(type='CrossEntropyLoss'),
    ),
)
