# Stream-GCN, one stream of six.
model = dict(
    type='RecognizerGCN',
    backbone=dict(
        type='StreamGCN',
        base_channels=64,
        graph_cfg=dict(layout='nturgb+d', mode='spatial'),
    ),
    cls_head=dict(
        type='StreamHead',
        in_channels=256,
        label_smooth_eps=0.01,
        init_cfg=dict(type='ClassifierNormalInit'),
        loss_cls=dict(type='CrossEntropyLoss'),
    ),
)
