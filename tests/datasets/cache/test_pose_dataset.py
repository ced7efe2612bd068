"""Datasets give the same from a cache as from the file it was made of."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest
from mmaction.datasets import PoseDataset
from mmaction.registry import DATASETS, TRANSFORMS
from mmengine.dataset import (
    ClassBalancedDataset,
    Compose,
    ConcatDataset,
    RepeatDataset,
)
from torch.utils.data import DataLoader

from shapmix_mm.datasets import LongTailedPoseDataset, class_counts
from shapmix_mm.datasets.cache import CachedPoseDataset, CachedSamples

LONGTAIL = dict(profile='exp', imbalance=4, n_max=6)
CENTER = dict(type='PreNormalize3D', align_spine=False, align_shoulder=False)


@pytest.fixture
def assert_equal(assert_same):
    def check(one, two):
        assert len(one) == len(two) > 0
        for i in range(-len(one), len(one)):
            if i >= 0 or one.serialize_data is False or -i < len(one):
                assert_same(one[i], two[i])
                assert one.get_data_info(i)['label'] == two.get_cat_ids(i)[0]

    return check


@pytest.mark.parametrize('split', ['xsub_train', 'xsub_val'])
@pytest.mark.parametrize(
    'options',
    [
        {},
        dict(serialize_data=False),
        dict(lazy_init=True),
        dict(indices=5),
        dict(indices=-4),
        dict(indices=[3, 0, 3]),
        dict(indices=[1, 2], serialize_data=False),
        dict(data_prefix=dict(video='folder')),
        dict(valid_ratio=0.9),
        dict(valid_ratio=0.9, serialize_data=False),
        dict(data_root='', start_index=1, test_mode=True),
        dict(multi_class=False, num_classes=3),
    ],
)
def test_stock(varied_file, cached, assert_equal, split, options):
    stock = PoseDataset(varied_file, [], split=split, **options)
    ours = CachedPoseDataset(cached(varied_file), [], split=split, **options)
    assert_equal(stock, ours)


@pytest.mark.parametrize('split', ['xsub_train', 'xsub_val', None])
@pytest.mark.parametrize(
    'options',
    [
        {},
        dict(longtail=LONGTAIL),
        dict(longtail=dict(LONGTAIL, names='performer', seed=5)),
        dict(longtail=dict(profile='step', imbalance=2, n_max=4)),
        dict(longtail=dict(profile='counts', counts=[4, 3, 2])),
        dict(longtail=dict(LONGTAIL, order='descending'), indices=4),
        dict(longtail=LONGTAIL, train_split='xsub_train'),
        dict(train_split='xsub_val', num_classes=3),
        dict(layout='nturgb+d', drop_invalid=True),
        dict(valid_ratio=0.9, longtail=dict(LONGTAIL, imbalance=1)),
        dict(metainfo=dict(classes=['a', 'b', 'c'])),
        dict(data_prefix=dict(video='folder'), serialize_data=False),
        dict(indices=[2, 0], serialize_data=False),
    ],
)
def test_longtailed(varied_file, cached, assert_equal, split, options):
    kwargs = dict(split=split, **options)
    plain = LongTailedPoseDataset(varied_file, [], **kwargs)
    ours = LongTailedPoseDataset(cached(varied_file), [], **kwargs)
    assert_equal(plain, ours)
    assert plain.metainfo == ours.metainfo
    assert plain.num_classes == ours.num_classes


def test_longtailed_by_list(tmp_path, varied, varied_file, cached):
    listed = varied['split']['xsub_train'][:6]
    (tmp_path / 'keep.txt').write_text('\n'.join(listed))
    spec = dict(profile='list', file=str(tmp_path / 'keep.txt'))
    ours = LongTailedPoseDataset(
        cached(varied_file), [], split='xsub_train', longtail=spec
    )
    assert [ours[i]['frame_dir'] for i in range(len(ours))] == listed


@pytest.mark.parametrize('args', [{}, CENTER, dict(align_center=True)])
@pytest.mark.parametrize('name', ['PreNormalize3D', 'FastPreNormalize3D'])
def test_normalised(varied_file, cached, assert_equal, name, args):
    step = dict(args, type='PreNormalize3D')
    plain = CachedPoseDataset(varied_file, [step], split='xsub_train')
    path = cached(varied_file, TRANSFORMS.build(dict(step, type=name)))
    ours = CachedPoseDataset(path, [step], split='xsub_train')
    assert len(ours.pipeline.transforms) == 0
    for i in range(len(plain)):
        one, two = plain[i], ours[i]
        assert one.keys() == two.keys()
        np.testing.assert_array_equal(one['keypoint'], two['keypoint'])
        assert one['keypoint'].dtype == two['keypoint'].dtype
    if name == 'PreNormalize3D':
        assert_equal(plain, ours)


def test_transforms_in_place_do_not_reach_the_cache(varied_file, cached):
    pipeline = [dict(type='PreNormalize2D')]
    plain = CachedPoseDataset(varied_file, pipeline, split='xsub_train')
    ours = CachedPoseDataset(cached(varied_file), pipeline, split='xsub_train')
    for _ in range(2):
        np.testing.assert_array_equal(
            plain[0]['keypoint'], ours[0]['keypoint']
        )


@pytest.mark.parametrize('split', ['xsub_train', 'xsub_val'])
def test_samples_that_are_not_finite(broken_file, cached, assert_equal, split):
    cache = cached(broken_file)
    kwargs = dict(split=split, drop_invalid=True)
    plain = LongTailedPoseDataset(broken_file, [], **kwargs)
    ours = LongTailedPoseDataset(cache, [], **kwargs)
    assert_equal(plain, ours)
    assert ours.metainfo['class_counts'] == [3, 3]
    with pytest.raises(ValueError) as one:
        LongTailedPoseDataset(broken_file, [], split=split)
    with pytest.raises(ValueError) as two:
        LongTailedPoseDataset(cache, [], split=split)
    assert str(two.value) == str(one.value).replace(broken_file, cache)


def test_what_was_not_finite_before_the_normalisation_counts(
    broken_file, cached
):
    step = TRANSFORMS.build(dict(type='PreNormalize2D'))
    ours = LongTailedPoseDataset(
        cached(broken_file, step),
        [dict(type='PreNormalize2D')],
        split='xsub_train',
        drop_invalid=True,
    )
    assert ours.metainfo['class_counts'] == [3, 3]


@pytest.mark.parametrize(
    ('options', 'kind'),
    [
        (dict(split='none'), KeyError),
        (dict(split='xsub_train', num_classes=2), ValueError),
        (dict(split='xsub_train', layout='coco'), ValueError),
        (dict(split='xsub_val', train_split='none'), KeyError),
        (
            dict(split='xsub_train', longtail=dict(profile='list', file='x')),
            FileNotFoundError,
        ),
    ],
)
def test_errors_are_those_of_the_file(varied_file, cached, options, kind):
    cache = cached(varied_file)
    with pytest.raises(kind) as one:
        LongTailedPoseDataset(varied_file, [], **options)
    with pytest.raises(kind) as two:
        LongTailedPoseDataset(cache, [], **options)
    assert str(two.value) == str(one.value).replace(varied_file, cache)


def test_a_sample_with_other_joints_is_named(
    write_pose_file, pose_content, cached
):
    content = pose_content([3, 3], joints=17)
    other = content['annotations'][4]
    other['keypoint'] = np.ones((1, other['total_frames'], 25, 3))
    cache = cached(write_pose_file(content))
    with pytest.raises(ValueError, match="'train_1_001'.*25 joints"):
        LongTailedPoseDataset(cache, [], split='xsub_train', layout='coco')


def test_wrappers_and_subsets(varied_file, cached, assert_same):
    plain, ours = (
        LongTailedPoseDataset(path, [], split='xsub_train', longtail=LONGTAIL)
        for path in (varied_file, cached(varied_file))
    )
    for wrap in (
        lambda d: RepeatDataset(d, 2),
        lambda d: ClassBalancedDataset(d, 0.5),
        lambda d: ConcatDataset([d, d]),
        lambda d: d.get_subset([2, 0]),
        lambda d: d.get_subset(-3),
        lambda d: d.get_subset(2),
        copy.deepcopy,
    ):
        one, two = wrap(plain), wrap(ours)
        assert len(one) == len(two)
        assert class_counts(one, 3) == class_counts(two, 3)
        for i in range(len(one)):
            assert_same(one[i], two[i])
    for dataset in (plain, ours):
        dataset.get_subset_([1, 3, 4])
    assert_same(plain[1], ours[1])


def test_a_copy_for_a_spawned_worker_is_small(varied_file, cached):
    ours = LongTailedPoseDataset(cached(varied_file), [], split='xsub_train')
    content = pickle.dumps(ours)
    # Some 16 bytes for a sample, and the index.
    assert len(content) < 8000 + 24 * len(ours)
    again = pickle.loads(content)
    np.testing.assert_array_equal(again[3]['keypoint'], ours[3]['keypoint'])


def test_workers_read_what_the_process_reads(varied_file, cached):
    ours = LongTailedPoseDataset(cached(varied_file), [], split='xsub_train')
    loader = DataLoader(
        ours, batch_size=None, num_workers=2, multiprocessing_context='fork'
    )
    for number, sample in enumerate(loader):
        want = ours[number]
        assert sample['frame_dir'] == want['frame_dir']
        np.testing.assert_array_equal(sample['keypoint'], want['keypoint'])
    assert number == len(ours) - 1


def test_no_annotation_stays_in_memory(varied_file, cached):
    ours = LongTailedPoseDataset(
        cached(varied_file), [], split='xsub_val', test_mode=True
    )
    assert ours._training is None and ours.data_list == []
    assert len(ours.data_bytes) == 8 * len(ours)
    assert isinstance(ours._samples, CachedSamples)


def test_built_from_the_registry(varied_file, cached):
    ours = DATASETS.build(
        dict(
            type='CachedPoseDataset',
            ann_file=cached(varied_file),
            pipeline=[],
            split='xsub_train',
        )
    )
    assert isinstance(ours, PoseDataset)
    assert ours.get_data_info(0)['sample_idx'] == 0
    # Stock leaves the whole file as the data list where no split is given.
    whole = CachedPoseDataset(cached(varied_file), [])
    assert len(whole) == 24


def test_valid_ratio_needs_its_keys(write_pose_file, cached):
    cache = cached(write_pose_file([3, 2]))
    with pytest.raises(KeyError, match='valid and box_score'):
        CachedPoseDataset(cache, [], split='xsub_train', valid_ratio=0.5)


class TestPipeline:
    """What the cache has done leaves the pipeline."""

    @pytest.fixture
    def path(self, varied_file, cached):
        return cached(varied_file, TRANSFORMS.build(CENTER))

    @pytest.mark.parametrize(
        'pipeline',
        [
            [],
            [dict(type='PreNormalize3D')],
            [dict(type='PoseDecode'), CENTER],
            [dict(CENTER, zaxis=[1, 0])],
        ],
    )
    @pytest.mark.parametrize('lazy', [True, False])
    def test_another_one_is_refused(self, path, pipeline, lazy):
        with pytest.raises(ValueError, match='build_cache.py .*--overwrite'):
            CachedPoseDataset(
                path, pipeline, split='xsub_train', lazy_init=lazy
            )

    def test_the_rest_stays(self, path):
        pipeline = [dict(CENTER, xaxis=(8, 4)), dict(type='PoseDecode')]
        ours = CachedPoseDataset(path, pipeline, split='xsub_train')
        names = [type(t).__name__ for t in ours.pipeline.transforms]
        assert names == ['PoseDecode']
        assert 'frame_inds' in ours[0]

    def test_a_later_pipeline_is_treated_alike(self, path):
        ours = CachedPoseDataset(path, [CENTER], split='xsub_train')
        before = ours.pipeline
        ours.pipeline = Compose([CENTER, dict(type='PoseDecode')])
        assert len(ours.pipeline.transforms) == 1
        ours.pipeline = before
        assert len(ours.pipeline.transforms) == 0
        with pytest.raises(ValueError, match='no deterministic transform'):
            ours.pipeline = Compose([dict(type='PoseDecode')])
        # A subset keeps what is left.
        assert len(ours.get_subset([0]).pipeline.transforms) == 0

    def test_a_cache_that_has_done_nothing_takes_any(
        self, varied_file, cached
    ):
        path = cached(varied_file, name='plain.cache')
        for pipeline in ([], [CENTER], [dict(type='PreNormalize3D')]):
            ours = CachedPoseDataset(path, pipeline, split='xsub_train')
            assert len(ours.pipeline.transforms) == len(pipeline)
