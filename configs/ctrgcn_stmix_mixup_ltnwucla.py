# Table 6: Mixup alone.
_base_ = 'ctrgcn_stmix_ltnwucla.py'

model = dict(data_preprocessor=dict(blending=dict(mixup_prob=1.0)))
