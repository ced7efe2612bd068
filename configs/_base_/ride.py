# Mixin: RIDE with three experts, stage 1. LDAM-DRW per expert, and a term
# that drives them apart.
custom_imports = dict(imports=['shapmix_mm'])

model = dict(
    type='ExpertRecognizerGCN',
    num_experts=3,
    width=0.75,
    cls_head=dict(
        type='ExpertGCNHead',
        scale=30.0,
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
    ),
)

custom_hooks = [
    dict(type='ClassCountsHook'),
    dict(type='TrainingProgressHook'),
]
val_evaluator = [dict(type='LongTailMetric')]
test_evaluator = [dict(type='LongTailMetric')]
