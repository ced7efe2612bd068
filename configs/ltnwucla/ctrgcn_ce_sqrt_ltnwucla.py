# Cross-entropy, classes drawn by the square root of their counts.
# Written by tools/docs/make_leaf.py, the same as
# ctrgcn_ce_ltnwucla.py --with sqrt
_base_ = 'ctrgcn_ce_ltnwucla.py'

train_dataloader = dict(
    sampler=dict(_delete_=True, type='ClassBalancedSampler', power=0.5)
)
default_hooks = dict(checkpoint=dict(save_best='acc/mean_class'))
