_base_ = 'ctrgcn_shapmix_ltntu120-pyskl.py'

model = dict(
    backbone=dict(
        _delete_=True,
        type='STGCN',
        graph_cfg=dict(layout='nturgb+d', mode='stgcn_spatial'),
    )
)
