_base_ = 'ctrgcn_shapmix_ltntu120.py'

model = dict(
    backbone=dict(
        _delete_=True,
        type='STGCN',
        gcn_adaptive='init',
        gcn_with_res=True,
        tcn_type='mstcn',
        graph_cfg=dict(layout='nturgb+d', mode='spatial'),
    )
)
