"""The sheet about an annotation file."""

from __future__ import annotations

from collections import Counter

import matplotlib.image
import numpy as np
import pytest

from shapmix_mm.datasets.inspection import PartSummary, PoseSummary
from shapmix_mm.visualization import annotation_overview
from shapmix_mm.visualization.annotation_overview import (
    drawn_parts,
    plot_annotations,
)


def summary(**counts):
    parts = [
        PartSummary(name, sum(c), np.array(c), np.arange(sum(c)) % 50 + 1)
        for name, c in counts.items()
    ]
    shapes = dict(persons=Counter({1: 5, 2: 3}))
    return PoseSummary('some/file.pkl', 3, None, parts, shapes)


@pytest.fixture
def drawn(monkeypatch, tmp_path):
    """The figure behind the image that a call wrote."""
    figures = []
    save = annotation_overview.save_figure

    def keep(figure, path):
        figures.append(figure)
        return save(figure, path)

    monkeypatch.setattr(annotation_overview, 'save_figure', keep)

    def draw(content, **settings):
        path = plot_annotations(content, tmp_path / 'o.png', **settings)
        assert matplotlib.image.imread(path).std() > 0.01
        return figures[-1]

    return draw


def test_the_bars_and_lines_are_the_counts(drawn):
    content = summary(all=[10, 200, 40], train=[9, 150, 30], val=[1, 50, 10])
    classes, lengths, persons = drawn(content).axes
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


def test_thresholds_move_the_groups(drawn):
    figure = drawn(summary(all=[3, 2, 1]), thresholds=(2, 2))
    line = figure.axes[0].lines[0]
    assert line.get_label() == 'all: 1 many, 1 medium, 1 few'


def test_splits_stand_for_all_samples_where_they_have_any():
    parts = summary(all=[1, 1, 1], train=[1, 1, 1], val=[0, 0, 0]).parts
    assert [p.name for p in drawn_parts(parts)] == ['train']
    parts = summary(all=[1, 1, 1], val=[0, 0, 0]).parts
    assert [p.name for p in drawn_parts(parts)] == ['all']
