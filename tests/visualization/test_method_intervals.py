"""Methods side by side: what is drawn, and where."""

import numpy as np
import pytest
from matplotlib.image import imread

from shapmix_mm.visualization import method_intervals
from shapmix_mm.visualization.method_intervals import (
    MeanOfSeeds,
    plot_method_intervals,
)

METHODS = dict(
    ce=dict(
        overall=MeanOfSeeds((60.0, 62.0), 61.0, 12.7),
        few=MeanOfSeeds((20.0, 30.0), 25.0, 60.0),
    ),
    new=dict(overall=MeanOfSeeds((70.0,), 70.0, None)),
)


@pytest.fixture
def figure(monkeypatch):
    """The last figure that was drawn."""
    kept = []

    def keep(figure, path):
        kept.append(figure)
        return path

    monkeypatch.setattr(method_intervals, 'save_figure', keep)
    return kept


def test_a_panel_per_metric_and_a_line_per_method(figure, tmp_path):
    plot_method_intervals(METHODS, tmp_path / 'x.png', unit='percent')
    overall, few = figure[0].axes
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


def test_the_reference_is_a_line(figure, tmp_path):
    plot_method_intervals(
        METHODS, tmp_path / 'x.png', unit='x', reference=dict(overall=61.0)
    )
    overall, few = figure[0].axes
    dashed = [line for line in overall.lines if line.get_linestyle() == '--']
    assert [line.get_xdata()[0] for line in dashed] == [61.0]
    assert not [line for line in few.lines if line.get_linestyle() == '--']


def test_an_image_is_written(tmp_path):
    path = plot_method_intervals(METHODS, tmp_path / 'x.png', unit='percent')
    assert np.ptp(imread(path)[..., :3]) > 0.5


def test_nothing_to_draw_is_an_error(tmp_path):
    with pytest.raises(ValueError, match='no number'):
        plot_method_intervals({'ce': {}}, tmp_path / 'x.png', unit='x')
