# Written by tools/docs/make_leaf.py, the same as
# ctrgcn_ce_ltntu120.py --with ride
_base_ = 'ctrgcn_ce_ltntu120.py'

model = dict(
    type='ExpertRecognizerGCN',
    cls_head=dict(
        type='ExpertGCNHead',
        loss_cls=dict(
            type='ExpertDiversityLoss',
            loss=dict(
                type='DeferredReweightingLoss',
                loss=dict(type='LDAMLoss', max_margin=0.5),
                beta=0.9999,
                start=0.8,
            ),
            diversity=-0.2,
            reweighting=0.05,
        ),
        scale=30.0,
    ),
    num_experts=3,
    width=0.75,
)
default_hooks = dict(checkpoint=dict(save_best='acc/mean_class'))
custom_hooks = [
    dict(type='ClassCountsHook'),
    dict(type='TrainingProgressHook'),
]
