"""Caches in configs: whose type changes, and what all pipelines share."""

import pickle
from types import SimpleNamespace

import numpy as np
import pytest
from mmaction.datasets import PoseDataset
from mmaction.datasets.transforms import (
    GeneratePoseTarget,
    GenSkeFeat,
    JointToBone,
    ToMotion,
)
from mmengine.config import Config
from torch.utils.data import ConcatDataset

from shapmix_mm.config.data import (
    build_split,
    serve_caches,
    shared_transforms,
    stream_features,
    transform_from_words,
)
from shapmix_mm.config.launch import check_annotations
from shapmix_mm.datasets import (
    FastGenSkeFeat,
    FormatHeatmaps,
    SkeletonFeatures,
)
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


@pytest.fixture
def whole(tmp_path):
    entry = dict(label=0, total_frames=4, keypoint=np.ones((1, 4, 3, 3)))
    split = dict(fit=['a', 'b'], check=['c'], other=['a', 'b', 'c'])
    path = tmp_path / 'a.pkl'
    annotations = [dict(entry, frame_dir=name) for name in 'abc']
    path.write_bytes(pickle.dumps(dict(split=split, annotations=annotations)))

    def dataset(split, clips):
        pipeline = [dict(type='UniformSampleFrames', clip_len=clips)]
        return dict(
            type='PoseDataset',
            ann_file=str(path),
            split=split,
            pipeline=pipeline,
        )

    train, test = dataset('fit', 1), dataset('check', 2)
    wrapped = dict(type='ConcatDataset', datasets=[train, train])
    return Config(
        dict(
            train_dataloader=dict(
                dataset=dict(type='RepeatDataset', times=3, dataset=wrapped)
            ),
            test_dataloader=dict(dataset=test),
        )
    )


def lengths(dataset):
    parts = getattr(dataset, 'datasets', [dataset])
    return {part.pipeline.transforms[0].clip_len for part in parts}


def test_each_sample_once_with_the_pipeline_of_the_test(whole):
    before = whole.to_dict()
    found = build_split(whole, 'train')
    assert len(found) == 4
    assert lengths(found) == {2}
    assert all(part.test_mode for part in found.datasets)
    assert lengths(build_split(whole, 'train', augment=True)) == {1}
    assert lengths(build_split(whole, 'test', augment=True)) == {1}
    assert whole.to_dict() == before


def test_a_split_is_found_by_its_name_in_the_file(whole):
    assert len(build_split(whole, 'fit')) == 4
    assert len(build_split(whole, 'check')) == 1
    assert len(build_split(whole, 'other')) == 3


def test_a_stock_dataset_reads_a_cache(whole, tmp_path):
    cache = str(tmp_path / 'cache')
    test = whole.test_dataloader.dataset
    build_cache(test.ann_file, cache)
    parts = whole.train_dataloader.dataset.dataset.datasets
    for node in (test, *parts):
        node.ann_file = cache
    before = whole.to_dict()
    assert len(build_split(whole, 'test')) == 1
    assert len(build_split(whole, 'other')) == 3
    assert whole.to_dict() == before
    with pytest.raises(ValueError, match="no split 'dev'.*check.*fit.*other"):
        build_split(whole, 'dev')


def test_what_is_not_there_is_named(whole):
    with pytest.raises(ValueError, match="no split 'dev'.*check.*fit.*other"):
        build_split(whole, 'dev')
    with pytest.raises(ValueError, match='no val_dataloader.*test.*train'):
        build_split(whole, 'val')
    whole.pop('train_dataloader')
    with pytest.raises(ValueError, match='--augment needs'):
        build_split(whole, 'test', augment=True)


class Served:
    """A dataset as far as it matters here."""

    def __init__(self, *steps):
        self.pipeline = SimpleNamespace(transforms=steps)

    def __len__(self):
        return 1


@pytest.mark.parametrize(
    'steps, feats',
    [
        ((), ('j',)),
        ((SkeletonFeatures(feats=['j', 'bm']),), ('j', 'bm')),
        ((GenSkeFeat(feats=['b']),), ('b',)),
        ((FastGenSkeFeat(feats=['b']),), ('b',)),
        ((JointToBone(target='keypoint'),), ('b',)),
        (
            (JointToBone(target='keypoint'), ToMotion(target='keypoint')),
            ('bm',),
        ),
        ((FormatHeatmaps('NCTHW_Heatmap'),), ('heatmap',)),
        (
            (
                GeneratePoseTarget(with_kp=False, with_limb=True),
                FormatHeatmaps('NCTHW_Heatmap'),
            ),
            ('limb',),
        ),
    ],
)
def test_features_of_a_pipeline(steps, feats):
    dataset = Served(*steps)
    assert stream_features(dataset) == feats
    assert stream_features(SimpleNamespace(dataset=dataset)) == feats
    assert stream_features(ConcatDataset([dataset, Served()])) == feats
