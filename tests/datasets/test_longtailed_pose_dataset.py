"""LongTailedPoseDataset: selection, counts, wrappers, bad input."""

from __future__ import annotations

import logging
import pickle
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from mmaction.datasets import PoseDataset
from mmaction.registry import DATASETS
from mmengine.dataset import ClassBalancedDataset, ConcatDataset, RepeatDataset
from mmengine.logging import MMLogger

from shapmix_mm.arguments import ArgumentError
from shapmix_mm.datasets import (
    LongTailedPoseDataset,
    LongTailSpec,
    select_names,
)

LONGTAIL = dict(profile='exp', imbalance=4, n_max=12)


def build(path, **kwargs):
    kwargs.setdefault('split', 'xsub_train')
    return LongTailedPoseDataset(path, [], **kwargs)


def labels_of(dataset):
    return [dataset.get_data_info(i)['label'] for i in range(len(dataset))]


def names_of(dataset):
    return [dataset.get_data_info(i)['frame_dir'] for i in range(len(dataset))]


def test_built_from_the_registry(write_pose_file):
    path = write_pose_file([5, 3])
    dataset = DATASETS.build(
        dict(
            type='LongTailedPoseDataset',
            ann_file=path,
            pipeline=[],
            split='xsub_train',
        )
    )
    assert isinstance(dataset, PoseDataset)
    assert dataset.metainfo['class_counts'] == [5, 3]


def test_without_longtail_it_serves_what_the_stock_class_serves(
    write_pose_file,
):
    path = write_pose_file([4, 3, 2])
    assert len(build(path, split=None)) == 15
    for split in ('xsub_train', 'xsub_val'):
        stock = PoseDataset(path, [], split=split)
        ours = build(path, split=split)
        assert names_of(ours) == names_of(stock)
        for i in range(len(ours)):
            ours_i, stock_i = ours.get_data_info(i), stock.get_data_info(i)
            assert ours_i.keys() == stock_i.keys()
            np.testing.assert_array_equal(
                ours_i['keypoint'], stock_i['keypoint']
            )


def test_training_split_is_thinned_out_and_validation_is_not(write_pose_file):
    path = write_pose_file([14, 13, 12])
    train = build(path, longtail=LONGTAIL)
    val = build(path, split='xsub_val', longtail=LONGTAIL, test_mode=True)
    assert Counter(labels_of(train)) == {0: 12, 1: 6, 2: 3}
    assert Counter(labels_of(val)) == {0: 2, 1: 2, 2: 2}
    for dataset in (train, val):
        assert dataset.metainfo['class_counts'] == [12, 6, 3]
        assert dataset.num_classes == 3


def test_selection_is_that_of_select_names(write_pose_file):
    path = write_pose_file([14, 13, 12])
    full = build(path)
    expected = select_names(
        names_of(full),
        labels_of(full),
        spec=LongTailSpec(**LONGTAIL),
        num_classes=3,
    )
    thinned = build(path, longtail=LONGTAIL)
    assert set(names_of(thinned)) == set(expected.names)
    assert names_of(build(path, longtail=LONGTAIL)) == names_of(thinned)


def test_list_file_relative_to_data_root(tmp_path, write_pose_file):
    write_pose_file([3, 3])
    (tmp_path / 'keep.txt').write_text('train_0_002\ntrain_1_000.skeleton\n')
    kwargs = dict(
        data_root=str(tmp_path), longtail=dict(profile='list', file='keep.txt')
    )
    train = build('poses.pkl', **kwargs)
    assert names_of(train) == ['train_0_002', 'train_1_000']
    val = build('poses.pkl', split='xsub_val', test_mode=True, **kwargs)
    assert val.metainfo['class_counts'] == [1, 1]


def test_list_of_validation_samples_is_refused(tmp_path, write_pose_file):
    path = write_pose_file([3, 3])
    wrong = tmp_path / 'wrong.txt'
    wrong.write_text('train_0_000\ntrain_1_000\nval_0_000\n')
    with pytest.raises(ValueError, match="'val_0_000'.*another split"):
        build(path, longtail=dict(profile='list', file=str(wrong)))


class TestTrainSplit:
    """Which split is long-tailed."""

    def content(self, pose_content):
        content = pose_content([6, 4])
        splits = content['split']
        content['split'] = dict(
            learn=splits['xsub_train'], check=splits['xsub_val']
        )
        return content

    def test_given(self, write_pose_file, pose_content):
        path = write_pose_file(self.content(pose_content))
        val = build(
            path,
            split='check',
            train_split='learn',
            longtail=dict(profile='counts', counts=[5, 1]),
        )
        assert Counter(labels_of(val)) == {0: 2, 1: 2}
        assert val.metainfo['class_counts'] == [5, 1]

    def test_unknown_in_test_mode(self, write_pose_file, pose_content):
        path = write_pose_file(self.content(pose_content))
        val = build(path, split='check', test_mode=True)
        assert 'class_counts' not in val.metainfo
        with pytest.raises(ValueError, match='needs train_split'):
            build(path, split='check', test_mode=True, longtail=LONGTAIL)

    def test_own_split_when_training(self, write_pose_file, pose_content):
        path = write_pose_file(self.content(pose_content))
        train = build(path, split='learn')
        assert train.metainfo['class_counts'] == [6, 4]

    def test_wrong(self, write_pose_file):
        path = write_pose_file([2, 2])
        with pytest.raises(KeyError, match=r"no split 'xset'.*'xsub_train'"):
            build(path, split='xset')
        with pytest.raises(KeyError, match="no split 'xset_train'"):
            build(path, split='xsub_val', train_split='xset_train')


def test_counts_do_not_follow_indices(write_pose_file):
    path = write_pose_file([14, 13, 12])
    train = build(path, longtail=LONGTAIL, indices=4)
    assert len(train) == 4
    assert train.metainfo['class_counts'] == [12, 6, 3]
    subset = build(path, longtail=LONGTAIL).get_subset([0, 13, 20])
    assert [subset.get_cat_ids(i) for i in range(3)] == [[0], [1], [2]]


def test_lazy_init(write_pose_file):
    dataset = build(write_pose_file([4, 3]), lazy_init=True)
    assert 'class_counts' not in dataset.metainfo
    dataset.full_init()
    assert dataset.metainfo['class_counts'] == [4, 3]


@pytest.mark.parametrize('serialize_data', [True, False])
def test_wrappers(write_pose_file, serialize_data):
    path = write_pose_file([14, 13, 12])
    kwargs = dict(longtail=LONGTAIL, serialize_data=serialize_data)
    dataset = build(path, **kwargs)
    assert [dataset.get_cat_ids(i) for i in range(len(dataset))] == [
        [label] for label in labels_of(dataset)
    ]
    repeated = RepeatDataset(dataset, 3)
    assert len(repeated) == 63
    balanced = ClassBalancedDataset(dataset, oversample_thr=0.5)
    assert len(balanced) > 21
    both = ConcatDataset([dataset, build(path, **kwargs)])
    for wrapper in (repeated, balanced, both):
        assert wrapper.metainfo['class_counts'] == [12, 6, 3]
        assert wrapper[-1]['label'] == 2


def test_concat_of_different_sets_needs_ignore_keys(write_pose_file):
    parts = [
        build(write_pose_file(counts, name=f'{i}.pkl'))
        for i, counts in enumerate([[3, 2], [4, 1]])
    ]
    with pytest.raises(ValueError, match='meta information'):
        ConcatDataset(parts)
    both = ConcatDataset(parts, ignore_keys=['class_counts'])
    assert len(both) == 10


def test_nothing_of_the_training_split_stays_in_memory(write_pose_file):
    val = build(write_pose_file([9, 9]), split='xsub_val', test_mode=True)
    assert val._training is None
    assert not val.data_list


class TestClasses:
    """Number and names of the classes."""

    def test_names_of_the_file(self, write_pose_file):
        path = write_pose_file([2, 2], classes=['sit', 'run'])
        dataset = build(path)
        assert dataset.metainfo['classes'] == ['sit', 'run']
        assert dataset.num_classes == 2

    def test_given_names_win(self, write_pose_file):
        path = write_pose_file([2, 2], classes=['sit', 'run'])
        dataset = build(path, metainfo=dict(classes=['a', 'b']))
        assert dataset.metainfo['classes'] == ['a', 'b']

    def test_another_number(self, write_pose_file):
        path = write_pose_file([2, 2], classes=['sit', 'run'])
        with pytest.raises(ValueError, match='num_classes is 3, .* 2 class'):
            build(path, num_classes=3)
        with pytest.raises(ValueError, match='3 entries .* have 2 classes'):
            build(path, longtail=dict(profile='counts', counts=[1, 1, 1]))

    @pytest.mark.parametrize('split', ['xsub_train', 'xsub_val'])
    def test_label_out_of_range(self, write_pose_file, split):
        path = write_pose_file([2, 2, 2])
        with pytest.raises(ValueError, match="'train_2_000' .* label 2"):
            build(path, split=split, num_classes=2)

    @pytest.mark.parametrize('longtail', [None, LONGTAIL])
    def test_class_without_training_sample(self, write_pose_file, longtail):
        path = write_pose_file([3, 0, 3], classes=['sit', 'run', 'fall'])
        for split in ('xsub_train', 'xsub_val'):
            with pytest.raises(ValueError, match=r'class 1 \(run\) of 3 with'):
                build(path, split=split, longtail=longtail)

    def test_several_labels(self, write_pose_file):
        with pytest.raises(TypeError, match='multi_class=True'):
            build(write_pose_file([2, 2]), multi_class=True)


class TestInvalidSamples:
    """Coordinates that are not finite."""

    @pytest.mark.parametrize(
        ('split', 'name'),
        [('xsub_train', 'train_0_001'), ('xsub_val', 'val_1_001')],
    )
    def test_named(self, broken_file, split, name):
        with pytest.raises(ValueError, match=f"'{name}' .*not finite"):
            build(broken_file, split=split)

    def test_dropped_and_logged(self, broken_file, caplog):
        logger = MMLogger.get_current_instance()
        logger.addHandler(caplog.handler)
        caplog.set_level(logging.INFO)
        train = build(broken_file, drop_invalid=True)
        logger.removeHandler(caplog.handler)
        assert '1 of 7 samples' in caplog.text
        assert 'train_0_001' not in names_of(train)
        assert train.metainfo['class_counts'] == [3, 3]

    def test_validation_has_the_training_counts_after_the_drop(
        self, broken_file
    ):
        val = build(
            broken_file, split='xsub_val', drop_invalid=True, test_mode=True
        )
        assert len(val) == 3
        assert val.metainfo['class_counts'] == [3, 3]

    def test_drop_leaves_the_draw_alone(self, broken_file):
        longtail = dict(profile='counts', counts=[4, 2])
        train = build(broken_file, drop_invalid=True, longtail=longtail)
        assert train.metainfo['class_counts'] == [3, 2]

    def test_class_lost_to_the_drop(self, write_pose_file, pose_content):
        content = pose_content([2, 1])
        content['annotations'][2]['keypoint'][:] = np.nan
        path = write_pose_file(content)
        for split in ('xsub_train', 'xsub_val'):
            with pytest.raises(ValueError, match='class 1 of 2 without'):
                build(path, split=split, drop_invalid=True)

    def test_nothing_left(self, write_pose_file, pose_content):
        content = pose_content([2])
        for sample in content['annotations'][2:]:
            sample['keypoint'][:] = np.nan
        path = write_pose_file(content)
        with pytest.raises(ValueError, match='no sample .* is left'):
            build(path, split='xsub_val', drop_invalid=True)


def test_filtering_comes_before_counting(write_pose_file, pose_content):
    content = pose_content([4, 3])
    for i, sample in enumerate(content['annotations']):
        valid = 0 if i in (0, 6) else sample['total_frames']
        sample['valid'] = {0.5: valid}
        sample['box_score'] = np.ones(sample['total_frames'])
    path = write_pose_file(content)
    train = build(path, valid_ratio=0.5)
    val = build(path, split='xsub_val', valid_ratio=0.5, test_mode=True)
    assert len(train) == 5
    assert len(val) == 4
    assert train.metainfo['class_counts'] == [3, 2]
    assert val.metainfo['class_counts'] == [3, 2]


class TestBadSamples:
    """Samples that no pipeline can take."""

    def test_joints_that_do_not_fit(self, write_pose_file):
        path = write_pose_file([2, 2], joints=17)
        with pytest.raises(ValueError, match="'train_0_000'.*17 joints.*25"):
            build(path, layout='nturgb+d')
        assert build(path, layout='coco').layout.num_joints == 17

    def test_frames_and_missing_keys(self, write_pose_file, pose_content):
        content = pose_content([2, 2])
        content['annotations'][1]['total_frames'] = 50
        with pytest.raises(ValueError, match="'train_0_001'.*total_frames 50"):
            build(write_pose_file(content))
        del content['annotations'][1]['total_frames']
        with pytest.raises(KeyError, match="'train_0_001'.*'total_frames'"):
            build(write_pose_file(content))

    def test_missing_file(self, tmp_path):
        with pytest.raises(FileNotFoundError, match='none.pkl'):
            build(str(tmp_path / 'none.pkl'))

    def test_hostile_file(self, tmp_path):
        class Hostile:
            def __reduce__(self):
                return (Path.touch, (tmp_path / 'touched',))

        path = tmp_path / 'hostile.pkl'
        content = dict(split={}, annotations=[Hostile()])
        path.write_bytes(pickle.dumps(content))
        with pytest.raises(ValueError, match='hostile.pkl'):
            build(str(path))
        assert not (tmp_path / 'touched').exists()

    def test_bad_longtail_before_anything_is_read(self, tmp_path):
        with pytest.raises(ValueError, match='imbalance'):
            build(str(tmp_path / 'none.pkl'), longtail=dict(imbalance=0))


def test_prefixes(tmp_path, write_pose_file, pose_content):
    path = write_pose_file([2, 2])
    dataset = build(path, data_prefix=dict(video='videos'))
    assert names_of(dataset)[0] == 'videos/train_0_000'
    # With a file for each skeleton the annotations have no keypoints.
    content = pose_content([2, 2])
    for sample in content['annotations']:
        del sample['keypoint'], sample['total_frames']
    lean = build(
        write_pose_file(content), data_prefix=dict(skeleton=str(tmp_path))
    )
    assert lean.metainfo['class_counts'] == [2, 2]
    assert lean.get_cat_ids(-1) == [1]


def test_a_training_split_that_is_not_the_thinned_one(
    pose_content, write_pose_file
):
    """Once served whole, with groups named by counts that no class has."""
    content = pose_content([4, 4])
    content['split']['xview_train'] = content['split']['xsub_train']
    options = dict(train_split='xsub_train', longtail=dict(imbalance=4))
    path = write_pose_file(content)
    with pytest.raises(ValueError, match="'xview_train' would be served who"):
        LongTailedPoseDataset(path, [], split='xview_train', **options)
    options['longtail'] = None
    ours = LongTailedPoseDataset(path, [], split='xview_train', **options)
    assert len(ours) == 8


def test_nobody_in_a_validation_clip_is_found_before_the_training(
    pose_content, write_pose_file
):
    """It once ended the training at its first validation."""
    content = pose_content([4, 4])
    sample = next(
        a for a in content['annotations'] if a['frame_dir'] == 'val_1_001'
    )
    sample['keypoint'][:] = 0
    path = write_pose_file(content)
    with pytest.raises(ValueError, match="'val_1_001' .*zero throughout"):
        LongTailedPoseDataset(path, [], split='xsub_val', test_mode=True)
    ours = LongTailedPoseDataset(
        path, [], split='xsub_val', test_mode=True, drop_invalid=True
    )
    names = [ours.get_data_info(i)['frame_dir'] for i in range(len(ours))]
    assert len(names) == 3 and 'val_1_001' not in names


def test_labels_of_numpy_are_served_as_mmaction2_packs_them(
    pose_content, write_pose_file
):
    content = pose_content([2, 2])
    for sample in content['annotations']:
        sample['label'] = np.int64(sample['label'])
    ours = LongTailedPoseDataset(
        write_pose_file(content),
        [dict(type='PackActionInputs', collect_keys=('keypoint',))],
        split='xsub_val',
        test_mode=True,
    )
    assert ours[3]['data_samples'].gt_label.tolist() == [1]
    assert type(ours.get_data_info(0)['label']) is int


def test_odd_names_are_told_once(pose_content, write_pose_file, caplog):
    content = pose_content([3, 3])
    content['split']['xsub_val'] += ['gone', 'train_0_000']
    path = write_pose_file(content)
    lines = []
    logger = MMLogger.get_current_instance()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(logger, 'warning', lines.append)
        LongTailedPoseDataset(path, [], split='xsub_train')
        LongTailedPoseDataset(path, [], split='xsub_val', test_mode=True)
    assert len(lines) == 2 and all(path in line for line in lines)
    assert "listed in xsub_val but not there, 'gone' the first" in lines[0]
    assert "in xsub_val and in xsub_train, 'train_0_000'" in lines[1]


@pytest.mark.parametrize(
    'key',
    [
        dict(drop_invalid='abc'),
        dict(num_classes=2.5),
        dict(num_classes=0),
        dict(train_split=3),
        dict(longtial=dict(imbalance=10)),
    ],
)
def test_settings_of_another_kind_are_named(write_pose_file, key):
    (name,) = key
    with pytest.raises(ArgumentError, match=name):
        LongTailedPoseDataset(write_pose_file([2, 2]), [], **key)
