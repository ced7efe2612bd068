"""Class-count bars: heights, groups, scale and legibility."""

import numpy as np
import pytest
from matplotlib.colors import to_hex

from shapmix_mm.visualization import plot_class_counts
from shapmix_mm.visualization.style import GROUP_COLOURS

NAMES = ['carry', 'donning', 'pick up with two hands', 'walk around']


def exponential(num_classes):
    return [
        int(600 * 0.01 ** (k / (num_classes - 1))) for k in range(num_classes)
    ]


def test_bars_hold_the_counts_in_the_given_order(look, tmp_path):
    counts = [5, 300, 50]
    path = plot_class_counts(counts, tmp_path / 'counts.png')
    assert path.is_file()
    bars = look.figure.axes[0].patches
    assert [bar.get_height() for bar in bars] == counts
    colours = [to_hex(bar.get_facecolor()).upper() for bar in bars]
    assert colours == [GROUP_COLOURS[g] for g in ('few', 'many', 'medium')]


@pytest.mark.parametrize(
    'counts, scale',
    [([600, 6], 'log'), ([100, 5], 'linear'), ([101, 5, 0], 'log')],
)
def test_scale_follows_the_spread(look, tmp_path, counts, scale):
    plot_class_counts(counts, tmp_path / 'counts.png')
    assert look.figure.axes[0].get_yscale() == scale


def test_class_without_samples_is_marked(look, tmp_path):
    plot_class_counts([30, 0, 20], tmp_path / 'counts.png')
    axes = look.figure.axes[0]
    marks = [line for line in axes.lines if line.get_marker() == 'x']
    assert [tuple(np.ravel(m.get_xdata())) for m in marks] == [(1,)]


def test_all_empty(tmp_path):
    assert plot_class_counts([0, 0], tmp_path / 'counts.png').is_file()


@pytest.mark.parametrize('num_classes', [2, 10, 120])
@pytest.mark.parametrize('named', [False, True])
def test_legible(look, tmp_path, num_classes, named):
    look.render = False
    names = [f'{NAMES[i % 4]} {i}' for i in range(num_classes)]
    plot_class_counts(
        exponential(num_classes),
        tmp_path / 'counts.png',
        classes=names if named else None,
    )
    assert look.cut_off() == []
    axes = look.figure.axes[0]
    assert not look.overlapping(axes.get_xticklabels())
    assert not look.overlapping(look.figure.legends[0].get_texts())


@pytest.mark.parametrize(
    'counts, kwargs, words',
    [
        ([3, -1], {}, r'class_counts\[1\]'),
        ([3, 1], dict(classes=['a']), '1 names where there are 2'),
        ([3, 1], dict(thresholds=(100, 20)), 'few <= many'),
    ],
)
def test_bad_input(tmp_path, counts, kwargs, words):
    with pytest.raises(ValueError, match=words):
        plot_class_counts(counts, tmp_path / 'counts.png', **kwargs)
    assert not list(tmp_path.iterdir())
