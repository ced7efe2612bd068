# Cross-entropy, from the data's frequencies to balanced classes.
_base_ = 'ctrgcn_ce_ltnwucla.py'

train_dataloader = dict(sampler=dict(_delete_=True, type='ProgressiveSampler'))
