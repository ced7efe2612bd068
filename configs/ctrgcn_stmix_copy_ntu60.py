# Table 7: whole parts, copied without resampling.
_base_ = 'ctrgcn_stmix_ntu60.py'

model = dict(data_preprocessor=dict(blending=dict(temporal='copy')))
