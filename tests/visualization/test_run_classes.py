"""Accuracy against count: points, colours and names."""

import numpy as np
import pytest
from matplotlib.colors import to_hex

from shapmix_mm.visualization import run_classes, style
from shapmix_mm.visualization.run_classes import plot_accuracy_by_count
from shapmix_mm.visualization.style import GROUP_COLOURS


@pytest.fixture
def drawn(look, monkeypatch):
    """The figure, caught before it is saved."""

    def save(figure, path):
        look.catch(figure)
        return style.save_figure(figure, path) if look.render else path

    monkeypatch.setattr(run_classes, 'save_figure', save)
    return look


def test_points_stand_at_count_and_percent(drawn, tmp_path):
    path = plot_accuracy_by_count(
        [300, 50, 5, 0],
        [1, 0.5, 0.25, 0],
        tmp_path / 'a.png',
        classes=['a', 'b', 'c', 'd'],
    )
    assert path.is_file()
    axes = drawn.figure.axes[0]
    points = {
        to_hex(c.get_facecolor()[0]).upper(): c.get_offsets().tolist()
        for c in axes.collections
    }
    assert points == {
        GROUP_COLOURS['many']: [[300, 100]],
        GROUP_COLOURS['medium']: [[50, 50]],
        GROUP_COLOURS['few']: [[5, 25], [0.5, 0]],
    }
    assert {t.get_text() for t in axes.texts} == set('abcd')
    assert axes.get_xscale() == 'log'


def test_a_class_that_was_not_tested_has_no_name(drawn, tmp_path):
    plot_accuracy_by_count([30, 40], [np.nan, 0.5], tmp_path / 'a.png')
    assert [t.get_text() for t in drawn.figure.axes[0].texts] == ['1']


@pytest.mark.parametrize('classes', [2, 16, 120])
def test_names_are_legible(drawn, tmp_path, classes):
    drawn.render = False
    rng = np.random.default_rng(classes)
    counts = [
        int(600 * 0.01 ** (k / max(classes - 1, 1))) for k in range(classes)
    ]
    plot_accuracy_by_count(
        counts,
        rng.random(classes),
        tmp_path / 'a.png',
        classes=[f'pick up with two hands {i}' for i in range(classes)],
    )
    axes = drawn.figure.axes[0]
    assert drawn.cut_off() == []
    assert not drawn.overlapping(axes.texts)
    # Where it is crowded some names are left out, not most.
    assert len(axes.texts) >= min(classes, 70)


def test_all_classes_at_one_point(drawn, tmp_path):
    plot_accuracy_by_count([9] * 40, [0.0] * 40, tmp_path / 'a.png')
    assert not drawn.overlapping(drawn.figure.axes[0].texts)


@pytest.mark.parametrize(
    'counts, accuracy, words',
    [([3, -1], [1, 1], 'class_counts'), ([3, 1], [1], r'shape \(1,\)')],
)
def test_bad_input(tmp_path, counts, accuracy, words):
    with pytest.raises(ValueError, match=words):
        plot_accuracy_by_count(counts, accuracy, tmp_path / 'a.png')
