"""Saving leaves no trace but the image; labels and legends are right."""

import matplotlib
import numpy as np
import pytest
from matplotlib.figure import Figure

from shapmix_mm.visualization import plot_class_counts, plot_saliency
from shapmix_mm.visualization.style import (
    GROUP_COLOURS,
    class_labels,
    group_legend,
    save_figure,
)


def test_labels():
    assert class_labels(None, 3) == ['0', '1', '2']
    assert class_labels(['a', 'b' * 40], 2, 10) == ['a', 'bbbbbbb...']
    with pytest.raises(ValueError, match='2 names where there are 3'):
        class_labels(['a', 'b'], 3)


def test_legend_leaves_out_empty_groups():
    entries = group_legend(np.array([50.0, 30, 5]), (20, 100))
    assert [e.get_label() for e in entries] == [
        'medium (20 to 100): 2 classes',
        'few (n < 20): 1 class',
    ]


def test_group_colours_differ_for_the_colour_blind():
    # Luminance alone tells the groups apart, whatever the hues look like.
    rgb = [matplotlib.colors.to_rgb(c) for c in GROUP_COLOURS.values()]
    linear = [[v**2.2 for v in colour] for colour in rgb]
    light = sorted(np.dot(linear, [0.2126, 0.7152, 0.0722]))
    assert min(np.diff(light)) > 0.03


def test_save_makes_folders_and_keeps_no_scratch(tmp_path):
    path = save_figure(Figure(), tmp_path / 'a' / 'b.png')
    assert path.read_bytes()[:8] == b'\x89PNG\r\n\x1a\n'
    assert [p.name for p in path.parent.iterdir()] == ['b.png']


def test_failed_save_keeps_the_old_image(tmp_path, monkeypatch):
    path = tmp_path / 'b.png'
    path.write_text('old')

    def fail(*args, **kwargs):
        raise OSError('no space left')

    monkeypatch.setattr(Figure, 'savefig', fail)
    with pytest.raises(OSError, match='no space'):
        save_figure(Figure(), path)
    assert path.read_text() == 'old' and len(list(tmp_path.iterdir())) == 1


def test_pyplot_and_settings_stay_as_they_were(tmp_path):
    from matplotlib import pyplot

    before, backend = dict(matplotlib.rcParams), matplotlib.get_backend()
    plot_class_counts([30, 20, 1], tmp_path / 'x.png')
    plot_saliency(
        np.ones((2, 1)),
        tmp_path / 'y.png',
        combinations=[(0, 1)],
        part_names=['arm', 'leg'],
    )
    assert pyplot.get_fignums() == []
    assert dict(matplotlib.rcParams) == before
    assert matplotlib.get_backend() == backend
