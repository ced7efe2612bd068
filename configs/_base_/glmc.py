# Mixin: global and local mixture consistency. Each sample and a partner from
# balanced draws, of two views each, are mixed as a whole and in a box.
custom_imports = dict(imports=['shapmix_mm'])

model = dict(
    type='ViewRecognizerGCN',
    # The batch norms see the two mixtures one after the other.
    joint=False,
    data_preprocessor=dict(
        type='ActionDataPreprocessor',
        blending=dict(type='GlobalLocalBlending', keep_originals=False),
    ),
    cls_head=dict(
        type='MixtureConsistencyHead',
        embed_channels=256,
        loss_cls=dict(
            type='MixtureConsistencyLoss', consistency=4.0, power=1.2
        ),
    ),
)
train_dataloader = dict(
    sampler=dict(_delete_=True, type='PairedSampler', power=0.2)
)
data_variant = dict(views=2, batch=2)

custom_hooks = [
    dict(type='ClassCountsHook'),
    dict(type='TrainingProgressHook'),
]
val_evaluator = [dict(type='LongTailMetric')]
test_evaluator = [dict(type='LongTailMetric')]
