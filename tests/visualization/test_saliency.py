"""Saliency figure: order of rows, marks, missing entries, legibility."""

import itertools

import numpy as np
import pytest
from matplotlib.collections import PatchCollection, QuadMesh
from matplotlib.patches import Rectangle

from shapmix_mm.visualization import plot_saliency
from shapmix_mm.visualization.saliency import (
    best_combinations,
    part_saliency,
    part_symbols,
    read_table,
)

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


def cells(axes):
    """The coloured cells of a panel, and their values."""
    (mesh,) = [c for c in axes.collections if isinstance(c, QuadMesh)]
    rows, columns = (size - 1 for size in mesh.get_coordinates().shape[:2])
    return mesh, mesh.get_array().reshape(rows, columns)


def hatched(axes):
    """Middles of the cells that are hatched, (column, row)."""
    (found,) = [c for c in axes.collections if isinstance(c, PatchCollection)]
    assert found.get_hatch()
    boxes = [path.get_extents() for path in found.get_paths()]
    return [((b.x0 + b.x1) / 2, (b.y0 + b.y1) / 2) for b in boxes]


def marked(axes, size):
    """Cells with a mark of a size, (column, row)."""
    (line,) = [m for m in axes.lines if m.get_markersize() == size]
    return line.get_xydata().astype(int).tolist()


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
    np.testing.assert_array_equal(cells(heat)[1], values[[1, 2, 3, 0]])
    assert look.groups(heat.yaxis) == ['many', 'medium', 'medium', 'few']
    names = ['many (n > 100): 1 class', 'medium (20 to 100): 2 classes']
    legend = [t.get_text() for t in look.figure.legends[0].get_texts()]
    assert legend == [*names, 'few (n < 20): 1 class']


def test_without_counts_the_order_stays(look, tmp_path):
    values = random_table(3)
    draw(tmp_path / 's.png', values)
    np.testing.assert_array_equal(cells(panels(look)[0])[1], values)


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
    assert marked(heat, 5.5) == [[4, 0]]
    assert marked(heat, 4) == [[10, 0], [19, 0]]


def test_classes_without_update_are_hatched_and_not_ranked(look, tmp_path):
    updates = np.array([0.0, 3])
    draw(tmp_path / 's.png', random_table(2), updates=updates)
    heat, middle, right = panels(look)
    for axes, columns in ((heat, 20), (middle, 5)):
        assert hatched(axes) == [(column, 0) for column in range(columns)]
        assert cells(axes)[1].mask[0].all()
    notes = {t.get_position(): t.get_text() for t in right.texts}
    assert notes[0, 0] == 'not observed'
    places = [*marked(heat, 5.5), *marked(heat, 4)]
    assert [row for _, row in places] == [1, 1, 1]


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


def test_both_panels_have_the_one_scale(look, tmp_path):
    draw(tmp_path / 's.png', random_table(3))
    norms = [cells(axes)[0].norm for axes in panels(look)[:2]]
    assert norms[0] is norms[1]
    assert norms[0].vmin == -norms[0].vmax < 0
    draw(tmp_path / 's.png', abs(random_table(3)))
    assert cells(panels(look)[0])[0].norm.vmin == 0


def test_a_few_strong_classes_do_not_turn_the_rest_white(look, tmp_path):
    values = 0.04 * abs(random_table(60))
    values[:3] = 0.8
    draw(tmp_path / 's.png', values)
    mesh, shown = cells(panels(look)[0])
    mesh.update_scalarmappable()
    colours = mesh.get_facecolors()[:, :3].reshape(60, 20, 3)
    away = np.linalg.norm(1 - colours, axis=2)
    # Weak classes have a colour, and their entries differ.
    assert np.median(away[3:]) > 0.15
    assert (np.ptp(away[3:], axis=1) > 0.2).mean() > 0.95


@pytest.mark.parametrize(
    'values', [np.zeros((2, 20)), np.full((2, 20), np.nan)]
)
def test_nothing_learnt_yet(tmp_path, values):
    assert draw(tmp_path / 's.png', values).is_file()


@pytest.mark.parametrize('num_classes', [1, 10, 60, 120])
def test_legible(look, tmp_path, long_names, num_classes):
    look.render = False
    draw(
        tmp_path / 's.png',
        random_table(num_classes),
        class_counts=np.geomspace(600, 6, num_classes).astype(int),
        classes=long_names(num_classes),
        updates=np.arange(num_classes)[::-1],
        true_parts=[(0,)] * num_classes,
    )
    look.is_legible()
    labels = panels(look)[0].get_yticklabels()
    assert len({t.get_text() for t in labels}) == num_classes


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
    look.is_legible()


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


THREE = [(0, 1), (0, 2), (1, 2), (0, 1, 2)]


def test_part_means_by_hand():
    table = np.array([[1.0, 2, 6, 9], [1, np.nan, 6, np.nan]])
    np.testing.assert_allclose(
        part_saliency(table, THREE, 4),
        [[4, 16 / 3, 17 / 3, np.nan], [1, 3.5, 6, np.nan]],
    )


def test_best_combinations():
    assert best_combinations(np.array([0.1, 0.5, -2, 0.5])) == [1, 3, 0]
    assert best_combinations(np.array([np.nan, -1, np.nan])) == [1]
    assert best_combinations(np.full(4, np.nan)) == []


def test_entries_without_update_are_unknown():
    values = np.arange(8.0).reshape(2, 4)
    by_class = read_table(values, THREE, 3, np.array([0, 2.0]))
    assert np.isnan(by_class[0]).all() and not np.isnan(by_class[1]).any()
    updates = np.ones((2, 4))
    updates[1, 2] = 0
    by_entry = read_table(values, THREE, 3, updates)
    assert np.argwhere(np.isnan(by_entry)).tolist() == [[1, 2]]
    assert not np.isnan(values).any()


def test_symbols():
    names = ['trunk', 'left_arm', 'right arm', 'left-leg']
    assert part_symbols(names) == ['T', 'LA', 'RA', 'LL']
    assert part_symbols(['torso', 'tail']) == ['0', '1']


@pytest.mark.parametrize(
    'values, combinations, updates, words',
    [
        (np.zeros(4), THREE, None, r'shape \(4,\)'),
        (np.zeros((2, 3)), THREE, None, '4 entries .* 3 columns'),
        (np.zeros((2, 1)), [(0, 3)], None, r'combinations\[0\] names part 3'),
        (np.zeros((2, 1)), [()], None, r'combinations\[0\] has no part'),
        (np.zeros((2, 4)), THREE, np.ones(4), 'updates has shape'),
    ],
)
def test_bad_tables(values, combinations, updates, words):
    with pytest.raises(ValueError, match=words):
        read_table(values, combinations, 3, updates)
