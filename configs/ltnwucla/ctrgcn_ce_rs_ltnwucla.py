# Cross-entropy, classes drawn alike.
# Written by tools/docs/make_leaf.py, the same as
# ctrgcn_ce_ltnwucla.py --with rs
_base_ = 'ctrgcn_ce_ltnwucla.py'

train_dataloader = dict(
    sampler=dict(_delete_=True, type='ClassBalancedSampler')
)
default_hooks = dict(checkpoint=dict(save_best='acc/mean_class'))
