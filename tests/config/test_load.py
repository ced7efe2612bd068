"""Exchanging transforms by name, by hand and in stock configs."""

from __future__ import annotations

import numpy as np
import pytest
from mmaction.registry import TRANSFORMS
from mmengine.config import Config
from mmengine.dataset import Compose

from shapmix_mm.config.load import substitute_transforms
from shapmix_mm.config.mixins import load_config

STGCN = (
    'mmaction::skeleton/stgcn/'
    'stgcn_8xb16-joint-u100-80e_ntu60-xsub-keypoint-3d.py'
)
LEAF = """\
_base_ = [{stock!r}, {mixin!r}]
"""


def types(pipeline):
    return [step['type'] for step in pipeline]


def loaders(cfg):
    for name in ('train', 'val', 'test'):
        dataset = cfg[f'{name}_dataloader'].dataset
        yield dataset.get('dataset', dataset).pipeline


@pytest.fixture
def swapped():
    cfg = Config(
        dict(
            transform_substitutes=dict(A='FastPoseDecode'),
            other=[dict(type='A'), dict(pipeline='A', type='A')],
            train_pipeline=[
                dict(type='A', size=3),
                dict(type='B', transforms=[dict(type='mmaction.A')]),
                dict(type=dict, kind='A'),
            ],
            loader=dict(
                dataset=dict(dataset=dict(type='A', pipeline=[dict(type='A')]))
            ),
        )
    )
    assert substitute_transforms(cfg) == 3
    return cfg


def test_arguments_and_everything_outside_pipelines_stay(swapped):
    first, second, third = swapped.train_pipeline
    assert first == dict(type='FastPoseDecode', size=3)
    assert second.transforms == [dict(type='FastPoseDecode')]
    assert third == dict(type=dict, kind='A')
    assert types(swapped.other) == ['A', 'A']
    inner = swapped.loader.dataset.dataset
    assert inner.type == 'A' and types(inner.pipeline) == ['FastPoseDecode']


def test_twice_is_once(swapped):
    before = swapped.to_dict()
    assert substitute_transforms(swapped) == 0
    assert swapped.to_dict() == before


def test_no_key_no_change():
    cfg = Config(dict(pipeline=[dict(type='PoseDecode')]))
    assert substitute_transforms(cfg) == 0
    assert types(cfg.pipeline) == ['PoseDecode']


@pytest.mark.parametrize('key', ['ntu60', 'ntu120', '2d'])
def test_a_stock_config_whole(key):
    path = STGCN.replace('3d', key) if key == '2d' else STGCN
    path = path.replace('ntu60', key) if 'ntu' in key else path
    stock, cfg = load_config(path), load_config(path, ['fast_transforms'])
    for before, after in zip(loaders(stock), loaders(cfg)):
        assert types(before)[-1] == types(after)[-1] == 'PackActionInputs'
        kept = [k for k in types(after)[:-1] if not k.startswith('Fast')]
        assert kept == (['PreNormalize2D'] if key == '2d' else [])
        for one, other in zip(before, after):
            assert other == {**one, 'type': other['type']}
            assert other['type'].removeprefix('Fast') == one['type']
    assert types(cfg.train_pipeline) == types(next(loaders(cfg)))
    assert 'shapmix_mm' in cfg.custom_imports.imports


@pytest.mark.parametrize('pipeline', ['train', 'val', 'test'])
def test_a_stock_pipeline_gives_the_same_batch(pipeline):
    number = ['train', 'val', 'test'].index(pipeline)
    outcomes = []
    for mixins in ([], ['fast_transforms']):
        steps = list(loaders(load_config(STGCN, mixins)))[number]
        run = Compose([TRANSFORMS.build(step) for step in steps])
        rng = np.random.RandomState(0)
        np.random.seed(3)
        inputs = []
        for frames in (60, 84, 130, 250):
            pose = rng.randn(rng.randint(1, 3), frames, 25, 3)
            packed = run(
                dict(
                    label=1,
                    total_frames=frames,
                    keypoint=pose.astype(np.float32),
                )
            )
            inputs.append(packed['inputs'].numpy())
        outcomes.append((inputs, np.random.rand()))
    (want, after), (got, own_after) = outcomes
    for one, other in zip(want, got):
        np.testing.assert_array_equal(one, other)
    assert after == own_after


def test_as_the_base_of_a_leaf(tmp_path):
    mixin = tmp_path / 'mixin.py'
    mixin.write_text(
        "transform_substitutes = dict(PoseDecode='FastPoseDecode')"
    )
    leaf = tmp_path / 'leaf.py'
    leaf.write_text(LEAF.format(stock=STGCN, mixin=mixin.name))
    cfg = load_config(str(leaf))
    assert types(cfg.train_pipeline)[3] == 'FastPoseDecode'
    assert types(cfg.train_pipeline)[0] == 'PreNormalize3D'


@pytest.mark.parametrize(
    'names, error, words',
    [
        (['A'], TypeError, "must map names.*got \\['A'\\]"),
        (dict(A=dict(type='B')), TypeError, 'must map names'),
        (dict(PoseDecode='QuickDecode'), ValueError, "'QuickDecode' for 'Po"),
    ],
)
def test_bad_substitutes_are_named(names, error, words):
    cfg = Config(dict(transform_substitutes=names))
    with pytest.raises(error, match=words):
        substitute_transforms(cfg)
