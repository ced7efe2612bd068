# HD-GCN, centre of mass 1; its others are groups='com2' and 'com21'.
model = dict(
    type='RecognizerGCN',
    backbone=dict(
        type='HDGCN',
        base_channels=64,
        groups='com1',
        graph_cfg=dict(layout='nturgb+d', mode='spatial'),
    ),
    cls_head=dict(
        type='GCNHead',
        in_channels=256,
        init_cfg=dict(type='ClassifierNormalInit'),
        loss_cls=dict(type='CrossEntropyLoss'),
    ),
)
