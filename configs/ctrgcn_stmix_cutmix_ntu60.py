# Table 6: Cut-Mix alone, with the mask of ST-Mix.
_base_ = 'ctrgcn_stmix_ntu60.py'

model = dict(data_preprocessor=dict(blending=dict(mixup_prob=0.0)))
