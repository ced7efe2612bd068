# STGCN++ of MMAction2: ST-GCN with learnt graphs, residuals in the graph
# convolution and several temporal scales.
model = dict(
    type='RecognizerGCN',
    backbone=dict(
        type='STGCN',
        gcn_adaptive='init',
        gcn_with_res=True,
        tcn_type='mstcn',
        graph_cfg=dict(layout='nturgb+d', mode='spatial'),
    ),
    cls_head=dict(
        type='GCNHead', in_channels=256, loss_cls=dict(type='CrossEntropyLoss')
    ),
)
