"""Reading both styles of configs, and exchanging transforms by name."""

from __future__ import annotations

import re

import numpy as np
import pytest
from mmaction.registry import TRANSFORMS
from mmengine.config import Config
from mmengine.dataset import Compose

from shapmix_mm.config.load import read_config, substitute_transforms
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


# MMEngine's newer style: classes instead of names, bases by import.
NEW_BASE = """\
from mmaction.datasets import (
    FormatGCNInput, GenSkeFeat, PackActionInputs, PoseDataset, PoseDecode,
    PreNormalize3D, UniformSampleFrames)
from mmaction.evaluation import AccMetric
from mmaction.models import GCNHead, RecognizerGCN, STGCN
from mmengine.dataset import DefaultSampler
from mmengine.hooks import CheckpointHook
from mmengine.runner import EpochBasedTrainLoop, ValLoop
from torch.optim import SGD

model = dict(
    type=RecognizerGCN,
    backbone=dict(
        type=STGCN, graph_cfg=dict(layout='coco', mode='stgcn_spatial')),
    cls_head=dict(type=GCNHead, num_classes=7, in_channels=256))
train_pipeline = [
    dict(type=PreNormalize3D),
    dict(type=GenSkeFeat, dataset='coco', feats=['j']),
    dict(type=UniformSampleFrames, clip_len=8), dict(type=PoseDecode),
    dict(type=FormatGCNInput, num_person=2), dict(type=PackActionInputs)]
train_dataloader = dict(
    batch_size=2,
    sampler=dict(type=DefaultSampler, shuffle=True),
    dataset=dict(type=PoseDataset, ann_file='x.pkl', split='xsub_train',
                 pipeline=train_pipeline))
val_dataloader = dict(
    batch_size=2,
    sampler=dict(type=DefaultSampler, shuffle=False),
    dataset=dict(type=PoseDataset, ann_file='x.pkl', split='xsub_val',
                 pipeline=train_pipeline, test_mode=True))
test_dataloader = val_dataloader
val_evaluator = [dict(type=AccMetric)]
test_evaluator = val_evaluator
train_cfg = dict(type=EpochBasedTrainLoop, max_epochs=2, val_interval=1)
val_cfg = dict(type=ValLoop)
optim_wrapper = dict(optimizer=dict(type=SGD, lr=0.1))
default_hooks = dict(checkpoint=dict(type=CheckpointHook, save_best='auto'))
default_scope = 'mmaction'
"""
NEW_LEAF = """\
from mmengine.config import read_base

with read_base():
    from .base import *

model.update(dict(cls_head=dict(num_classes=5)))
"""


@pytest.fixture
def both_styles(tmp_path):
    """The same config in the newer and in the older style."""
    (tmp_path / 'base.py').write_text(NEW_BASE)
    (tmp_path / 'new.py').write_text(NEW_LEAF)
    lines = NEW_BASE.partition('model = ')
    text = re.sub(r'type=(\w+)', r"type='\1'", lines[1] + lines[2])
    text = text.replace('num_classes=7', 'num_classes=5')
    (tmp_path / 'old.py').write_text(text)
    return [str(tmp_path / f'{name}.py') for name in ('new', 'old')]


@pytest.mark.parametrize(
    'mixins',
    [
        (),
        ('balsoftmax',),
        ('fast_transforms',),
        ('shapmix', 'bone', 'rs'),
        ('crt', 'xview'),
    ],
    ids=' '.join,
)
def test_mixins_work_alike_in_both_styles_of_mmengine(
    both_styles, mixins, tmp_path
):
    new, old = (load_config(path, mixins) for path in both_styles)
    assert new.to_dict() == old.to_dict()
    assert new.filename == both_styles[0]
    new.dump(tmp_path / 'dumped.py')
    dumped = Config.fromfile(tmp_path / 'dumped.py')
    assert dumped.to_dict() == new.to_dict()


def test_a_mixin_in_the_newer_style(both_styles, tmp_path):
    mixin = tmp_path / 'mine.py'
    mixin.write_text(
        'from mmaction.evaluation import AccMetric\n'
        'from shapmix_mm.evaluation import LongTailMetric\n'
        'val_evaluator = [dict(type=AccMetric, metric_options=dict()), '
        'dict(type=LongTailMetric, many=5, few=2)]\n'
    )
    for path in both_styles:
        cfg = load_config(path, [str(mixin)])
        assert types(cfg.val_evaluator) == ['AccMetric', 'LongTailMetric']
        assert cfg.default_hooks.checkpoint.save_best == 'acc/mean_class'


def test_classes_that_no_registry_knows_and_other_objects(tmp_path):
    path = tmp_path / 'new.py'
    path.write_text(
        'from collections import OrderedDict\na = dict(type=OrderedDict)\n'
    )
    assert read_config(str(path)).a.type == 'collections.OrderedDict'
    path.write_text(
        'from torch import float16\na = dict(b=[dict(dtype=float16)])\n'
    )
    with pytest.raises(
        ValueError, match='a.b.0.dtype is float16, an imported'
    ):
        read_config(str(path))


def test_delete_where_there_is_nothing_to_delete(tmp_path):
    leaf = tmp_path / 'leaf.py'
    (tmp_path / 'base.py').write_text("a = dict(x='text')\n")
    leaf.write_text(
        "_base_ = 'base.py'\nb = dict(_delete_=True, y=1)\n"
        'a = dict(x=dict(_delete_=True, z=1), w=[dict(_delete_=True)])\n'
    )
    cfg = load_config(str(leaf))
    assert cfg.to_dict() == dict(a=dict(x=dict(z=1), w=[{}]), b=dict(y=1))
