"""Mixins that change the data of whatever config they meet."""

from __future__ import annotations

import copy

import numpy as np
import pytest
from mmaction.registry import TRANSFORMS
from mmengine.config import Config

from shapmix_mm.config.data import innermost
from shapmix_mm.config.mixins import apply_mixin, load_config
from shapmix_mm.config.variants import in_effective_epochs, vary_data
from shapmix_mm.skeletons import get_layout

STOCK = (
    'mmaction::skeleton/stgcn/'
    'stgcn_8xb16-joint-u100-80e_ntu60-xsub-keypoint-3d.py'
)


def datasets(cfg):
    return [
        node
        for part in ('train', 'val', 'test')
        for node in innermost(cfg.get(f'{part}_dataloader'))
    ]


def feats(cfg):
    return [
        step['feats']
        for node in datasets(cfg)
        for step in node['pipeline']
        if 'feats' in step
    ]


@pytest.mark.parametrize(
    'name, key', [('bone', 'b'), ('jointmotion', 'jm'), ('bonemotion', 'bm')]
)
def test_a_stream_of_a_stock_config_is_mmaction2s_own(name, key):
    cfg = load_config(STOCK, [name])
    hyphened = name.replace('motion', '-motion')
    stock = load_config(STOCK.replace('joint-', f'{hyphened}-'))
    assert feats(cfg) == feats(stock) == [[key]] * 3
    assert datasets(cfg) == datasets(stock)
    assert cfg.train_pipeline == stock.train_pipeline


@pytest.mark.parametrize(
    'name, key', [('jointacceleration', 'ja'), ('boneacceleration', 'ba')]
)
def test_the_streams_of_stream_gcn(name, key):
    cfg = load_config('shapmix_mm::streamgcn_ce_ntu60.py', [name])
    assert feats(cfg) == [[key]] * 3


@pytest.mark.parametrize('kind, channels', [('3d', 3), ('2d', 2)])
@pytest.mark.parametrize(
    'name', ['skip', 'skipmotion', 'jointacceleration', 'boneacceleration']
)
def test_streams_that_mmaction2_does_not_know_on_its_configs(
    name, kind, channels
):
    cfg = load_config(
        STOCK.replace('3d', kind), ['fast_transforms', name, 'shapmix']
    )
    layout = cfg.model.data_preprocessor.blending.layout
    num_joints = get_layout(layout).num_joints
    for node in datasets(cfg):
        (spec,) = (step for step in node['pipeline'] if 'feats' in step)
        results = dict(
            keypoint=np.random.rand(2, 5, num_joints, channels),
            frame_dir='sample',
        )
        if channels == 2:
            results['keypoint_score'] = np.random.rand(2, 5, num_joints)
        step = TRANSFORMS.build(spec)
        assert step.layout.name == layout
        shape = step(results)['keypoint'].shape
        assert shape == (2, 5, num_joints, 3)


def test_a_split_of_a_stock_config():
    stock, cfg = load_config(STOCK), load_config(STOCK, ['xview'])
    assert [d.split for d in datasets(cfg)] == [
        *('xview_train', 'xview_val', 'xview_val')
    ]
    for one, other in zip(datasets(stock), datasets(cfg)):
        assert other == {**one, 'split': other.split}


def long_tailed(longtail, **extra):
    node = dict(
        split='xsub_train',
        train_split='xsub_train',
        num_classes=120,
        longtail=longtail,
    )
    wrapped = dict(type='RepeatDataset', times=2, dataset=copy.deepcopy(node))
    node.update(split='xsub_val')
    return Config(
        dict(
            longtail=copy.deepcopy(longtail),
            train_dataloader=dict(dataset=wrapped),
            val_dataloader=dict(dataset=node),
            **extra,
        )
    )


def test_a_rule_follows_the_split_and_a_file_its_name():
    cfg = long_tailed(dict(n_max=600, imbalance=100, names='performer'))
    vary_data(cfg, split='xset', imbalance=10)
    wanted = dict(n_max=400, imbalance=10, names='name')
    assert cfg.longtail == wanted
    assert [d.longtail for d in datasets(cfg)] == [wanted] * 2
    assert [(d.split, d.train_split) for d in datasets(cfg)] == [
        ('xset_train', 'xset_train'),
        ('xset_val', 'xset_train'),
    ]
    cfg = long_tailed(dict(file='a/if1_xsub_if100.txt'))
    vary_data(cfg, split='xview', imbalance=50)
    assert {d.longtail.file for d in datasets(cfg)} == {'a/if1_xview_if50.txt'}
    assert cfg.longtail.file == 'a/if1_xview_if50.txt'


@pytest.mark.parametrize(
    'variant, words',
    [
        (dict(stream='b'), 'data_variant.stream: .*SkeletonFeatures'),
        (dict(split='xset'), 'data_variant.split: .*xsub_train'),
        (dict(imbalance=50), 'data_variant.imbalance: .*longtail'),
    ],
)
def test_a_config_without_the_like_is_told(variant, words):
    cfg = Config(dict(train_dataloader=dict(dataset=dict(split='train'))))
    with pytest.raises(ValueError, match=words):
        vary_data(cfg, **variant)


def test_a_list_that_names_no_factor_is_told():
    cfg = long_tailed(dict(file='mine.txt'))
    with pytest.raises(ValueError, match='mine.txt names no imbalance'):
        vary_data(cfg, imbalance=50)


def test_passes_become_epochs_of_a_repeated_set():
    cfg = long_tailed(None)
    mixin = dict(
        train_cfg=dict(max_epochs=10, val_interval=5),
        param_scheduler=[dict(T_max=10), dict(begin=0, end=1)],
    )
    in_effective_epochs(cfg, mixin)
    assert mixin == dict(
        train_cfg=dict(max_epochs=5, val_interval=2),
        param_scheduler=[dict(T_max=5), dict(begin=0, end=1)],
    )


def test_passes_of_every_schedule_and_no_iterations():
    repeated = dict(type='RepeatDataset', times=5, dataset=dict(type='X'))
    cfg = Config(dict(train_dataloader=dict(dataset=repeated)))
    mixin = dict(
        train_cfg=dict(by_epoch=True, max_epochs=50, val_begin=10),
        param_scheduler=[
            dict(type='LinearLR', by_epoch=False, end=500),
            dict(type='MultiStepLR', milestones=[20, 40], end=50),
        ],
    )
    in_effective_epochs(cfg, mixin)
    assert mixin == dict(
        train_cfg=dict(by_epoch=True, max_epochs=10, val_begin=2),
        param_scheduler=[
            dict(type='LinearLR', by_epoch=False, end=500),
            dict(type='MultiStepLR', milestones=[4, 8], end=10),
        ],
    )
    single = dict(param_scheduler=dict(type='StepLR', step_size=25))
    in_effective_epochs(cfg, single)
    assert single['param_scheduler'] == dict(type='StepLR', step_size=5)


def test_what_speaks_of_the_data_is_no_setting_of_the_run():
    cfg = long_tailed(dict(imbalance=100), model=dict())
    apply_mixin(
        cfg,
        Config(dict(data_variant=dict(imbalance=2), effective_epochs=True)),
    )
    assert not {'data_variant', 'effective_epochs'} & set(cfg)
    assert cfg.longtail.imbalance == 2


@pytest.mark.parametrize('given', [dict(), dict(save_best='auto')])
def test_the_best_checkpoint_is_that_of_all_classes(given):
    cfg = Config(
        dict(
            model=dict(),
            val_dataloader=dict(),
            val_evaluator=dict(type='AccMetric'),
            default_hooks=dict(checkpoint=dict(given, interval=2)),
        )
    )
    apply_mixin(cfg, Config(dict(custom_hooks=[dict(type='EMAHook')])))
    assert cfg.default_hooks.checkpoint == dict(given, interval=2)
    apply_mixin(cfg, Config(dict(val_evaluator=[dict(type='LongTailMetric')])))
    assert cfg.default_hooks.checkpoint == dict(
        interval=2, save_best='acc/mean_class'
    )
