# CTR-GCN as published: ten blocks, 64 to 256 channels.
model = dict(
    type='RecognizerGCN',
    backbone=dict(
        type='CTRGCN',
        variant='authors',
        graph_cfg=dict(layout='nturgb+d', mode='spatial'),
    ),
    cls_head=dict(
        type='GCNHead',
        in_channels=256,
        init_cfg=dict(type='ClassifierNormalInit'),
        loss_cls=dict(type='CrossEntropyLoss'),
    ),
)
