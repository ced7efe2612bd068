"""Saving leaves no trace but the image; labels, order, colours are right."""

import subprocess
import sys
from itertools import combinations

import matplotlib
import numpy as np
import pytest
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen
from matplotlib import font_manager
from matplotlib.cbook import is_math_text
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from shapmix_mm.visualization import plot_class_counts, plot_saliency
from shapmix_mm.visualization.style import (
    GROUP_COLOURS,
    PART_COLOURS,
    ClassOrder,
    class_labels,
    saliency_scale,
    save_figure,
    write_gif,
)


def test_labels():
    assert class_labels(None, 3) == ['0', '1', '2']
    assert class_labels(['a_b', 'b' * 40], 2, 10) == ['a b', 'bbbbbbbbb…']
    with pytest.raises(ValueError, match='2 names where there are 3'):
        class_labels(['a', 'b'], 3)


@pytest.mark.parametrize('length', [14, 19, 28])
def test_names_that_begin_alike_are_told_apart(long_names, length):
    names = [
        'put your hands on his hips',
        'put your hands on his head',
        'put your hands on his hips and look',
        'wear a shoe on the left foot, standing',
        'wear a shoe on the right foot, standing',
        *long_names(200),
        'same words that are long enough to be cut',
        'same words that are long enough to be cut',
    ]
    labels = class_labels(names, len(names), length)
    assert len(set(labels)) == len(names)
    assert max(map(len, labels)) <= length


def test_a_cut_name_keeps_its_beginning_and_what_differs():
    names = [
        'put your hands on your hips',
        'put your hands on your head',
        'put your hands on your hips and jump',
        'wear a shoe on the left foot',
        'wear a shoe on the right foot',
    ]
    assert class_labels(names, 5, 20) == [
        'put your hands…hips',
        'put your hands…head',
        'put your ha…and jump',
        'wear a sho…left foot',
        'wear a sh…right foot',
    ]


def test_equal_names_are_told_apart_by_their_numbers_alone():
    assert class_labels(['a_b', 'c', 'a b'], 3) == ['a b#0', 'c', 'a b#2']


def test_dollars_in_names_make_no_formula(tmp_path):
    names = ['from $5 to $10', r'$\nothing$', 'one $', 'another $']
    labels = class_labels(names, 4)
    assert [label.replace(r'\$', '$') for label in labels] == names
    assert not is_math_text('; '.join(labels))
    plot_class_counts([4, 3, 2, 1], tmp_path / 'a.png', classes=names)


def test_classes_are_sorted_by_count_with_their_groups():
    order = ClassOrder.by_count(
        4, [50, 300, 5, 50], ['a', 'b', 'c', 'd'], (20, 100)
    )
    assert order.indices.tolist() == [1, 0, 3, 2]
    assert order.labels == ['b (300)', 'a (50)', 'd (50)', 'c (5)']
    assert order.groups.tolist() == ['many', 'medium', 'medium', 'few']
    assert [entry.get_label() for entry in order.legend] == [
        'many (n > 100): 1 class',
        'medium (20 to 100): 2 classes',
        'few (n < 20): 1 class',
    ]
    plain = ClassOrder.by_count(2, None, None, (20, 100))
    assert plain.labels == ['0', '1'] and not plain.legend
    few = ClassOrder.by_count(2, [30, 5], None, (20, 100))
    assert len(few.legend) == 2


def luminance(colour):
    return np.dot(np.array(to_rgb(colour)) ** 2.2, [0.2126, 0.7152, 0.0722])


def test_group_colours_differ_for_the_colour_blind():
    # Luminance alone tells the groups apart, whatever the hues look like.
    light = sorted(map(luminance, GROUP_COLOURS.values()))
    assert min(np.diff(light)) > 0.03


def test_no_colour_stands_for_a_part_and_a_group():
    everything = [*PART_COLOURS, *GROUP_COLOURS.values()]
    for first, second in combinations(everything, 2):
        far = np.linalg.norm(np.subtract(to_rgb(first), to_rgb(second)))
        assert far > 0.25, (first, second)


def test_weak_values_have_a_colour_beside_strong_ones():
    values = np.array([0.8] * 5 + [0.05, -0.05] + [5e-4] * 3)
    scale = saliency_scale(values)
    white = np.array(scale.cmap(0.5)[:3])

    def strength(value):
        return np.linalg.norm(np.array(scale.to_rgba(value)[:3]) - white)

    assert strength(0.05) > 0.2 and strength(-0.05) > 0.1
    assert strength(5e-4) < 0.03
    assert scale.norm.vmin == -scale.norm.vmax == -0.8
    assert saliency_scale(np.abs(values)).norm.vmin == 0
    for empty in (np.zeros(3), np.full(3, np.nan)):
        assert saliency_scale(empty).norm.vmax == 1


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


def test_the_room_is_entered_without_matplotlib():
    code = (
        'import importlib.util as u, sys, types;'
        'p = types.ModuleType("shapmix_mm");'
        's = u.find_spec("shapmix_mm");'
        'p.__path__ = list(s.submodule_search_locations);'
        'sys.modules["shapmix_mm"] = p;'
        'import shapmix_mm.visualization as v;'
        'assert "matplotlib" not in sys.modules;'
        '[getattr(v, name) for name in v.__all__];'
        'assert "matplotlib" in sys.modules'
    )
    subprocess.run([sys.executable, '-c', code], check=True)


@pytest.fixture
def one_letter_font(tmp_path, monkeypatch):
    """A font of the name of a Chinese one, whose only letter is a square."""
    fonts = font_manager.fontManager
    monkeypatch.setattr(fonts, 'ttflist', [*fonts.ttflist])
    square, empty = TTGlyphPen(None), TTGlyphPen(None).glyph()
    square.moveTo((100, 0))
    for corner in ((100, 800), (900, 800), (900, 0)):
        square.lineTo(corner)
    square.closePath()
    builder = FontBuilder(1000, isTTF=True)
    builder.setupGlyphOrder(['.notdef', 'walk'])
    builder.setupCharacterMap({ord('走'): 'walk'})
    builder.setupGlyf({'.notdef': empty, 'walk': square.glyph()})
    builder.setupHorizontalMetrics({'.notdef': (0, 0), 'walk': (1000, 100)})
    builder.setupHorizontalHeader(ascent=800, descent=-200)
    builder.setupNameTable(dict(familyName='SimHei', styleName='Regular'))
    builder.setupOS2()
    builder.setupPost()
    path = tmp_path / 'one.ttf'
    builder.save(path)
    fonts.addfont(path)
    yield
    fonts._findfont_cached.cache_clear()


@pytest.mark.filterwarnings('error')
def test_chinese_names_are_set_in_an_installed_font(one_letter_font, tmp_path):
    plot_class_counts([9, 3], tmp_path / 'counts.svg', classes=['走', 'run'])
    animate = Figure()
    animate.add_subplot().set_yticks([0.5], labels=['走'])
    write_gif(animate, tmp_path / 'a.gif', 2, lambda frame: None, fps=2)
