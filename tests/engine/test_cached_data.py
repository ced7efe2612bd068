"""Caches in configs: whose type changes, and what all pipelines share."""

import pickle

import numpy as np
import pytest
from mmaction.datasets import PoseDataset
from mmengine.config import Config

from shapmix_mm.config.cached_data import (
    serve_caches,
    shared_transforms,
    transform_from_words,
)
from shapmix_mm.config.launch import check_annotations
from shapmix_mm.datasets.cache import leading
from shapmix_mm.datasets.cache.builder import build_cache

CENTER = dict(type='PreNormalize3D', align_spine=False)
REST = [dict(type='PoseDecode'), dict(type='PreNormalize2D')]


def config(*pipelines, **extra):
    names = ('train', 'val', 'test')
    return Config(
        {
            f'{name}_dataloader': dict(
                dataset=dict(type='PoseDataset', pipeline=pipeline)
            )
            for name, pipeline in zip(names, pipelines)
        }
        | extra
    )


@pytest.mark.parametrize(
    ('pipelines', 'expected'),
    [
        ([[CENTER, *REST]], [CENTER]),
        ([[CENTER, *REST], [CENTER], [CENTER, *REST]], [CENTER]),
        ([[CENTER], [CENTER, dict(type='PreNormalize2D')]], [CENTER]),
        ([[dict(type='PreNormalize2D'), CENTER], [CENTER]], []),
        ([REST, [CENTER]], []),
        ([[CENTER, *REST], [dict(CENTER, type='FastPreNormalize3D')]], 1),
    ],
)
def test_what_all_pipelines_begin_with(pipelines, expected):
    found = leading(shared_transforms(config(*pipelines)))
    expected = [CENTER] if expected == 1 else expected
    assert [dict(step['args'], type=step['type']) for step in found] == (
        expected
    )


def test_pipelines_that_disagree():
    cfg = config([CENTER, *REST], [dict(type='PreNormalize3D')])
    with pytest.raises(ValueError, match=r'train_.*align_spine.*val_.*both'):
        shared_transforms(cfg)
    with pytest.raises(ValueError, match='no dataset with a pipeline'):
        shared_transforms(Config(dict(model={})))


def test_words_of_a_command_line():
    step = transform_from_words(
        ['PreNormalize3D', 'align_spine=False', 'zaxis=[1, 0]', 'xaxis=(2,3)']
    )
    assert leading([step]) == [
        dict(
            type='PreNormalize3D',
            args=dict(align_spine=False, zaxis=[1, 0], xaxis=[2, 3]),
        )
    ]
    with pytest.raises(KeyError, match='NoSuch'):
        transform_from_words(['NoSuch'])
    with pytest.raises(TypeError, match='wrong'):
        transform_from_words(['PreNormalize3D', 'wrong=1'])
    for word in ('align', '=1', 'a b=1'):
        with pytest.raises(ValueError, match='no KEY=VALUE'):
            transform_from_words(['PreNormalize3D', word])


@pytest.fixture
def cache(tmp_path):
    sample = dict(frame_dir='a', label=0, total_frames=2)
    sample['keypoint'] = np.ones((1, 2, 25, 3))
    path = tmp_path / 'a.pkl'
    content = dict(split=dict(train=['a']), annotations=[sample])
    path.write_bytes(pickle.dumps(content))
    build_cache(path, tmp_path / 'a.cache')
    return tmp_path / 'a.cache'


@pytest.mark.parametrize(
    'kind', ['PoseDataset', 'mmaction.PoseDataset', PoseDataset]
)
def test_stock_datasets_get_to_read_a_cache(cache, kind):
    stock = dict(type=kind, ann_file=str(cache), split='train')
    below = dict(stock, ann_file='a.cache', data_root=str(cache.parent))
    file = dict(type=kind, ann_file=str(cache.with_suffix('.pkl')))
    ours = dict(type='LongTailedPoseDataset', ann_file=str(cache))
    cfg = Config(
        dict(
            train_dataloader=dict(
                dataset=dict(type='RepeatDataset', times=2, dataset=stock)
            ),
            val_dataloader=dict(
                dataset=dict(type='ConcatDataset', datasets=[below, file])
            ),
            test_dataloader=dict(dataset=ours),
        )
    )
    check_annotations(cfg, 'train_dataloader', 'val_dataloader')
    assert cfg.train_dataloader.dataset.dataset.type == 'CachedPoseDataset'
    one, two = cfg.val_dataloader.dataset.datasets
    assert (one.type, two.type) == ('CachedPoseDataset', kind)
    assert cfg.test_dataloader.dataset.type == 'LongTailedPoseDataset'


def test_nothing_to_change(tmp_path):
    for path in ('none.pkl', 's3://bucket/a', '', None):
        dataset = dict(type='PoseDataset', ann_file=path)
        cfg = Config(dict(train_dataloader=dict(dataset=dataset)))
        serve_caches(cfg)
        assert cfg.train_dataloader.dataset.type == 'PoseDataset'
    serve_caches(Config(dict(train_dataloader=None)))
