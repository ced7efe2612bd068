# Cross-entropy, random over-sampling, cut to the steps of the other rows.
# Written by tools/docs/make_leaf.py, the same as
# ctrgcn_ce_ltnwucla.py --with ros
_base_ = 'ctrgcn_ce_ltnwucla.py'

train_dataloader = dict(
    sampler=dict(_delete_=True, type='RandomOverSampler', length='dataset')
)
default_hooks = dict(checkpoint=dict(save_best='acc/mean_class'))
