"""Confusion matrix: order, shares, groups and legibility."""

import numpy as np
import pytest
from matplotlib.colors import to_hex

from shapmix_mm.visualization import confusion, style
from shapmix_mm.visualization.confusion import plot_confusion
from shapmix_mm.visualization.style import GROUP_COLOURS


@pytest.fixture
def drawn(look, monkeypatch):
    """The figure, caught before it is saved."""

    def save(figure, path):
        look.catch(figure)
        return style.save_figure(figure, path) if look.render else path

    monkeypatch.setattr(confusion, 'save_figure', save)
    return look


TABLE = np.array([[3, 1, 0], [0, 4, 0], [1, 1, 8]])


def test_rows_are_shares_and_sorted_by_count(drawn, tmp_path):
    path = plot_confusion(
        TABLE,
        tmp_path / 'a.png',
        class_counts=[5, 300, 50],
        classes=['x', 'y', 'z'],
    )
    assert path.is_file()
    axes = drawn.figure.axes[0]
    np.testing.assert_allclose(
        axes.images[0].get_array(), [[100, 0, 0], [10, 80, 10], [25, 0, 75]]
    )
    labels = [t.get_text() for t in axes.get_yticklabels()]
    assert labels == ['y (300)', 'z (50)', 'x (5)']
    assert [t.get_text() for t in axes.get_xticklabels()] == ['y', 'z', 'x']
    assert {t.get_text() for t in axes.texts} == {
        '100',
        '10',
        '80',
        '25',
        '75',
    }
    strip = [to_hex(p.get_facecolor()).upper() for p in axes.patches]
    groups = [GROUP_COLOURS[name] for name in ('many', 'medium', 'few')]
    assert strip == [colour for colour in groups for _ in range(2)]


def test_without_counts_the_order_stays(drawn, tmp_path):
    plot_confusion(TABLE, tmp_path / 'a.png')
    labels = drawn.figure.axes[0].get_yticklabels()
    assert [t.get_text() for t in labels] == ['0', '1', '2']
    assert not drawn.figure.legends


def test_a_class_without_test_samples_is_hatched(drawn, tmp_path):
    plot_confusion([[1, 1], [0, 0]], tmp_path / 'a.png')
    (hatched,) = [p for p in drawn.figure.axes[0].patches if p.get_hatch()]
    assert hatched.get_y() == 0.5


@pytest.mark.parametrize('classes', [2, 10, 30, 120])
def test_legible(drawn, tmp_path, classes):
    drawn.render = False
    names = [f'pick up with two hands {i}' for i in range(classes)]
    plot_confusion(
        np.eye(classes),
        tmp_path / 'a.png',
        class_counts=np.arange(classes) * 5 + 1,
        classes=names,
    )
    assert drawn.cut_off() == []
    axes = drawn.figure.axes[0]
    for labels in (axes.get_xticklabels(), axes.get_yticklabels()):
        assert not drawn.overlapping(labels)


@pytest.mark.parametrize(
    'table, kwargs, words',
    [
        (np.zeros((2, 3)), {}, r'\(K, K\)'),
        (np.eye(2), dict(class_counts=[1]), '1 classes'),
        (np.eye(2), dict(classes=['a']), '1 names'),
    ],
)
def test_bad_input(tmp_path, table, kwargs, words):
    with pytest.raises(ValueError, match=words):
        plot_confusion(table, tmp_path / 'a.png', **kwargs)
