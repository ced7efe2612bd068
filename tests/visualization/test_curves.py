"""Curves of runs and estimators, and methods side by side."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.image import imread

from shapmix_mm.visualization import (
    MeanOfSeeds,
    plot_accuracy_curves,
    plot_error_curves,
    plot_mean_ranks,
    plot_method_intervals,
    plot_training_curves,
)
from shapmix_mm.visualization.style import GROUP_COLOURS


def test_accuracies_in_percent_by_epoch(look, tmp_path):
    curves = dict(overall={8: 0.6, 4: 0.5}, few={8: 0.2}, many={})
    path = plot_accuracy_curves(curves, tmp_path / 'a.png')
    assert path.is_file()
    axes = look.figure.axes[0]
    lines = {line.get_label(): line for line in axes.lines}
    assert set(lines) == {'overall', 'few'}
    assert lines['overall'].get_xydata().tolist() == [[4, 50], [8, 60]]
    assert lines['few'].get_color() == GROUP_COLOURS['few']


def test_loss_and_rate_over_iterations(look, tmp_path):
    path = plot_training_curves(
        [10, 20], tmp_path / 'a.png', loss=[2, 1], learning_rate=[0.1, 0.001]
    )
    assert path.is_file()
    loss, rate = look.figure.axes
    assert loss.lines[0].get_xydata().tolist() == [[10, 2], [20, 1]]
    assert rate.lines[0].get_ydata().tolist() == [0.1, 0.001]
    assert (loss.get_yscale(), rate.get_yscale()) == ('linear', 'log')


def test_legible(look, tmp_path):
    look.render = False
    names = ('overall', 'many', 'medium', 'few', 'mean_class')
    curves = {name: {1: 0.5, 300: 0.6} for name in names}
    plot_accuracy_curves(curves, tmp_path / 'a.png')
    look.is_legible()
    plot_training_curves(
        [10, 200000], tmp_path / 'a.png', loss=[2, 1], learning_rate=[1, 0.01]
    )
    look.is_legible()


def test_without_a_learning_rate(look, tmp_path):
    plot_training_curves([1], tmp_path / 'a.png', loss=[np.nan])
    assert len(look.figure.axes) == 1


def test_bad_input(tmp_path):
    with pytest.raises(ValueError, match='no point'):
        plot_accuracy_curves(dict(few={}), tmp_path / 'a.png')
    with pytest.raises(ValueError, match='2 steps'):
        plot_training_curves([1, 2], tmp_path / 'a.png', loss=[1])
    with pytest.raises(ValueError, match='must be one'):
        plot_training_curves([], tmp_path / 'a.png', loss=[])


METHODS = dict(
    ce=dict(
        overall=MeanOfSeeds((60.0, 62.0), 61.0, 12.7),
        few=MeanOfSeeds((20.0, 30.0), 25.0, 60.0),
    ),
    new=dict(overall=MeanOfSeeds((70.0,), 70.0, None)),
)


def test_a_panel_per_metric_and_a_line_per_method(look, tmp_path):
    plot_method_intervals(METHODS, tmp_path / 'x.png', unit='percent')
    overall, few = look.axes
    assert [overall.get_title(), few.get_title()] == ['overall', 'few']
    names = [label.get_text() for label in overall.get_yticklabels()]
    assert names == ['ce', 'new']
    # The first method stands on top.
    assert overall.get_ylim()[0] > overall.get_ylim()[1]
    first, second = overall.containers
    assert tuple(first.lines[0].get_xydata()[0]) == (61.0, 0.0)
    ends = first.lines[2][0].get_segments()[0][:, 0]
    assert ends.tolist() == pytest.approx([61 - 12.7, 61 + 12.7])
    assert tuple(second.lines[0].get_xydata()[0]) == (70.0, 1.0)
    # A metric that a method lacks is not drawn.
    assert len(few.containers) == 1


def test_the_reference_is_a_line(look, tmp_path):
    plot_method_intervals(
        METHODS, tmp_path / 'x.png', unit='x', reference=dict(overall=61.0)
    )
    overall, few = look.axes
    dashed = [line for line in overall.lines if line.get_linestyle() == '--']
    assert [line.get_xdata()[0] for line in dashed] == [61.0]
    assert not [line for line in few.lines if line.get_linestyle() == '--']


def test_an_image_is_written(look, tmp_path, long_names):
    path = tmp_path / 'x.png'
    methods = dict.fromkeys(long_names(12), METHODS['ce'])
    plot_method_intervals(methods, path, unit='percent')
    assert np.ptp(imread(path)[..., :3]) > 0.5
    look.is_legible()


def test_nothing_to_draw_is_an_error(tmp_path):
    with pytest.raises(ValueError, match='no number'):
        plot_method_intervals({'ce': {}}, tmp_path / 'x.png', unit='x')


def test_errors_by_passes_and_by_epoch(look, tmp_path):
    frame = pd.DataFrame(
        dict(
            estimator=['paper', 'paper', 'other', 'other'],
            passes=[10, 100, 10, 100],
            rmse=[0.1, 0.01, np.nan, np.nan],
            rank_corr=[0.2, 0.6, 0.1, 0.9],
        )
    )
    plot_error_curves(frame, tmp_path / 'x.png')
    left, right = look.axes
    (line,) = left.lines
    assert line.get_xydata().tolist() == [[10, 0.1], [100, 0.01]]
    assert [n.get_label() for n in right.lines] == ['paper', 'other']
    assert right.get_xscale() == 'log'
    look.is_legible()
    renamed = frame.rename(columns=dict(passes='epoch'))
    plot_error_curves(renamed, tmp_path / 'x.png')
    assert look.axes[1].get_xscale() == 'linear'


RANKS = dict(ce=3.9, bs=2.6, old=2.0, new=1.5)


def test_ranks_from_the_best_down_and_what_is_alike_joined(look, tmp_path):
    path = plot_mean_ranks(RANKS, tmp_path / 'x.png', difference=1.2)
    assert path.is_file()
    (axes,) = look.axes
    names = [label.get_text() for label in axes.get_yticklabels()]
    assert names == ['new', 'old', 'bs', 'ce']
    assert axes.get_ylim()[0] > axes.get_ylim()[1]
    # The last two are 1.3 apart.
    joined = [line.get_xdata().tolist() for line in axes.lines]
    assert joined == [[1.5, 2.6]]
    with pytest.raises(ValueError, match='1 methods'):
        plot_mean_ranks(dict(ce=1.0), path, difference=1.2)


def test_long_names_of_methods_leave_room_for_what_ranks_are(look, tmp_path):
    names = ['Shap-Mix + BS, cheaper estimate', 'b', 'c', 'd']
    ranks = dict(zip(names, RANKS.values()))
    plot_mean_ranks(ranks, tmp_path / 'x.png', difference=1.62)
    look.is_legible()


def test_bars_of_ranks_overlap_where_they_must(look, tmp_path):
    plot_mean_ranks(RANKS, tmp_path / 'x.png', difference=1.35)
    joined = [line.get_xdata().tolist() for line in look.axes[0].lines]
    assert joined == [[1.5, 2.6], [2.6, 3.9]]
