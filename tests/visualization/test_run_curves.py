"""Curves of a run: points, colours and scales."""

import numpy as np
import pytest

from shapmix_mm.visualization import run_curves, style
from shapmix_mm.visualization.run_curves import (
    plot_accuracy_curves,
    plot_training_curves,
)
from shapmix_mm.visualization.style import GROUP_COLOURS


@pytest.fixture
def drawn(look, monkeypatch):
    """The figure, caught before it is saved."""

    def save(figure, path):
        look.catch(figure)
        return style.save_figure(figure, path) if look.render else path

    monkeypatch.setattr(run_curves, 'save_figure', save)
    return look


def test_accuracies_in_percent_by_epoch(drawn, tmp_path):
    curves = dict(overall={8: 0.6, 4: 0.5}, few={8: 0.2}, many={})
    path = plot_accuracy_curves(curves, tmp_path / 'a.png')
    assert path.is_file()
    axes = drawn.figure.axes[0]
    lines = {line.get_label(): line for line in axes.lines}
    assert set(lines) == {'overall', 'few'}
    assert lines['overall'].get_xydata().tolist() == [[4, 50], [8, 60]]
    assert lines['few'].get_color() == GROUP_COLOURS['few']


def test_loss_and_rate_over_iterations(drawn, tmp_path):
    path = plot_training_curves(
        [10, 20], tmp_path / 'a.png', loss=[2, 1], learning_rate=[0.1, 0.001]
    )
    assert path.is_file()
    loss, rate = drawn.figure.axes
    assert loss.lines[0].get_xydata().tolist() == [[10, 2], [20, 1]]
    assert rate.lines[0].get_ydata().tolist() == [0.1, 0.001]
    assert (loss.get_yscale(), rate.get_yscale()) == ('linear', 'log')


def test_legible(drawn, tmp_path):
    drawn.render = False
    names = ('overall', 'many', 'medium', 'few', 'mean_class')
    curves = {name: {1: 0.5, 300: 0.6} for name in names}
    plot_accuracy_curves(curves, tmp_path / 'a.png')
    assert drawn.cut_off() == []
    assert not drawn.overlapping(drawn.figure.legends[0].get_texts())
    plot_training_curves(
        [10, 200000], tmp_path / 'a.png', loss=[2, 1], learning_rate=[1, 0.01]
    )
    assert drawn.cut_off() == []


def test_without_a_learning_rate(drawn, tmp_path):
    plot_training_curves([1], tmp_path / 'a.png', loss=[np.nan])
    assert len(drawn.figure.axes) == 1


def test_bad_input(tmp_path):
    with pytest.raises(ValueError, match='no point'):
        plot_accuracy_curves(dict(few={}), tmp_path / 'a.png')
    with pytest.raises(ValueError, match='2 steps'):
        plot_training_curves([1, 2], tmp_path / 'a.png', loss=[1])
    with pytest.raises(ValueError, match='must be one'):
        plot_training_curves([], tmp_path / 'a.png', loss=[])
