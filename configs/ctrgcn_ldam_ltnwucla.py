_base_ = 'ctrgcn_ce_ltnwucla.py'

model = dict(
    cls_head=dict(
        type='CosineGCNHead',
        scale=30.0,
        loss_cls=dict(type='LDAMLoss', max_margin=0.5),
    )
)
