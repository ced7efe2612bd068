# Cross-entropy, classes drawn by the square root of their counts.
_base_ = 'ctrgcn_ce_ltnwucla.py'

train_dataloader = dict(
    sampler=dict(_delete_=True, type='ClassBalancedSampler', power=0.5)
)
