"""Datasets of splits through wrappers, with the test's pipeline."""

import pickle

import numpy as np
import pytest
from mmengine.config import Config

from shapmix_mm.config.evaluation_data import build_split
from shapmix_mm.datasets.cache.builder import build_cache


@pytest.fixture
def config(tmp_path):
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


def test_each_sample_once_with_the_pipeline_of_the_test(config):
    before = config.to_dict()
    found = build_split(config, 'train')
    assert len(found) == 4
    assert lengths(found) == {2}
    assert all(part.test_mode for part in found.datasets)
    assert lengths(build_split(config, 'train', augment=True)) == {1}
    assert lengths(build_split(config, 'test', augment=True)) == {1}
    assert config.to_dict() == before


def test_a_split_is_found_by_its_name_in_the_file(config):
    assert len(build_split(config, 'fit')) == 4
    assert len(build_split(config, 'check')) == 1
    assert len(build_split(config, 'other')) == 3


def test_a_stock_dataset_reads_a_cache(config, tmp_path):
    cache = str(tmp_path / 'cache')
    test = config.test_dataloader.dataset
    build_cache(test.ann_file, cache)
    parts = config.train_dataloader.dataset.dataset.datasets
    for node in (test, *parts):
        node.ann_file = cache
    before = config.to_dict()
    assert len(build_split(config, 'test')) == 1
    assert len(build_split(config, 'other')) == 3
    assert config.to_dict() == before
    with pytest.raises(ValueError, match="no split 'dev'.*check.*fit.*other"):
        build_split(config, 'dev')


def test_what_is_not_there_is_named(config):
    with pytest.raises(ValueError, match="no split 'dev'.*check.*fit.*other"):
        build_split(config, 'dev')
    with pytest.raises(ValueError, match='no val_dataloader.*test.*train'):
        build_split(config, 'val')
    config.pop('train_dataloader')
    with pytest.raises(ValueError, match='--augment needs'):
        build_split(config, 'test', augment=True)
