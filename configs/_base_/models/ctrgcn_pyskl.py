# CTR-GCN as MMAction2's port has it, whose checkpoints it loads: a ReLU more
# than the authors' network, and the relation the other way round.
model = dict(
    type='RecognizerGCN',
    backbone=dict(
        type='CTRGCN', graph_cfg=dict(layout='nturgb+d', mode='spatial')
    ),
    cls_head=dict(
        type='GCNHead', in_channels=256, loss_cls=dict(type='CrossEntropyLoss')
    ),
)
