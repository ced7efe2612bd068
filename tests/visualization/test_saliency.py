"""Saliency figure: order of rows, marks, missing entries, legibility."""

import itertools

import numpy as np
import pytest
from matplotlib.colors import to_rgba
from matplotlib.patches import Rectangle

from shapmix_mm.visualization import plot_saliency
from shapmix_mm.visualization.style import GROUP_COLOURS

PARTS = ['trunk', 'left_arm', 'right_arm', 'left_leg', 'right_leg']
COMBINATIONS = [
    c for size in (2, 3) for c in itertools.combinations(range(5), size)
]


def draw(path, values, **kwargs):
    kwargs.setdefault('combinations', COMBINATIONS)
    kwargs.setdefault('part_names', PARTS)
    return plot_saliency(values, path, **kwargs)


def random_table(num_classes, seed=0):
    return np.random.default_rng(seed).normal(size=(num_classes, 20))


def panels(look):
    return look.figure.axes[:3]


def test_rows_are_sorted_by_count(look, tmp_path):
    values = random_table(4)
    before = values.copy()
    path = draw(
        tmp_path / 's.png',
        values,
        class_counts=[5, 300, 50, 50],
        classes=['a', 'b', 'c', 'd'],
    )
    assert path.is_file()
    np.testing.assert_array_equal(values, before)
    heat = panels(look)[0]
    assert [t.get_text() for t in heat.get_yticklabels()] == [
        'b (300)',
        'c (50)',
        'd (50)',
        'a (5)',
    ]
    shown = heat.images[0].get_array()
    np.testing.assert_array_equal(shown, values[[1, 2, 3, 0]])


def test_without_counts_the_order_stays(look, tmp_path):
    values = random_table(3)
    draw(tmp_path / 's.png', values)
    np.testing.assert_array_equal(
        panels(look)[0].images[0].get_array(), values
    )


def test_three_best_are_named_and_marked(look, tmp_path):
    values = np.zeros((1, 20))
    values[0, [4, 10, 19]] = 3, 2, 1
    draw(tmp_path / 's.png', values)
    heat, _, right = panels(look)
    assert [t.get_text() for t in right.texts] == [
        'LA+RA',
        'T+LA+RA',
        'RA+LL+RL',
    ]
    marked = [
        (int(np.ravel(m.get_xdata())[0]), int(np.ravel(m.get_ydata())[0]))
        for m in heat.lines
        if m.get_marker() == 'o'
    ]
    assert marked == [(4, 0), (10, 0), (19, 0)]


def test_classes_without_update_are_hatched_and_not_ranked(look, tmp_path):
    updates = np.array([0.0, 3])
    draw(tmp_path / 's.png', random_table(2), updates=updates)
    heat, middle, right = panels(look)
    for axes, columns in ((heat, 20), (middle, 5)):
        hatched = [p for p in axes.patches if p.get_hatch()]
        assert len(hatched) == columns
        assert all(p.get_y() == -0.5 for p in hatched)
        assert axes.images[0].get_array().mask[0].all()
    assert 'not observed' in [t.get_text() for t in right.texts]
    assert all(
        np.ravel(m.get_ydata())[0] == 1
        for m in heat.lines
        if m.get_marker() == 'o'
    )


def test_true_parts_are_framed_in_the_sorted_rows(look, tmp_path):
    draw(
        tmp_path / 's.png',
        random_table(2),
        class_counts=[1, 200],
        true_parts=[(0, 4), (2,)],
    )
    frames = [
        (round(p.get_x() + 0.42), round(p.get_y() + 0.42))
        for p in panels(look)[1].patches
        if isinstance(p, Rectangle) and not p.get_fill()
    ]
    assert frames == [(2, 0), (0, 1), (4, 1)]


def test_colours_are_symmetric_where_values_have_signs(look, tmp_path):
    draw(tmp_path / 's.png', random_table(3))
    norm = panels(look)[0].images[0].norm
    assert norm.vmin == -norm.vmax < 0
    draw(tmp_path / 's.png', abs(random_table(3)))
    assert panels(look)[0].images[0].norm.vmin == 0


@pytest.mark.parametrize(
    'values', [np.zeros((2, 20)), np.full((2, 20), np.nan)]
)
def test_nothing_learnt_yet(tmp_path, values):
    assert draw(tmp_path / 's.png', values).is_file()


@pytest.mark.parametrize('num_classes', [1, 10, 30, 120])
def test_legible(look, tmp_path, num_classes):
    look.render = False
    counts = np.geomspace(600, 6, num_classes).astype(int)
    names = ['clap', 'put on a hat or a cap', 'kick'] * num_classes
    draw(
        tmp_path / 's.png',
        random_table(num_classes),
        class_counts=counts,
        classes=names[:num_classes],
        updates=np.arange(num_classes)[::-1],
        true_parts=[(0,)] * num_classes,
    )
    assert look.cut_off() == []
    # The key names marks that are drawn: all its text must be readable.
    assert not look.overlapping(look.texts())


def test_other_numbers_of_parts(look, tmp_path):
    look.render = False
    combinations = [
        c for size in (2, 3) for c in itertools.combinations(range(8), size)
    ]
    values = np.random.default_rng(0).normal(size=(12, len(combinations)))
    draw(
        tmp_path / 's.png',
        values,
        combinations=combinations,
        part_names=[f'part {i}' for i in range(8)],
    )
    assert look.cut_off() == []
    assert not look.overlapping(look.texts())


@pytest.mark.parametrize(
    'kwargs, words',
    [
        (dict(class_counts=[1, 2]), '2 classes'),
        (dict(classes=['a']), '1 names'),
        (dict(true_parts=[(0,)]), 'true_parts has 1 entries'),
        (dict(true_parts=[(0,), (5,), ()]), r'true_parts\[1\] names part 5'),
        (dict(part_names=PARTS[:4]), 'names part 4'),
        (dict(thresholds=(9, 3), class_counts=[1, 2, 3]), 'few <= many'),
    ],
)
def test_bad_input(tmp_path, kwargs, words):
    with pytest.raises(ValueError, match=words):
        draw(tmp_path / 's.png', random_table(3), **kwargs)
    assert not list(tmp_path.iterdir())


def test_group_strip_follows_the_rows(look, tmp_path):
    counts = [5, 300, 50, 7]
    draw(tmp_path / 's.png', random_table(4), class_counts=counts)
    names = {to_rgba(c): name for name, c in GROUP_COLOURS.items()}
    strip = {
        names[p.get_facecolor()]: (p.get_y(), p.get_height())
        for p in panels(look)[0].patches
        if p.get_facecolor() in names
    }
    assert strip == {
        'many': (0.75, 0.25),
        'medium': (0.5, 0.25),
        'few': (0, 0.5),
    }
