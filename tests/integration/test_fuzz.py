"""Damaged files and unfit settings: taken, or refused in one clear line.

Each run tries the same few hundred cases; ``SHAPMIX_FUZZ=20000`` tries as
many, and others each time.
"""

from __future__ import annotations

import copy
import inspect
import os
import pickle

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mmaction import registry
from mmaction.visualization import ActionVisualizer
from mmengine.registry import DefaultScope, Registry

from shapmix_mm.arguments import known_keys
from shapmix_mm.datasets import LongTailedPoseDataset

from .stick_config import LAYOUT

pytestmark = pytest.mark.slow

MANY = int(os.environ.get('SHAPMIX_FUZZ', 0))


def tries(number):
    return settings(
        max_examples=MANY or number,
        derandomize=not MANY,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )


#: What stands in the place of what is right.
ODD = st.one_of(
    st.sampled_from([None, True, 'abc', '', -1, 0, 1.5, -0.5]),
    st.sampled_from([float('nan'), float('inf'), [], {}, [1, 'a'], [[-1]]]),
    st.just(dict(type='NoSuch')),
    st.integers(-3, 5),
    st.floats(-2, 2),
    st.lists(st.integers(-1, 3), max_size=3),
    st.text('ab', max_size=3),
).map(copy.deepcopy)


class Labels:
    """A dataset as far as samplers look at one."""

    def __len__(self):
        return 20

    def get_data_info(self, index):
        return dict(label=int(np.searchsorted([8, 14, 18], index, 'right')))


GRAPH = dict(layout=LAYOUT, mode='spatial')
SMALL = dict(
    base_channels=16, num_stages=2, inflate_stages=[2], down_stages=[2]
)
HEAD = dict(num_classes=4, in_channels=32)
NET = dict(type='CTRGCN', graph_cfg=GRAPH, **SMALL)
REFINEMENT = dict(
    num_classes=4,
    num_joints=6,
    num_frames=8,
    channels=[16, 32],
    strides=[1, 1],
    level_weights=[0.1, 1.0],
)
BLENDS = {
    kind: dict(num_classes=4, layout=LAYOUT)
    for kind in (
        *('SkeletonMixupBlending', 'SkeletonCutMixBlending'),
        *('GlobalLocalBlending', 'RemixBlending', 'SkeleMixBlending'),
        *('STMixBlending', 'ShapMixBlending'),
    )
}
CASES = dict(
    **BLENDS,
    TaCNNMixBlending=dict(
        num_classes=4, layout=LAYOUT, lower=['part1', 'part2']
    ),
    RebalancedPartBlending=dict(
        num_classes=4, layout=LAYOUT, lower=['part1', 'part2']
    ),
    **dict.fromkeys(
        ('CTRGCN', 'InfoGCN', 'StreamGCN', 'MSTGCN', 'HDGCN', 'ShiftGCN'),
        dict(graph_cfg=GRAPH, **SMALL),
    ),
    **dict.fromkeys(('EfficientGCN', 'MSG3D', 'SGN'), dict(graph_cfg=GRAPH)),
    **dict.fromkeys(
        (
            *('FeatureGCNHead', 'CosineGCNHead', 'ExpertGCNHead'),
            *('ParametricContrastiveHead', 'BalancedContrastiveHead'),
            *('FeatureCompositionHead', 'ExpertRoutingHead'),
            *('InformationHead', 'StreamHead', 'MixtureConsistencyHead'),
        ),
        HEAD,
    ),
    FRHead=REFINEMENT,
    **{
        kind: dict(backbone=NET, cls_head=dict(type=head, **HEAD))
        for kind, head in dict(
            FrozenRecognizerGCN='GCNHead',
            ExpertRecognizerGCN='ExpertGCNHead',
            FrozenExpertRecognizerGCN='ExpertRoutingHead',
            ViewRecognizerGCN='BalancedContrastiveHead',
            MomentumRecognizerGCN='ParametricContrastiveHead',
        ).items()
    },
    RefinementRecognizerGCN=dict(
        backbone=NET,
        cls_head=dict(type='GCNHead', **HEAD),
        taps=[0, 1],
        refinement=dict(type='FRHead', **REFINEMENT),
    ),
    CheckJoints=dict(layout=LAYOUT),
    FastUniformSampleFrames=dict(clip_len=8),
    FormatHeatmaps=dict(input_format='NCTHW_Heatmap'),
    MultiView=dict(pipeline=[]),
    DumpScores=dict(out_file_path='scores.pkl'),
)
#: Built of objects, or of files, which have tests of their own.
OTHERS = {
    *('SteplessTrainLoop', 'BFloat16OptimWrapper', 'HeatmapRecognizer3D'),
    *('CachedPoseDataset', 'LongTailedPoseDataset'),
}


def registered():
    """Registry, name and keys of each class of ours that a config builds."""
    for known in vars(registry).values():
        if not isinstance(known, Registry):
            continue
        for name, cls in known.module_dict.items():
            ours = getattr(cls, '__module__', '').startswith('shapmix_mm.')
            if ours and inspect.isclass(cls) and name not in OTHERS:
                keys = (known_keys(cls, cls) or set()) - {'dataset'}
                yield from [(known, name, sorted(keys))] if keys else []


REGISTERED = sorted(registered(), key=lambda found: found[1])


def build(known, name, **changes):
    given = dict(copy.deepcopy(CASES.get(name, {})), **changes)
    if known is registry.DATA_SAMPLERS:
        given['dataset'] = Labels()
    with DefaultScope.overwrite_default_scope('mmaction'):
        return known.build(dict(type=name, **given))


@pytest.fixture(autouse=True)
def _visualizer():
    ActionVisualizer.get_instance('fuzz')


def test_what_is_mutated_is_right_before():
    for known, name, _ in REGISTERED:
        build(known, name)


def words_of(key, value):
    """Any of these names the setting, or what of it is wrong."""
    words = [key.lower()]
    if isinstance(value, dict):
        words += [*value, *map(str, value.values())]
    return words


@tries(250)
@given(st.sampled_from(REGISTERED), st.data())
def test_settings_are_taken_or_refused_by_name(found, data):
    known, name, keys = found
    key = data.draw(st.sampled_from(keys))
    value = data.draw(ODD)
    try:
        build(known, name, **{key: value})
    except (ValueError, TypeError, LookupError) as error:
        text = str(error)
        assert any(
            word in text or word in text.lower()
            for word in words_of(key, value)
        ), f'{name}({key}={value!r}): {type(error).__name__}: {text}'


def content():
    """A small annotation file, all of whose keys are right."""
    rng = np.random.default_rng(0)
    annotations = [
        dict(
            frame_dir=f's{n}',
            label=n % 3,
            total_frames=4,
            keypoint=rng.normal(size=(1, 4, 6, 3)).astype(np.float32),
        )
        for n in range(9)
    ]
    names = [sample['frame_dir'] for sample in annotations]
    return dict(
        split=dict(train=names[:6], test=names[6:]),
        annotations=annotations,
        classes=['a', 'b', 'c'],
        salient_parts=dict(a=['part1'], b=['part2'], c=['part3']),
    )


def use(path, scale=1.0):
    """Read every sample as a training would."""
    data = LongTailedPoseDataset(
        ann_file=str(path),
        split='train',
        layout=LAYOUT,
        num_classes=3,
        pipeline=[
            dict(type='SkeletonFeatures', layout=LAYOUT, feats=['j', 'bm']),
            dict(type='FormatGCNInput', num_person=1),
        ],
        test_mode=True,
    )
    for n in range(len(data)):
        found = data[n]['keypoint']
        assert np.isfinite(found).all() and found.shape[-2:] == (6, 6)


#: Arrays in the place of keypoints.
ARRAYS = st.one_of(
    st.lists(st.integers(0, 6), max_size=5).map(np.zeros),
    st.sampled_from(['f2', 'f8', 'i4', 'u1', '?', 'c8', 'U3', 'O']).map(
        lambda kind: np.ones((1, 4, 6, 3), kind)
    ),
    st.sampled_from([np.nan, np.inf, -np.inf, 1e30, 1e7, 0.0]).map(
        lambda value: np.full((1, 4, 6, 3), value, np.float32)
    ),
)


def places(node, path=()):
    """Every place in the content, as the keys that lead there."""
    yield path
    steps = []
    if isinstance(node, dict):
        steps = [(key, value) for key, value in node.items()]
    elif isinstance(node, list):
        steps = list(enumerate(node))
    for key, value in steps:
        yield from places(value, (*path, key))


def mutate(draw, data):
    *way, last = draw(st.sampled_from([p for p in places(data) if p]))
    node = data
    for key in way:
        node = node[key]
    what = draw(st.sampled_from(['delete', 'odd', 'array', 'twice']))
    if what == 'delete':
        del node[last]
    elif what == 'twice' and isinstance(node, list):
        node.append(copy.deepcopy(node[last]))
    elif what == 'array':
        node[last] = draw(ARRAYS)
    else:
        node[last] = draw(ODD)


def refused_by_name(path, case):
    try:
        use(path)
    except (ValueError, TypeError, LookupError) as error:
        assert str(path) in str(error), (
            f'{case}: {type(error).__name__}: {error}'
        )


@pytest.mark.filterwarnings('ignore')
@tries(150)
@given(st.data())
def test_annotations_are_taken_or_refused_with_their_file(tmp_path, data):
    changed = content()
    for _ in range(data.draw(st.integers(1, 2))):
        mutate(data.draw, changed)
    path = tmp_path / 'own.pkl'
    path.write_bytes(pickle.dumps(changed))
    refused_by_name(path, changed)


@pytest.mark.filterwarnings('ignore')
@tries(100)
@given(st.data())
def test_damaged_bytes_are_refused_with_their_file(tmp_path, data):
    raw = bytearray(pickle.dumps(content()))
    place = data.draw(st.integers(0, len(raw) - 1))
    if data.draw(st.booleans()):
        raw = raw[:place]
    else:
        raw[place] ^= 1 << data.draw(st.integers(0, 7))
    path = tmp_path / 'own.pkl'
    path.write_bytes(raw)
    refused_by_name(path, place)
