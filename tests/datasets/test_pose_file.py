"""Reading of annotation files, and what is refused."""

from __future__ import annotations

import pytest

from shapmix_mm.datasets.pose_file import read_pose_file, sample_name


def test_read(write_pose_file):
    path = write_pose_file([3, 2], classes=['sit', 'run'])
    file = read_pose_file(path)
    assert len(file.annotations) == 9
    assert len(file.part('xsub_train')) == 5
    assert [a['label'] for a in file.part('xsub_val')] == [0, 0, 1, 1]
    assert len(file.part(None)) == 9
    assert file.classes == ['sit', 'run']


def test_bare_list_of_annotations(write_pose_file, pose_content):
    path = write_pose_file(dict(pose_content([2]))['annotations'])
    file = read_pose_file(path)
    assert len(file.part(None)) == 4
    assert file.classes is None


def test_sample_name_prefers_filename():
    assert sample_name(dict(frame_dir='a', filename='b')) == 'b'
    assert sample_name(dict(frame_dir='a')) == 'a'


def test_training_twin(write_pose_file):
    file = read_pose_file(write_pose_file([1]))
    assert file.training_twin('xsub_val') == 'xsub_train'
    assert file.training_twin('xsub_test') == 'xsub_train'
    assert file.training_twin('xset_val') is None
    assert file.training_twin('xsub_train') is None
    assert file.training_twin(None) is None
    for name in ('check', 'xsub_train'):
        odd = file._replace(splits=dict.fromkeys([name], ()))
        assert odd.training_twin(name) is None


def test_wrong_split_lists_what_there_is(write_pose_file):
    file = read_pose_file(write_pose_file([1]))
    with pytest.raises(KeyError, match=r"'xset'.*\['xsub_train', 'xsub_val'"):
        file.part('xset')


def test_empty_split(write_pose_file, pose_content):
    content = pose_content([1])
    content['split']['xsub_val'] = []
    file = read_pose_file(write_pose_file(content))
    with pytest.raises(ValueError, match="split 'xsub_val' of .* no sample"):
        file.part('xsub_val')


@pytest.mark.parametrize(
    ('content', 'error', 'message'),
    [
        ('text', TypeError, 'dict of split and annotations, but holds a str'),
        (dict(split={}), KeyError, "lacks the key 'annotations'"),
        (dict(annotations=[]), ValueError, 'has no annotation'),
        (dict(annotations=[3]), TypeError, 'annotation 0 .* a int'),
        (dict(annotations=[dict(label=1)]), KeyError, "lacks 'frame_dir'"),
        (
            dict(annotations=[dict(frame_dir='s7')]),
            KeyError,
            "'s7' .annotation 0. .* lacks the key 'label'",
        ),
        (
            dict(annotations=[dict(frame_dir='s7', label=[1, 2])]),
            TypeError,
            r"'s7' .* one integer label, but has \[1, 2\]",
        ),
        (
            dict(annotations=[dict(frame_dir='s7', label=1.0)]),
            TypeError,
            "'s7' .* one integer label, but has 1.0",
        ),
    ],
)
def test_refused(write_pose_file, content, error, message):
    with pytest.raises(error, match=message) as caught:
        read_pose_file(write_pose_file(content))
    assert 'poses.pkl' in str(caught.value)
