"""Profiles, the longtail dict, and which names stay."""

from __future__ import annotations

import functools
import os
import warnings
from collections import Counter
from decimal import Decimal, localcontext
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mmengine.config import ConfigDict

from shapmix_mm.arguments import ArgumentError
from shapmix_mm.datasets import (
    BENCHMARKS,
    LongTailSpec,
    names_digest,
    select_names,
    source_from_names,
)
from shapmix_mm.datasets.longtail import (
    class_order,
    exp_counts,
    largest_fit,
    profile_counts,
    step_counts,
)

SHARED = Path(
    os.environ.get(
        'SHAPMIX_SHARED', Path(__file__).resolve().parents[3] / 'shared'
    )
)
NTU_NAMES = SHARED / 'data' / 'ntu120_sample_names.txt.xz'
# Samples, sizes of the groups and digest of the lists that firework8/BRL
# publishes (data/NTU120_LT).
PUBLISHED = {
    ('ntu120_xsub', 10): (
        28182,
        (93, 27, 0),
        'f6d29f19be31696f9dd48d3a1c10788b56eb001315474b1dde0e6fd88d4268b6',
    ),
    ('ntu120_xsub', 50): (
        18137,
        (55, 49, 16),
        'fdc76545d94978861bcf55a80885910b0e11b9c9424d7a24b2a360d7452c4d2f',
    ),
    ('ntu120_xsub', 100): (
        15600,
        (47, 41, 32),
        'bf56891da138b160bba1716e752f2ab8053a808e6a3328a770c207b468bbb11f',
    ),
    ('ntu120_xset', 10): (
        18771,
        (72, 48, 0),
        'dc70d9da68ae33aeae29b656c4ab190aeba320f419002fa8c76f98444827e76f',
    ),
    ('ntu120_xset', 50): (
        12069,
        (42, 50, 28),
        '78868ec61cb291fc2c55f43ff7ad499084ba0eae67ba36f852edd1e1a0b30631',
    ),
    ('ntu120_xset', 100): (
        10378,
        (36, 42, 42),
        '0320734c012ed564cb36da63792d8a355a3e6e33a64787304f474c96e23819fa',
    ),
}


@pytest.mark.parametrize(
    ('n_max', 'imbalance', 'num_classes', 'total', 'groups'),
    [
        (600, 100, 60, 7892, (23, 21, 16)),
        (600, 10, 60, 14142, (46, 14, 0)),
        (600, 100, 120, 15600, (47, 41, 32)),
        (600, 50, 120, 18137, (55, 49, 16)),
        (600, 10, 120, 28182, (93, 27, 0)),
        (400, 100, 120, 10378, (36, 42, 42)),
    ],
)
def test_published_sizes(n_max, imbalance, num_classes, total, groups):
    counts = exp_counts(n_max, imbalance, num_classes)
    many = sum(n > 100 for n in counts)
    few = sum(n < 20 for n in counts)
    assert sum(counts) == total
    assert (many, num_classes - many - few, few) == groups


@settings(max_examples=150, deadline=None)
@given(
    n_max=st.integers(1, 5000),
    imbalance=st.integers(1, 1000),
    num_classes=st.integers(2, 40),
    data=st.data(),
)
def test_exp_agrees_with_exact_arithmetic(n_max, imbalance, num_classes, data):
    k = data.draw(st.integers(0, num_classes - 1))
    with localcontext() as context:
        context.prec = 60
        exponent = Decimal(k) / Decimal(num_classes - 1)
        exact = Decimal(n_max) / Decimal(imbalance) ** exponent
        expected = int(exact + Decimal('1e-40'))
    assert exp_counts(n_max, imbalance, num_classes)[k] == expected


@settings(max_examples=100, deadline=None)
@given(
    n_max=st.integers(1, 5000),
    imbalance=st.floats(1, 1000),
    num_classes=st.integers(1, 50),
)
def test_counts_fall_from_n_max(n_max, imbalance, num_classes):
    for rule in (exp_counts, step_counts):
        counts = rule(n_max, imbalance, num_classes)
        assert len(counts) == num_classes
        assert counts[0] == n_max
        assert counts == sorted(counts, reverse=True)
    assert exp_counts(n_max, 1, num_classes) == [n_max] * num_classes


def test_last_class_is_not_lost_to_rounding():
    # 49 * (1 / 49) is 0.9999999999999999 in floating point.
    assert int(49 * (1 / 49)) == 0
    assert exp_counts(49, 49, 4)[-1] == 1
    assert step_counts(49, 49, 4) == [49, 49, 1, 1]


def test_one_and_two_classes():
    assert exp_counts(7, 100, 1) == [7]
    assert step_counts(7, 100, 1) == [7]
    assert exp_counts(70, 10, 2) == [70, 7]
    assert step_counts(70, 10, 2) == [70, 7]


def test_step_with_odd_number_of_classes():
    assert step_counts(30, 10, 5) == [30, 30, 30, 3, 3]


@pytest.mark.parametrize('imbalance', [0.99, 0, -3, float('nan'), 1e400])
def test_imbalance_below_one_or_not_finite(imbalance):
    with pytest.raises(ArgumentError, match='imbalance=.* should be'):
        LongTailSpec(imbalance=imbalance)


@pytest.mark.parametrize(
    'key', [dict(imbalance='100'), dict(n_max=10.5), dict(n_max=0)]
)
def test_wrong_types(key):
    with pytest.raises(ArgumentError, match=f'LongTailSpec: {list(key)[0]}='):
        LongTailSpec(**key)


def test_class_orders():
    available = [5, 9, 5, 7]
    assert class_order('native', available) == [0, 1, 2, 3]
    assert class_order('descending', available) == [1, 3, 0, 2]
    assert class_order([3, 0, 2, 1], available) == [3, 0, 2, 1]
    with pytest.raises(ValueError, match='3 classes where the data have 4'):
        class_order([0, 1, 2], available)
    with pytest.raises(ValueError, match='each class 0..3 once'):
        class_order([0, 1, 2, 2], available)
    with pytest.raises(ArgumentError, match="order='ascending' should be"):
        LongTailSpec(order='ascending')


def test_places_go_to_the_ordered_classes():
    counts = profile_counts(
        'exp', [100] * 3, imbalance=100, n_max=100, order=[2, 0, 1]
    )
    assert counts == [10, 1, 100]
    counts = profile_counts(
        'counts', [4, 9, 6], counts=[5, 3, 1], order='descending'
    )
    assert counts == [1, 5, 3]


@settings(max_examples=60, deadline=None)
@given(
    available=st.lists(st.integers(1, 300), min_size=1, max_size=12),
    imbalance=st.integers(1, 60),
    profile=st.sampled_from(['exp', 'step']),
)
def test_largest_fit_by_brute_force(available, imbalance, profile):
    rule = exp_counts if profile == 'exp' else step_counts
    fitting = [
        n
        for n in range(1, available[0] + 1)
        if all(
            c <= a
            for c, a in zip(rule(n, imbalance, len(available)), available)
        )
    ]
    assert largest_fit(profile, imbalance, available) == max(fitting)


def test_default_n_max_leaves_no_class_short():
    available = [98, 99, 101, 40]
    counts = profile_counts('exp', available, imbalance=20, order='descending')
    assert counts[2] == 101
    assert all(n <= a for n, a in zip(counts, available))


def test_profiles_that_do_not_go_with_the_data():
    with pytest.raises(ValueError, match='2 entries where the data have 3'):
        profile_counts('counts', [5, 5, 5], counts=[1, 1])
    with pytest.raises(ValueError, match='leaves class 1 without samples'):
        profile_counts('counts', [5, 5], counts=[1, 0])
    with pytest.raises(ValueError, match='needs counts'):
        profile_counts('counts', [5, 5])
    with pytest.raises(ValueError, match='leaves class 0 without samples'):
        profile_counts('exp', [9, 9], n_max=9, imbalance=10, order=[1, 0])


def test_from_config_dict():
    spec = LongTailSpec.from_config(
        ConfigDict(profile='counts', counts=[3, 2], order=[1, 0])
    )
    assert spec == LongTailSpec(profile='counts', counts=[3, 2], order=[1, 0])
    assert LongTailSpec.from_config(spec) is spec


@pytest.mark.parametrize(
    ('config', 'error', 'message'),
    [
        (dict(imblance=10), ArgumentError, "did you mean 'imbalance'"),
        (dict(imbalance=0.5), ValueError, 'imbalance=0.5 should be greater'),
        (dict(profile='linear'), ValueError, "'linear' should be 'exp'"),
        (dict(names='person'), ValueError, "names='person' should be"),
        (dict(seed=-1), ValueError, 'seed'),
        (dict(seed=1.5), TypeError, 'seed'),
        (dict(profile='counts'), ValueError, 'without counts'),
        (dict(counts=[1]), ValueError, "profile 'exp' with counts"),
        (dict(profile='list'), ValueError, 'without file'),
        (dict(file='a'), ValueError, "profile 'exp' with file"),
        ('exp', TypeError, 'should be a dict'),
    ],
)
def test_refused(config, error, message):
    with pytest.raises(error, match=message):
        LongTailSpec.from_config(config)


def test_keys_of_a_merged_base_config_do_no_harm():
    spec = LongTailSpec(profile='list', file='a.txt', imbalance=100, n_max=600)
    assert spec.file == 'a.txt'


def make_pool(available):
    names = [
        f'k{k}_{i:03d}' for k, n in enumerate(available) for i in range(n)
    ]
    labels = [k for k, n in enumerate(available) for _ in range(n)]
    return names, labels


def histogram(names, labels, kept):
    label_of = dict(zip(names, labels))
    return Counter(label_of[name] for name in kept)


@settings(max_examples=60, deadline=None)
@given(
    available=st.lists(st.integers(1, 40), min_size=1, max_size=8),
    seed=st.integers(0, 2**32 - 1),
    shuffler=st.randoms(),
)
def test_achieved_histogram_and_determinism(available, seed, shuffler):
    names, labels = make_pool(available)
    wanted = [1 + (7 * k) % 20 for k in range(len(available))]
    spec = LongTailSpec(profile='counts', counts=wanted, seed=seed)
    kwargs = dict(spec=spec, num_classes=len(available))
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')
        selection = select_names(names, labels, **kwargs)
        pairs = list(zip(names, labels))
        shuffler.shuffle(pairs)
        again = select_names(*map(list, zip(*pairs)), **kwargs)
    expected = [min(w, a) for w, a in zip(wanted, available)]
    got = histogram(names, labels, selection.names)
    assert [got[k] for k in range(len(available))] == expected
    assert list(selection.counts) == expected
    assert list(selection.requested) == wanted
    assert len(set(selection.names)) == len(selection.names)
    # The order in which the file has its samples must not matter.
    assert again == selection


def test_one_legacy_stream_for_all_classes():
    names, labels = make_pool([6, 5])
    spec = LongTailSpec(profile='counts', counts=[3, 2], seed=4)
    selection = select_names(names, labels, spec=spec, num_classes=2)
    stream = np.random.RandomState(4)
    first = stream.permutation(names[:6])[:3].tolist()
    second = stream.permutation(names[6:])[:2].tolist()
    assert list(selection.names) == first + second


def test_draw_goes_by_class_index_whatever_the_order():
    names, labels = make_pool([9, 9, 9])
    kwargs = dict(n_max=9, imbalance=9)
    native = select_names(
        names, labels, spec=LongTailSpec(**kwargs), num_classes=3
    )
    turned = select_names(
        names,
        labels,
        spec=LongTailSpec(order=[2, 1, 0], **kwargs),
        num_classes=3,
    )
    assert native.counts == (9, 3, 1)
    assert turned.counts == (1, 3, 9)
    # Same shuffles, other lengths: the middle class keeps the same samples.
    assert native.names[9:12] == turned.names[1:4]


@pytest.mark.parametrize('names', ['performer', 'camera', 'name'])
def test_names_are_ordered_before_the_draw(names):
    pool = [
        f'S{s:03d}C{c:03d}P{p:03d}R001A001'
        for s, c, p in [(1, 2, 9), (2, 3, 1), (3, 1, 5), (2, 1, 1), (1, 3, 5)]
    ]
    part = dict(performer=slice(9, 12), camera=slice(5, 8), name=slice(0))
    ordered = sorted(pool, key=lambda n: (n[part[names]], n))
    np.random.RandomState(0).shuffle(ordered)
    spec = LongTailSpec(profile='counts', counts=[2], names=names)
    got = select_names(pool, [0] * 5, spec=spec, num_classes=1)
    assert list(got.names) == ordered[:2]


def test_short_classes_are_named_once():
    names, labels = make_pool([9, 2, 5, 1])
    spec = LongTailSpec(profile='counts', counts=[9, 4, 5, 3])
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter('default')
        for _ in range(3):
            got = select_names(
                names,
                labels,
                spec=spec,
                num_classes=4,
                classes=['sit', 'run', 'jump', 'fall'],
            )
    assert got.counts == (9, 2, 5, 1)
    assert len(caught) == 1
    message = str(caught[0].message)
    assert 'classes 1 (run), 3 (fall)' in message
    assert '2 of 4' in message


def test_no_warning_when_nothing_is_short(recwarn):
    names, labels = make_pool([9, 4])
    spec = LongTailSpec(n_max=9, imbalance=3)
    select_names(names, labels, spec=spec, num_classes=2)
    assert not recwarn.list


@pytest.mark.parametrize(
    ('names', 'labels', 'message'),
    [
        (['a', 'b'], [0, 0], r'class 1 \(run\) of 2 without a sample'),
        (['a', 'b'], [0, 2], "'b' has label 2 where there are 2 classes"),
        (['a', 'a'], [0, 1], "'a' comes twice"),
        (['a'], [0, 1], '1 names but 2 labels'),
    ],
)
def test_bad_pools(names, labels, message):
    with pytest.raises(ValueError, match=message):
        select_names(
            names,
            labels,
            spec=LongTailSpec(imbalance=1),
            num_classes=2,
            classes=['sit', 'run'],
        )


def test_counts_of_another_number_of_classes():
    names, labels = make_pool([3, 3])
    spec = LongTailSpec(profile='counts', counts=[3, 2, 1])
    with pytest.raises(ValueError, match='3 entries where the data have 2'):
        select_names(names, labels, spec=spec, num_classes=2)


class TestList:
    """Lists that somebody else drew."""

    def select(self, tmp_path, lines, **kwargs):
        path = tmp_path / 'list.txt'
        path.write_text('\n'.join(lines))
        names, labels = make_pool([3, 2])
        spec = LongTailSpec(profile='list', file=str(path))
        return select_names(names, labels, spec=spec, num_classes=2, **kwargs)

    def test_order_of_the_list_is_kept(self, tmp_path):
        lines = ['k1_001.skeleton', 'k0_002', 'k0_000', 'k0_002']
        got = self.select(tmp_path, lines)
        assert got.names == ('k1_001', 'k0_002', 'k0_000')
        assert got.counts == (2, 1)

    def test_samples_that_are_gone(self, tmp_path):
        with pytest.warns(UserWarning, match="1 of 3 lines .* 'k9_000'"):
            got = self.select(tmp_path, ['k0_000', 'k9_000', 'k1_000'])
        assert got.counts == (1, 1)

    def test_list_of_another_split(self, tmp_path):
        with pytest.raises(ValueError, match='made for another split'):
            self.select(tmp_path, ['k0_000', 'v0'], outside={'v0', 'v1'})

    def test_class_without_samples(self, tmp_path):
        with pytest.raises(ValueError, match='class 1 of 2 without .* list'):
            self.select(tmp_path, ['k0_000'])


@pytest.mark.real_data
@pytest.mark.skipif(
    not NTU_NAMES.is_file(), reason=f'{NTU_NAMES} is not there'
)
class TestRealNames:
    """The 113,945 names of NTU RGB+D 120."""

    @staticmethod
    @functools.cache
    def source(benchmark):
        return source_from_names(str(NTU_NAMES), BENCHMARKS[benchmark])

    @pytest.mark.parametrize(
        ('benchmark', 'total'),
        [
            ('ntu60_xsub', 40091),
            ('ntu60_xview', 37646),
            ('ntu120_xsub', 63026),
            ('ntu120_xset', 54468),
        ],
    )
    def test_training_parts(self, benchmark, total):
        source = self.source(benchmark)
        assert len(source.names) == total
        assert len(source.names) + len(source.outside) == 113945
        assert set(source.labels) == set(range(source.num_classes))

    @pytest.mark.parametrize('benchmark', ['ntu120_xsub', 'ntu120_xset'])
    def test_published_lists(self, benchmark):
        rule = BENCHMARKS[benchmark]
        source = self.source(benchmark)
        for imbalance in (10, 50, 100):
            spec = LongTailSpec(
                imbalance=imbalance, n_max=rule.n_max, names=rule.names
            )
            got = select_names(
                source.names, source.labels, spec=spec, num_classes=120
            )
            total, groups, digest = PUBLISHED[benchmark, imbalance]
            many = sum(n > 100 for n in got.counts)
            few = sum(n < 20 for n in got.counts)
            assert len(got.names) == total
            assert (many, 120 - many - few, few) == groups
            assert names_digest(got.names) == digest
