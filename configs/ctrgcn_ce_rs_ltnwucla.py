# Cross-entropy, classes drawn alike.
_base_ = 'ctrgcn_ce_ltnwucla.py'

train_dataloader = dict(
    sampler=dict(_delete_=True, type='ClassBalancedSampler')
)
