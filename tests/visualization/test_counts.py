"""Class counts and the sheet about an annotation file."""

from collections import Counter

import numpy as np
import pytest
from matplotlib.colors import to_hex

from shapmix_mm.datasets.inspection import PartSummary, PoseSummary
from shapmix_mm.visualization import plot_annotations, plot_class_counts
from shapmix_mm.visualization.counts import drawn_parts
from shapmix_mm.visualization.style import GROUP_COLOURS


def test_bars_stand_from_the_largest_class_to_the_smallest(look, tmp_path):
    path = plot_class_counts(
        [5, 300, 50], tmp_path / 'counts.png', classes=['a', 'b', 'c']
    )
    assert path.is_file()
    (axes,) = look.axes
    assert [bar.get_height() for bar in axes.patches] == [300, 50, 5]
    colours = [to_hex(bar.get_facecolor()).upper() for bar in axes.patches]
    assert colours == list(GROUP_COLOURS.values())
    assert [t.get_text() for t in axes.get_xticklabels()] == ['b', 'c', 'a']
    assert look.groups(axes.xaxis) == ['many', 'medium', 'few']
    assert [t.get_text() for t in axes.texts] == ['300', '50', '5']


@pytest.mark.parametrize(
    'counts, scale',
    [([600, 6], 'log'), ([100, 5], 'linear'), ([101, 5, 0], 'log')],
)
def test_scale_follows_the_spread(look, tmp_path, counts, scale):
    plot_class_counts(counts, tmp_path / 'counts.png')
    assert look.axes[0].get_yscale() == scale


def test_class_without_samples_is_marked(look, tmp_path):
    plot_class_counts([30, 0, 20], tmp_path / 'counts.png')
    marks = [m for m in look.axes[0].lines if m.get_marker() == 'x']
    assert [tuple(np.ravel(m.get_xdata())) for m in marks] == [(2,)]


def test_all_empty(tmp_path):
    assert plot_class_counts([0, 0], tmp_path / 'counts.png').is_file()


@pytest.mark.parametrize('num_classes', [2, 10, 60, 120])
@pytest.mark.parametrize('named', [False, True])
def test_legible(look, tmp_path, long_names, num_classes, named):
    look.render = False
    plot_class_counts(
        np.geomspace(600, 6, num_classes).astype(int),
        tmp_path / 'counts.png',
        classes=long_names(num_classes) if named else None,
        title='counts.txt',
    )
    look.is_legible()


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


def summary(**counts):
    parts = [
        PartSummary(name, sum(c), np.array(c), np.arange(sum(c)) % 50 + 1)
        for name, c in counts.items()
    ]
    shapes = dict(persons=Counter({1: 5, 2: 3}))
    return PoseSummary('some/file.pkl', 3, None, parts, shapes)


def test_the_lines_and_bars_are_the_counts(look, tmp_path):
    content = summary(all=[10, 200, 40], train=[9, 150, 30], val=[1, 50, 10])
    plot_annotations(content, tmp_path / 'o.png')
    classes, lengths, persons = look.axes
    lines = [np.asarray(line.get_ydata()).tolist() for line in classes.lines]
    assert lines[:2] == [[150, 30, 9], [50, 10, 1]]
    assert [line[0] for line in lines[2:]] == [20, 100]
    labels = [line.get_label() for line in classes.lines[:2]]
    assert labels == [
        'train: 1 many, 1 medium, 1 few',
        'val: 0 many, 1 medium, 2 few',
    ]
    assert [bar.get_height() for bar in persons.patches] == [5, 3]
    assert len(lengths.patches) == 2


def test_thresholds_move_the_groups(look, tmp_path):
    plot_annotations(
        summary(all=[3, 2, 1]), tmp_path / 'o.png', thresholds=(2, 2)
    )
    label = look.axes[0].lines[0].get_label()
    assert label == 'all: 1 many, 1 medium, 1 few'


def test_fourteen_splits_are_all_drawn_and_differ(look, tmp_path):
    names = {f'camera_{i:02d}_validation': [i, 150, 30] for i in range(14)}
    plot_annotations(summary(all=[9, 9, 9], **names), tmp_path / 'o.png')
    lines = look.axes[0].lines[:14]
    assert [n.get_label().split(':')[0] for n in lines] == list(names)
    looks = {(line.get_color(), line.get_linestyle()) for line in lines}
    assert len(looks) == 14
    assert len(look.figure.legends[0].get_texts()) == 14
    look.is_legible()


def test_splits_stand_for_all_samples_where_they_have_any():
    parts = summary(all=[1, 1, 1], train=[1, 1, 1], val=[0, 0, 0]).parts
    assert [p.name for p in drawn_parts(parts)] == ['train']
    parts = summary(all=[1, 1, 1], val=[0, 0, 0]).parts
    assert [p.name for p in drawn_parts(parts)] == ['all']
