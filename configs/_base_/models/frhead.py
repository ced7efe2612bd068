# CTR-GCN of its authors with FR-Head, which training alone uses.
model = dict(
    type='RefinementRecognizerGCN',
    backbone=dict(
        type='CTRGCN',
        variant='authors',
        base_channels=64,
        graph_cfg=dict(layout='nturgb+d', mode='spatial'),
    ),
    cls_head=dict(
        type='GCNHead',
        in_channels=256,
        init_cfg=dict(type='ClassifierNormalInit'),
        loss_cls=dict(type='CrossEntropyLoss'),
    ),
    refinement=dict(
        type='FRHead',
        num_joints=25,
        num_frames=64,
        channels=[64, 128, 256, 256],
    ),
    taps=[0, 4, 7, 9],
)
