# InfoGCN on bones, k=1; k=8 gives joints, k=2 differences to grandparents.
model = dict(
    type='RecognizerGCN',
    backbone=dict(
        type='InfoGCN',
        base_channels=64,
        k=1,
        graph_cfg=dict(layout='nturgb+d', mode='spatial'),
    ),
    cls_head=dict(
        type='InformationHead',
        in_channels=256,
        label_smooth_eps=0.1,
        init_cfg=dict(type='ClassifierNormalInit'),
        loss_cls=dict(type='CrossEntropyLoss'),
    ),
)
