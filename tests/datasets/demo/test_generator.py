"""The demo set as a whole: format, seeds, spread, and where classes differ."""

import hashlib
import re
from collections import Counter

import numpy as np
import pytest

from shapmix_mm.datasets.demo import ACTIONS, DemoSettings, make_demo
from shapmix_mm.datasets.demo.body import PARENTS
from shapmix_mm.datasets.demo.generator import draw_people, make_sample
from shapmix_mm.skeletons import get_layout

LAYOUT = get_layout('nturgb+d')
CLIPS = 60
SMALL = dict(n_max=6, imbalance=3, test_per_class=2)


def digest(demo):
    total = hashlib.sha256()
    for a in demo['annotations']:
        total.update(a['frame_dir'].encode() + a['keypoint'].tobytes())
    return total.hexdigest()


@pytest.fixture(scope='module')
def demo():
    return make_demo()


@pytest.fixture(scope='module')
def clips():
    """CLIPS clips of each class, by label."""
    settings = DemoSettings(seed=1)
    return [
        [
            make_sample(settings, 'train', label, i)['keypoint']
            for i in range(CLIPS)
        ]
        for label in range(len(ACTIONS))
    ]


def test_annotations_have_mmaction2_form(demo):
    names = [a['frame_dir'] for a in demo['annotations']]
    assert len(set(names)) == len(names)
    assert demo['split']['train'] + demo['split']['test'] == names
    for a in demo['annotations']:
        people = 1 if ACTIONS[a['label']].partner is None else 2
        assert a['keypoint'].shape == (people, a['total_frames'], 25, 3)
        assert a['keypoint'].dtype == np.float32
        assert np.isfinite(a['keypoint']).all()
        assert type(a['label']) is int
        # No frame of a person, nor any joint, is all zeros.
        assert np.abs(a['keypoint']).max(-1).min() > 0


def test_splits_are_long_tailed_and_balanced(demo):
    labels = {a['frame_dir']: a['label'] for a in demo['annotations']}
    train = Counter(labels[name] for name in demo['split']['train'])
    test = Counter(labels[name] for name in demo['split']['test'])
    counts = [train[k] for k in range(len(ACTIONS))]
    assert counts == sorted(counts, reverse=True)
    assert (counts[0], counts[-1]) == (100, 4)
    assert 400 <= sum(counts) <= 600
    assert set(test.values()) == {25}


def test_names_tell_class_and_performer(demo):
    performers = {'train': set(), 'test': set()}
    labels = {a['frame_dir']: a['label'] for a in demo['annotations']}
    for split, names in demo['split'].items():
        for name in names:
            found = re.fullmatch(r'S00\dC00\dP(\d{3})R\d{3}A(\d{3})', name)
            assert int(found[2]) == labels[name] + 1
            performers[split].add(found[1])
    assert min(map(len, performers.values())) >= 8
    assert not performers['train'] & performers['test']


def test_extras(demo):
    assert demo['classes'] == [action.name for action in ACTIONS]
    assert list(demo['salient_parts']) == demo['classes']
    for parts in demo['salient_parts'].values():
        assert parts
        assert set(parts) < set(LAYOUT.part_names)
    assert demo['seed'] == 0
    assert demo['version'] >= 1


def test_seed_decides_everything():
    first = digest(make_demo(DemoSettings(**SMALL)))
    assert digest(make_demo(DemoSettings(**SMALL))) == first
    assert digest(make_demo(DemoSettings(seed=1, **SMALL))) != first


def test_clips_do_not_depend_on_the_sizes(demo):
    small = make_demo(DemoSettings(**SMALL))
    by_name = {a['frame_dir']: a['keypoint'] for a in demo['annotations']}
    for a in small['annotations']:
        np.testing.assert_array_equal(a['keypoint'], by_name[a['frame_dir']])


def test_length_varies_alike_in_all_classes(clips):
    lengths = np.array([[k.shape[1] for k in own] for own in clips])
    assert lengths.min() == 24
    assert lengths.max() == 80
    mean = (24 + 80) / 2
    error = (57**2 / 12) ** 0.5 / CLIPS**0.5
    assert (abs(lengths.mean(1) - mean) < 4 * error).all()


def test_motion_before_the_sensor_keeps_bones_and_balance():
    settings = DemoSettings()
    stature = []
    for label, action in enumerate(ACTIONS):
        for i in range(4):
            people, heights = draw_people(
                np.random.RandomState([label, i]),
                action,
                settings,
                (1 + i, 11 + i),
            )
            for points, height in zip(people, heights):
                bones = np.linalg.norm(
                    points - points[:, np.maximum(PARENTS, 0)], axis=-1
                )
                assert np.ptp(bones, axis=0).max() < 1e-5
                centre = points.mean(1) + (0, height, 0)
                assert 0.5 < (centre[:, 1] / height).min()
                assert (centre[:, 1] / height).max() < 1.5
                assert np.hypot(*centre[:, [0, 2]].T).max() < 0.4
                stature.append(height)
    assert len(set(stature)) >= 8
    assert np.ptp(stature) > 0.1


def test_two_people_never_coincide(clips):
    for own in clips:
        for keypoint in own:
            if len(keypoint) == 2:
                gap = np.linalg.norm(keypoint[0] - keypoint[1], axis=-1)
                assert gap[:, :2].min() > 0.4


def part_features(keypoint, part):
    """Where a part is and how it moves, seen from the person's hips."""
    joints = LAYOUT.parts[part]
    features = []
    for person in keypoint.astype(float):
        across = (person[:, 16] - person[:, 12]).mean(0)[[0, 2]]
        (c, s) = across / np.linalg.norm(across)
        local = person[:, joints] - person[:, :1]
        local = local @ np.array(((c, 0, -s), (0, 1, 0), (s, 0, c)))
        speed = np.abs(np.diff(local[::2], axis=0)).mean(0)
        features.append(np.stack((local.mean(0), local.std(0), speed)))
    return np.mean(features, 0).ravel()


@pytest.fixture(scope='module')
def features(clips):
    """Part features of every clip, a list of (K, CLIPS, F), one a part."""
    return [
        np.array([[part_features(k, part) for k in own] for own in clips])
        for part in range(5)
    ]


def held_out_accuracy(features, penalty=30.0):
    """Accuracy of ridge regression on one-hot labels, (K, CLIPS, F)."""
    num_classes, _, width = features.shape
    train = features[:, ::2].reshape(-1, width)
    test = features[:, 1::2].reshape(-1, width)
    truth = np.repeat(np.arange(num_classes), CLIPS // 2)
    mean, scale = train.mean(0), train.std(0) + 1e-9
    train, test = (train - mean) / scale, (test - mean) / scale
    target = np.eye(num_classes)[truth]
    weights = np.linalg.solve(
        train.T @ train + penalty * np.eye(width),
        train.T @ (target - target.mean(0)),
    )
    return ((test @ weights).argmax(1) == truth).mean()


def at_rest(part, pair):
    """Classes of one or two people in which a part tells nothing."""
    return [
        k
        for k, action in enumerate(ACTIONS)
        if (action.partner is not None) == pair
        and LAYOUT.part_names[part] not in action.salient_parts
    ]


@pytest.mark.parametrize(
    ('part', 'pair'),
    [
        (part, pair)
        for pair in (False, True)
        for part in range(5)
        if len(at_rest(part, pair)) > 1
    ],
)
def test_parts_not_salient_tell_nothing(features, part, pair):
    labels = at_rest(part, pair)
    chance = 1 / len(labels)
    error = (chance * (1 - chance) / (len(labels) * CLIPS // 2)) ** 0.5
    accuracy = held_out_accuracy(features[part][labels])
    assert abs(accuracy - chance) < 3 * error


@pytest.mark.parametrize(
    'label', range(len(ACTIONS)), ids=[action.name for action in ACTIONS]
)
def test_salient_parts_tell_their_class(features, label):
    pair = ACTIONS[label].partner is not None
    for name in ACTIONS[label].salient_parts:
        part = LAYOUT.part_names.index(name)
        others = at_rest(part, pair) or at_rest(part, False)
        accuracy = [
            held_out_accuracy(features[part][[label, other]])
            for other in others
        ]
        assert np.mean(accuracy) > 0.8
