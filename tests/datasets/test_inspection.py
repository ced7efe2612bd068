"""What is counted in an annotation file, against hand counts."""

from __future__ import annotations

import numpy as np
import pytest

from shapmix_mm.datasets import LongTailedPoseDataset
from shapmix_mm.datasets.cache.builder import build_cache
from shapmix_mm.datasets.inspection import summarize
from shapmix_mm.datasets.pose_file import read_pose_file


def found(path):
    return summarize(read_pose_file(path))


def part(summary, name):
    return next(p for p in summary.parts if p.name == name)


def test_counts_lengths_and_shapes(write_pose_file):
    summary = found(write_pose_file([4, 2, 1]))
    assert [p.name for p in summary.parts] == ['all', 'xsub_train', 'xsub_val']
    train = part(summary, 'xsub_train')
    assert train.counts.tolist() == [4, 2, 1] and train.listed == 7
    # The fixture's lengths go 4, 5, 6, 4 within a class.
    assert train.lengths.tolist() == [4, 5, 6, 4, 4, 5, 4]
    assert part(summary, 'all').counts.tolist() == [6, 4, 3]
    assert summary.num_classes == 3 and summary.classes is None
    assert summary.shapes['persons'] == {1: 13}
    assert summary.shapes['joints'] == {5: 13}
    assert summary.shapes['channels'] == {3: 13}
    assert summary.shapes['dtype'] == {'float32': 13}
    assert summary.frames['all'] == sum(part(summary, 'all').lengths)
    assert summary.frames['zero'] == 0 and summary.problems == {}


def test_everything_odd_is_named(write_pose_file, pose_content):
    content = pose_content([3, 2, 2], classes=['a', 'b'])
    samples = content['annotations']
    samples[0]['keypoint'][0, 1, 2, 0] = np.nan
    samples[1]['keypoint'][:, 2] = 0
    samples[2]['keypoint'][:] = 0
    samples[3]['total_frames'] += 1
    samples[4]['keypoint'] = samples[4]['keypoint'][0]
    del samples[5]['keypoint']
    del samples[6]['total_frames']
    samples[7]['keypoint_score'] = np.full((1, 4, 5), np.inf)
    samples[8]['frame_dir'] = samples[7]['frame_dir']
    names = [s['frame_dir'] for s in samples]
    split = content['split']
    split['xsub_val'] += ['gone', names[0]]
    split['xsub_train'].remove(names[1])
    problems = found(write_pose_file(content)).problems
    assert problems == {
        'keypoint not finite': [names[0]],
        'some frames without anyone': [names[1]],
        'keypoint zero throughout': [names[2]],
        'keypoint is no (M, T, V, C)': [names[4]],
        'without keypoint': [names[5]],
        'without total_frames': [names[6]],
        'total_frames is not the length of keypoint': [names[3]],
        'keypoint_score not finite': [names[7]],
        'name used more than once': [names[7]],
        'label out of range': [names[i] for i in (5, 6, 11, 12)],
        'listed in xsub_val but not there': ['val_0_001', 'gone'],
        'in xsub_val and in xsub_train': [names[0]],
        'in no split': [names[1]],
    }


def test_a_table_without_poses_can_be_looked_at(write_pose_file):
    path = write_pose_file(
        dict(annotations=[dict(frame_dir='a', label=1, total_frames=30)])
    )
    summary = found(path)
    assert summary.problems == {'without keypoint': ['a']}
    assert part(summary, 'all').lengths.tolist() == [30]
    assert part(summary, 'all').counts.tolist() == [0, 1]


def test_samples_may_come_from_elsewhere(write_pose_file):
    file = read_pose_file(write_pose_file([2, 1]))
    seen = []

    def watched():
        for sample in file.annotations:
            seen.append(sample['frame_dir'])
            yield sample

    lengths = summarize(file, samples=watched()).parts[0].lengths
    assert lengths.tolist() == summarize(file).parts[0].lengths.tolist()
    assert len(seen) == len(lengths) == 7


def test_a_cache_tells_what_its_file_tells(write_pose_file, tmp_path):
    path = write_pose_file([4, 2, 1])
    build_cache(path, tmp_path / 'cache')
    one, two = found(path), found(tmp_path / 'cache')
    assert two.shapes == one.shapes and two.problems == one.problems == {}
    assert two.frames == one.frames
    for a, b in zip(one.parts, two.parts):
        assert (a.name, a.listed) == (b.name, b.listed)
        assert a.counts.tolist() == b.counts.tolist()
        assert a.lengths.tolist() == b.lengths.tolist()


def test_values_of_another_kind_are_named(write_pose_file, pose_content):
    content = pose_content([3, 1])
    samples = content['annotations']
    samples[0]['keypoint_score'] = None
    samples[1]['keypoint_score'] = 'none'
    samples[2]['keypoint'] = [[1], [2, 3]]
    samples[3] = dict(samples[3], total_frames=10**30)
    samples[4] = dict(samples[4], total_frames=-3)
    del samples[3]['keypoint'], samples[4]['keypoint']
    names = [s['frame_dir'] for s in samples]
    summary = found(write_pose_file(content))
    assert summary.problems == {
        'keypoint_score is no array of numbers': names[:2],
        'keypoint is no array of numbers': names[2:3],
        'total_frames is no number of frames': names[3:5],
        'without keypoint': names[3:5],
    }
    assert part(summary, 'all').lengths.dtype.kind == 'i'


def test_ranges_and_outliers(write_pose_file, pose_content):
    content = pose_content([4, 3])
    samples = content['annotations']
    for number, entry in enumerate(samples):
        entry['keypoint'][:] = 1 + number / 100
        entry['keypoint'][..., 2] *= -2
    samples[2]['keypoint'][0, 0, 0, 1] = 50
    samples[3]['keypoint'] = samples[3]['keypoint'][..., :2]
    samples[4]['keypoint'][0, 0, 0, 0] = 1e30
    summary = found(write_pose_file(content))
    top = 1 + (len(samples) - 1) / 100
    np.testing.assert_allclose(
        summary.ranges, [(1, top), (1, 50), (-2 * top, -2)], rtol=1e-6
    )
    assert summary.problems == {
        'keypoint beyond 1e+06': [samples[4]['frame_dir']],
        'other joints or channels than most': [samples[3]['frame_dir']],
        '10 times as far from 0 as most': [samples[2]['frame_dir']],
    }


def damages():
    """Changes of one sample, each of which a training refuses."""
    return [
        dict(keypoint=None),
        dict(keypoint=np.ones((3, 5, 3))),
        dict(keypoint_score=np.ones((1, 2, 3))),
        dict(total_frames=3.5),
        dict(total_frames=99),
        dict(value=np.nan),
        dict(value=1e30),
        dict(zero=True),
        dict(channels=2),
        dict(joints=4),
    ]


@pytest.mark.parametrize('number', range(len(damages())))
def test_inspection_and_training_find_the_same(
    write_pose_file, pose_content, number
):
    content, change = pose_content([4, 3]), damages()[number]
    assert found(write_pose_file(content)).problems == {}
    sample = content['annotations'][2]
    pose = sample['keypoint']
    if 'value' in change:
        pose[0, 0, 0, 0] = change['value']
    elif 'zero' in change:
        pose[:] = 0
    elif 'channels' in change:
        sample['keypoint'] = pose[..., :2]
    elif 'joints' in change:
        sample['keypoint'] = pose[:, :, :4]
    else:
        sample.update(change)
    path, name = write_pose_file(content), sample['frame_dir']
    named = {n for names in found(path).problems.values() for n in names}
    assert named == {name}
    with pytest.raises((KeyError, TypeError, ValueError), match=name):
        LongTailedPoseDataset(path, [], split='xsub_train')
