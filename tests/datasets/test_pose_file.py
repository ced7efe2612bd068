"""Reading of annotation files, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
from mmaction.registry import TRANSFORMS

from shapmix_mm.datasets.cache.builder import build_cache
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


@pytest.mark.parametrize('dtype', [np.uint16, np.int64, np.float16])
def test_pixels_in_whole_numbers_keep_fractions(
    write_pose_file, pose_content, tmp_path, dtype
):
    content = pose_content([2])
    for annotation in content['annotations']:
        shape = (*annotation['keypoint'].shape[:3], 2)
        annotation['keypoint'] = np.full(shape, 300, dtype)
    path = write_pose_file(content)
    build_cache(path, tmp_path / 'cache')
    norm = TRANSFORMS.build(dict(type='PreNormalize2D', img_shape=(480, 640)))
    for source in (path, str(tmp_path / 'cache')):
        (clip, *_) = read_pose_file(source).part('xsub_train')
        kept = np.float16 if dtype is np.float16 else np.float32
        assert clip['keypoint'].dtype == kept
        np.testing.assert_allclose(
            norm(dict(clip))['keypoint'][0, 0, 0],
            [300 / 320 - 1, 300 / 240 - 1],
            atol=1e-3,
        )


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
        (
            dict(annotations=[dict(frame_dir='s7', label=10**13)]),
            ValueError,
            "'s7' .* label 10000000000000, .* lie in 0..999999",
        ),
        (
            dict(annotations=[dict(frame_dir='s7', label=-(10**13))]),
            ValueError,
            "'s7' .* label -10000000000000, .* lie in 0..999999",
        ),
        (
            dict(annotations=[dict(frame_dir=['s7'], label=1)]),
            TypeError,
            r"frame_dir of annotation 0 .* should be text.* \['s7'\]",
        ),
        (
            dict(annotations=[dict(frame_dir='a', filename=7, label=1)]),
            TypeError,
            'filename of annotation 0 .* should be text, .* is 7',
        ),
        ({1: 2, 'a': 3}, KeyError, r"'annotations'; it has \[1, 'a'\]"),
    ],
)
def test_refused(write_pose_file, content, error, message):
    with pytest.raises(error, match=message) as caught:
        read_pose_file(write_pose_file(content))
    assert 'poses.pkl' in str(caught.value)


GOOD = dict(frame_dir='s7', label=1)


@pytest.mark.parametrize(
    ('keys', 'message'),
    [
        (dict(annotations=3), 'annotations of .* a list of dicts.* is 3'),
        (dict(annotations=None), 'annotations of .* a list of dicts.* None'),
        (dict(annotations={'a': 1}), 'annotations of .* a list of dicts'),
        (dict(split=['s7']), r"split of .* be a dict .* is \['s7'\]"),
        (dict(split=[('a', ['s7'])]), 'split of .* should be a dict'),
        (dict(split=dict(a=None)), "split 'a' of .* a list .* is None"),
        (dict(split=dict(a=3)), "split 'a' of .* a list of names.* is 3"),
        (dict(split=dict(a='s7')), "split 'a' of .* a list .* is 's7'"),
        (dict(split=dict(a=['s7', 0])), "split 'a' of .* but holds 0"),
        (dict(split={1: ['s7']}), 'split 1 of .* text for its name'),
        (dict(classes=3), 'classes of .* a list of the names .* is 3'),
        (dict(classes='sit'), "classes of .* a list .* is 'sit'"),
        (dict(salient_parts=3), 'salient_parts of .* a dict .* is 3'),
        (dict(salient_parts=dict(a={'x'})), 'salient_parts of .* a dict'),
    ],
)
def test_a_key_of_another_kind(write_pose_file, keys, message):
    content = {'annotations': [GOOD], **keys}
    with pytest.raises(TypeError, match=message) as caught:
        read_pose_file(write_pose_file(content))
    assert 'poses.pkl' in str(caught.value)


def test_parts_of_a_class_that_is_none(write_pose_file):
    keys = dict(classes=['sit', 'run'], salient_parts=dict(sitt=['x']))
    content = {'annotations': [GOOD], **keys}
    with pytest.raises(ValueError, match="'sitt', .* mean 'sit'") as caught:
        read_pose_file(write_pose_file(content))
    assert 'salient_parts of ' in str(caught.value)
    assert 'poses.pkl' in str(caught.value)


def test_keys_may_be_none_and_lists_of_every_kind(write_pose_file):
    bare = dict.fromkeys(('split', 'classes', 'salient_parts'))
    file = read_pose_file(write_pose_file(dict(bare, annotations=[GOOD])))
    assert (file.splits, file.classes, file.salient_parts) == ({}, None, None)
    names = ['s7'], ('s7',), {'s7'}, {'s7': 0}, np.array(['s7'])
    content = dict(
        annotations=np.array([GOOD]),
        split={str(place): listed for place, listed in enumerate(names)},
        classes=np.array(['sit']),
        salient_parts=dict(sit=np.array(['trunk'])),
    )
    file = read_pose_file(write_pose_file(content))
    assert [len(file.part(str(place))) for place in range(5)] == [1] * 5
    assert file.classes == ['sit']
    assert file.salient_parts == dict(sit=['trunk'])


def test_a_message_stays_one_line_however_long_the_value(write_pose_file):
    content = [dict(frame_dir='s7', label=np.zeros((90, 90)))]
    with pytest.raises(TypeError, match='one integer label') as caught:
        read_pose_file(write_pose_file(content))
    assert '\n' not in str(caught.value) and len(str(caught.value)) < 300
