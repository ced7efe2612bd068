# SGN, 20 frames of one person.
model = dict(
    type='RecognizerGCN',
    backbone=dict(
        type='SGN',
        num_frames=20,
        num_person=1,
        graph_cfg=dict(layout='nturgb+d', mode='spatial'),
    ),
    cls_head=dict(
        type='GCNHead',
        in_channels=512,
        init_cfg=dict(type='ClassifierNormalInit'),
        loss_cls=dict(type='CrossEntropyLoss'),
    ),
)
