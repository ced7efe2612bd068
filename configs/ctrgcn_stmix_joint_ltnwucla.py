# Table 7: joints of any part, resampled in time.
_base_ = 'ctrgcn_stmix_ltnwucla.py'

model = dict(data_preprocessor=dict(blending=dict(spatial='joint')))
