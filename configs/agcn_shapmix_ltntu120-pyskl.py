_base_ = 'ctrgcn_shapmix_ltntu120-pyskl.py'

model = dict(
    backbone=dict(
        _delete_=True,
        type='AAGCN',
        gcn_attention=False,
        graph_cfg=dict(layout='nturgb+d', mode='spatial'),
    )
)
