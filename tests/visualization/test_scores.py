"""Accuracy by class, confusion and reliability: what stands where."""

import numpy as np
import pytest
from matplotlib.colors import to_hex

from shapmix_mm.evaluation.functional import expected_calibration_error
from shapmix_mm.visualization import (
    plot_accuracy_by_count,
    plot_confusion,
    plot_reliability,
)
from shapmix_mm.visualization.style import GROUP_COLOURS

TABLE = np.array([[3, 1, 0], [0, 4, 0], [1, 1, 8]])


def dots(axes):
    """Places and colours of the points of a scatter."""
    (points,) = [c for c in axes.collections if len(c.get_offsets()) > 1]
    colours = [to_hex(c).upper() for c in points.get_facecolors()]
    return points.get_offsets(), colours


def test_a_dot_and_a_bar_for_each_class(look, tmp_path):
    path = plot_accuracy_by_count(
        [5, 300, 50, 0],
        [0.25, 1, 0.5, 0],
        tmp_path / 'a.png',
        classes=['c', 'a', 'b', 'd'],
    )
    assert path.is_file()
    accuracy, counts = look.axes
    points, colours = dots(accuracy)
    assert points.tolist() == [[100, 0], [50, 1], [25, 2], [0, 3]]
    groups = ['many', 'medium', 'few', 'few']
    assert colours == [GROUP_COLOURS[name] for name in groups]
    assert look.groups(accuracy.yaxis) == groups
    assert [t.get_text() for t in accuracy.get_yticklabels()] == [
        'a (300)',
        'b (50)',
        'c (5)',
        'd (0)',
    ]
    assert [bar.get_width() for bar in counts.patches] == [300, 50, 5, 0]
    # The largest class is on top.
    assert accuracy.get_ylim()[0] > accuracy.get_ylim()[1]


def test_a_class_that_was_not_tested_is_said_so(look, tmp_path):
    plot_accuracy_by_count([30, 40], [np.nan, 0.5], tmp_path / 'a.png')
    (note,) = look.axes[0].texts
    assert note.get_text() == 'not tested' and note.get_position()[1] == 1


def test_classes_that_are_alike_do_not_hide_each_other(look, tmp_path):
    plot_accuracy_by_count([9] * 18, [0.5] * 18, tmp_path / 'a.png')
    points, _ = dots(look.axes[0])
    pixels = look.axes[0].transData.transform(points)
    # A dot of 22 square points is 4.7 points wide.
    apart = np.diff(pixels[:, 1]) * 72 / look.figure.dpi
    assert np.abs(apart).min() > 5.3


def test_confusions_are_shares_sorted_by_count(look, tmp_path):
    path = plot_confusion(
        TABLE,
        tmp_path / 'a.png',
        class_counts=[5, 300, 50],
        classes=['x', 'y', 'z'],
    )
    assert path.is_file()
    axes = look.axes[0]
    (cells,) = axes.collections
    np.testing.assert_allclose(
        cells.get_array().reshape(3, 3),
        [[100, 0, 0], [10, 80, 10], [25, 0, 75]],
    )
    labels = [t.get_text() for t in axes.get_yticklabels()]
    assert labels == ['y (300)', 'z (50)', 'x (5)']
    assert [t.get_text() for t in axes.get_xticklabels()] == ['y', 'z', 'x']
    written = {t.get_position(): t.get_text() for t in axes.texts}
    assert written == {
        (0, 0): '100',
        (0, 1): '10',
        (1, 1): '80',
        (2, 1): '10',
        (0, 2): '25',
        (2, 2): '75',
    }
    for axis in (axes.xaxis, axes.yaxis):
        assert look.groups(axis) == ['many', 'medium', 'few']
    width, height = axes.get_window_extent().size
    assert width == pytest.approx(height, rel=0.02)


def test_without_counts_the_order_stays(look, tmp_path):
    plot_confusion(TABLE, tmp_path / 'a.png')
    labels = look.axes[0].get_yticklabels()
    assert [t.get_text() for t in labels] == ['0', '1', '2']
    assert not look.figure.legends[0].get_texts()


def test_a_class_without_test_samples_is_hatched(look, tmp_path):
    plot_confusion([[1, 1], [0, 0]], tmp_path / 'a.png')
    (hatched,) = [p for p in look.axes[0].patches if p.get_hatch()]
    assert hatched.get_y() == 0.5


@pytest.mark.parametrize('classes', [2, 10, 30, 60, 120])
@pytest.mark.parametrize('draw', [plot_confusion, plot_accuracy_by_count])
def test_every_class_can_be_read(look, tmp_path, long_names, classes, draw):
    look.render = False
    counts = np.geomspace(600, 6, classes).astype(int)
    names = long_names(classes)
    if draw is plot_confusion:
        table, path = np.eye(classes), tmp_path / 'a.png'
        draw(table, path, class_counts=counts, classes=names)
    else:
        accuracy = np.arange(classes) / classes
        draw(counts, accuracy, tmp_path / 'a.png', classes=names)
    look.is_legible()
    labels = [t.get_text() for t in look.axes[0].get_yticklabels()]
    assert len(set(labels)) == classes


@pytest.mark.parametrize(
    'table, kwargs, words',
    [
        (np.zeros((2, 3)), {}, r'\(K, K\)'),
        (np.eye(2), dict(class_counts=[1]), '1 classes'),
        (np.eye(2), dict(classes=['a']), '1 names'),
    ],
)
def test_bad_confusions(tmp_path, table, kwargs, words):
    with pytest.raises(ValueError, match=words):
        plot_confusion(table, tmp_path / 'a.png', **kwargs)


@pytest.mark.parametrize(
    'counts, accuracy, words',
    [([3, -1], [1, 1], 'class_counts'), ([3, 1], [1], r'shape \(1,\)')],
)
def test_bad_accuracies(tmp_path, counts, accuracy, words):
    with pytest.raises(ValueError, match=words):
        plot_accuracy_by_count(counts, accuracy, tmp_path / 'a.png')


def test_reliability_has_accuracy_gap_and_share(look, tmp_path):
    # Sure 0.9 and half right; sure 0.75 and all right; nothing below.
    scores = np.array([[0.9, 0.1], [0.9, 0.1], [0.2, 0.8], [0.3, 0.7]])
    found = expected_calibration_error(scores, [0, 1, 1, 1], bins=5)
    assert plot_reliability(found, tmp_path / 'a.png').is_file()
    upper, lower = look.axes
    heights = [bar.get_height() for bar in upper.patches]
    np.testing.assert_allclose(heights, [1, 0.5, -0.25, 0.4])
    np.testing.assert_allclose(
        [bar.get_x() for bar in upper.patches], [0.6, 0.8] * 2
    )
    shares = [bar.get_height() for bar in lower.patches]
    np.testing.assert_allclose(shares, [50, 50])
    assert 'ECE 32.5 %' in upper.get_legend().get_title().get_text()
    look.is_legible()
