# Without the clean half: N samples in a step, as cross-entropy has.
_base_ = 'ctrgcn_tacnnmix_ltnwucla.py'

model = dict(
    data_preprocessor=dict(blending=dict(keep_originals=False)),
    cls_head=dict(loss_cls=dict(loss_weight=1.0)),
)
