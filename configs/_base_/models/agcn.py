# 2s-AGCN, one stream of it: AAGCN of MMAction2 without its attention.
model = dict(
    type='RecognizerGCN',
    backbone=dict(
        type='AAGCN',
        gcn_attention=False,
        graph_cfg=dict(layout='nturgb+d', mode='spatial'),
    ),
    cls_head=dict(
        type='GCNHead', in_channels=256, loss_cls=dict(type='CrossEntropyLoss')
    ),
)
