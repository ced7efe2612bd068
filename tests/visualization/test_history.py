"""Figure of the table's history, and the numbers behind it."""

import itertools

import numpy as np
import pytest
from matplotlib.colors import to_hex
from scipy.stats import rankdata

from shapmix_mm.visualization import plot_saliency_history
from shapmix_mm.visualization.history import (
    leading_part,
    part_errors,
    rank_agreement,
)
from shapmix_mm.visualization.style import GROUP_COLOURS, PART_COLOURS

PARTS = ['trunk', 'left_arm', 'right_arm']
PAIRS = [(0, 1), (0, 2), (1, 2)]


@pytest.fixture
def drawn(look, tmp_path):
    """Function that plots and returns the look at the figure."""

    def draw(history, epochs=None, path=tmp_path / 'h.png', **kwargs):
        kwargs.setdefault('combinations', PAIRS)
        kwargs.setdefault('part_names', PARTS)
        epochs = range(1, len(history) + 1) if epochs is None else epochs
        look.path = plot_saliency_history(history, epochs, path, **kwargs)
        return look

    return draw


def series(axes):
    """Lines of a panel by colour; the zero line is none."""
    return {
        to_hex(line.get_color()).upper(): line.get_ydata()
        for line in axes.lines
        if len(line.get_xdata()) != 2 or line.get_xdata()[1] != 1
    }


def random_history(epochs, classes, parts=3, sizes=(2,), seed=0):
    combinations = [
        c for s in sizes for c in itertools.combinations(range(parts), s)
    ]
    rng = np.random.default_rng(seed)
    steps = rng.normal(size=(epochs, classes, len(combinations)))
    return steps.cumsum(0), combinations


def test_few_classes_have_a_panel_each_by_count(drawn, tmp_path):
    history = np.array(
        [[[1.0, 2, 3], [0, 0, 6]], [[3, 2, 1], [6, 0, 0]], [[0, 0, 0]] * 2]
    )
    look = drawn(
        history,
        [2, 3, 5],
        tmp_path / 'h.png',
        class_counts=[5, 300],
        classes=['rare', 'common'],
    )
    assert look.path.is_file() and len(list(tmp_path.iterdir())) == 1
    first, second, last = look.figure.axes
    titles = [a.get_title(loc='left') for a in look.figure.axes]
    assert titles[:2] == ['common (300)', 'rare (5)']
    lines = series(second)
    np.testing.assert_allclose(lines[PART_COLOURS[0]], [1.5, 2.5, 0])
    np.testing.assert_allclose(lines[PART_COLOURS[1]], [2, 2, 0])
    np.testing.assert_allclose(series(first)[PART_COLOURS[2]], [3, 0, 0])
    assert first.lines[1].get_xdata().tolist() == [2, 3, 5]
    assert first.get_ylim() == second.get_ylim()
    assert (
        to_hex(first.spines['top'].get_edgecolor()).upper()
        == (GROUP_COLOURS['many'])
    )


def test_rank_agreement_against_ranks_by_hand():
    history, _ = random_history(4, 3)
    history = np.random.default_rng(1).normal(size=(4, 3, 8))
    found = rank_agreement(history)
    for epoch, index in np.ndindex(4, 3):
        a, b = (rankdata(history[e, index]) for e in (epoch, -1))
        assert found[epoch, index] == pytest.approx(np.corrcoef(a, b)[0, 1])
    history[0, 0, :6] = np.nan
    history[:, 1] = 2.0
    found = rank_agreement(history)
    assert np.isnan(found[0, 0]) and np.isnan(found[:, 1]).all()
    assert found[-1, 0] == pytest.approx(1)


def test_leading_part_skips_what_is_unknown():
    parts = np.array([[[1.0, 3, 2], [np.nan, -5, -4], [np.nan] * 3]])
    np.testing.assert_array_equal(leading_part(parts), [[1, 2, np.nan]])


def test_the_last_panel_has_the_mean_agreement_of_each_group(drawn):
    history, pairs = random_history(5, 4, 5, (2, 3))
    look = drawn(
        history,
        combinations=pairs,
        part_names=list('abcde'),
        class_counts=[300, 200, 50, 5],
    )
    lines = series(look.figure.axes[-1])
    agreement = rank_agreement(history)
    for name, columns in (('many', [0, 1]), ('medium', [2]), ('few', [3])):
        np.testing.assert_allclose(
            lines[GROUP_COLOURS[name]], agreement[:, columns].mean(1)
        )


def test_many_classes_share_a_panel_per_group_and_have_a_strip(drawn):
    history, _ = random_history(6, 30)
    counts = np.arange(30) * 10
    look = drawn(history, class_counts=counts)
    axes = look.figure.axes
    titles = [a.get_title(loc='left') for a in axes]
    # 110 and more, 20 to 100, 0 and 10.
    assert titles[:3] == [
        'many: mean and quartiles of 19',
        'medium: mean and quartiles of 9',
        'few: mean and quartiles of 2',
    ]
    trunk = history[:, :, :2].mean(2)
    np.testing.assert_allclose(
        series(axes[0])[PART_COLOURS[0]], trunk[:, 11:].mean(1)
    )
    band = axes[0].collections[0].get_paths()[0].vertices[:, 1]
    assert band.max() == pytest.approx(
        np.quantile(trunk[:, 11:], 0.75, axis=1).max()
    )
    strip = axes[titles.index('leading part of each class')]
    shown = strip.collections[0].get_array().reshape(30, 6)
    means = np.stack(
        [history[..., [0, 1]], history[..., [0, 2]], history[..., [1, 2]]]
    ).mean(-1)
    np.testing.assert_array_equal(shown, means.argmax(0).T[::-1])
    names = [t.get_text() for t in strip.get_yticklabels()]
    assert names[0] == '29 (290)' and names[-1] == '0 (0)'


@pytest.mark.filterwarnings('error')
def test_unknown_entries_are_left_out(drawn):
    history, _ = random_history(3, 2)
    updates = np.ones_like(history)
    updates[:, 1] = 0
    updates[0, 0] = 0
    look = drawn(history, updates=updates)
    assert np.isnan(series(look.figure.axes[0])[PART_COLOURS[0]][0])
    texts = [t.get_text() for t in look.figure.axes[1].texts]
    assert texts == ['no samples']
    many, _ = random_history(3, 40)
    drawn(many, updates=np.zeros_like(many))


@pytest.mark.parametrize(
    'classes, parts, epochs',
    [(1, 3, 1), (16, 5, 30), (16, 8, 2), (60, 3, 30), (120, 8, 5)],
)
def test_all_texts_can_be_read(
    drawn, look, long_names, classes, parts, epochs
):
    look.render = False
    history, combinations = random_history(epochs, classes, parts, (1, 2))
    drawn(
        history,
        combinations=combinations,
        part_names=['left_lower_leg'] * 2 + ['x'] * (parts - 2),
        class_counts=np.arange(classes) * 5,
        classes=long_names(classes),
    )
    look.is_legible(smallest=7.5)


def test_standard_errors_of_a_moving_average_are_right():
    """Averages of white noise, each restarted, against their own spread."""
    rng, momentum = np.random.default_rng(0), 0.9
    values, rows = np.zeros((400, 3)), []
    for step in range(1, 241):
        values = momentum * values + 0.1 * rng.normal(
            scale=[1, 2, 4], size=(400, 3)
        )
        if step % 4 == 0:
            rows.append(values)
    history = np.stack(rows)
    updates = np.full((60, 400, 3), 4.0).cumsum(0)
    single = dict(
        combinations=[(0,), (1,), (2,)], num_parts=3, momentum=momentum
    )
    found = part_errors(history, updates, **single)
    truth = np.array([1, 2, 4]) * np.sqrt(0.1 / 1.9)
    np.testing.assert_allclose(found.mean(0), truth, rtol=0.05)
    # Of two independent averages the mean has less noise.
    pairs = dict(single, combinations=[(0,), (0,), (1, 2)])
    mean = part_errors(history[..., [0, 0, 1]], updates, **pairs)
    np.testing.assert_allclose(mean[:, 0], found[:, 0])
    both = np.stack([history[:, :200, 0], history[:, 200:, 0]], axis=2)
    pair = dict(combinations=[(0,), (0, 1)], num_parts=2, momentum=momentum)
    mean = part_errors(both, updates[:, :200, :2], **pair)
    np.testing.assert_allclose(mean[:, 0].mean(), truth[0] / 2**0.5, rtol=0.05)
    # A class without a late update tells nothing of its noise.
    updates[:, 0] = 5
    assert np.isnan(part_errors(history, updates, **single)[0]).all()
    few = part_errors(history[:4], updates[:4], **single)
    assert np.isnan(few).all()


@pytest.mark.parametrize(
    'shape, epochs, words',
    [
        ((0, 2, 3), [], 'none of them 0'),
        ((2, 3), [1, 2], 'history has shape'),
        ((2, 2, 3), [1], 'each of the 1 epochs'),
        ((2, 2, 3), [2, 2], 'must ascend'),
        ((2, 2, 4), [1, 2], 'combinations has 3'),
    ],
)
def test_bad_histories(drawn, shape, epochs, words):
    with pytest.raises(ValueError, match=words):
        drawn(np.zeros(shape), epochs)
    if words == 'must ascend':
        with pytest.raises(ValueError, match='updates has shape'):
            drawn(np.zeros(shape), [1, 2], updates=np.ones((3, 3)))
