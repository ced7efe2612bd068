"""Figure of bodies: colours, order, names, missing classes, legibility."""

import itertools

import matplotlib
import numpy as np
import pytest
from matplotlib.collections import LineCollection
from matplotlib.colors import AsinhNorm, to_rgba

from shapmix_mm.visualization import plot_bodies
from shapmix_mm.visualization.body import OUTLINE, UNKNOWN
from shapmix_mm.visualization.style import GROUP_COLOURS

STAR = dict(
    num_node=4,
    inward=[(1, 0), (2, 0), (3, 0)],
    center=0,
    parts=dict(trunk=[0], left_arm=[1], right_arm=[2], left_leg=[3]),
)
SINGLES = [(0,), (1,), (2,), (3,)]


def chains(parts):
    """Layout whose limbs are chains of two joints around a joint."""
    limbs = [[2 * p - 1, 2 * p] for p in range(1, parts)]
    bones = [b for a, c in limbs for b in ((a, 0), (c, a))]
    return dict(
        num_node=2 * parts - 1, center=0, inward=bones, parts=[[0], *limbs]
    )


@pytest.fixture
def drawn(look, tmp_path):
    """Function that plots and returns the look at the figure."""

    def draw(values, path=tmp_path / 'bodies.png', **kwargs):
        kwargs.setdefault('layout', STAR)
        kwargs.setdefault('combinations', SINGLES)
        look.path = plot_bodies(values, path, **kwargs)
        return look

    return draw


def bone_colours(look):
    """Colours of the bones of each body, in the order of drawing."""
    lines = [
        c
        for c in look.figure.axes[0].collections
        if isinstance(c, LineCollection)
    ]
    rims, fills = lines[::2], lines[1::2]
    assert all((c.get_colors() == to_rgba(OUTLINE)).all() for c in rims)
    return [c.get_colors() for c in fills]


def expected(values, low, high, name):
    norm = AsinhNorm(high / 20, vmin=low, vmax=high)
    return matplotlib.colormaps[name](norm(values))


def cell_texts(look):
    return [t.get_text() for t in look.figure.axes[0].texts]


def test_bones_have_the_colour_of_their_part_on_the_scale(drawn, tmp_path):
    values = np.array([[0.1, 0.2, 0.4, 0.8]] * 2)
    look = drawn(values, tmp_path / 'b.png')
    for colours in bone_colours(look):
        np.testing.assert_allclose(
            colours, expected(values[0, 1:], 0, 0.8, 'Greens')
        )
    assert look.path.read_bytes()[:4] == b'\x89PNG'
    assert len(list(tmp_path.iterdir())) == 1


def test_each_class_is_scaled_by_its_largest_magnitude(drawn):
    values = np.array([[0, 1.0, -2, 4], [0, 0.1, -0.2, 0.4]])
    look = drawn(values, scale='class')
    first, second = bone_colours(look)
    np.testing.assert_allclose(
        first, expected(np.array([0.25, -0.5, 1]), -1, 1, 'PRGn'), atol=0.02
    )
    np.testing.assert_allclose(first, second, atol=1e-6)


def test_part_colour_is_the_mean_over_combinations_with_it(drawn):
    pairs = [(0, 1), (1, 2), (2, 3)]
    look = drawn(np.array([[0.2, 0.6, 0.8]]), combinations=pairs)
    means = np.array([0.4, 0.7, 0.8])
    np.testing.assert_allclose(
        bone_colours(look)[0], expected(means, 0, 0.8, 'Greens')
    )


def test_classes_are_sorted_named_and_headed_by_their_group(drawn):
    values = np.array([[4.0, 3, 2, 1], [1, 2, 3, 4], [2, 1, 4, 3]])
    look = drawn(
        values,
        class_counts=[5, 300, 50],
        classes=['rare_one', 'common', 'middle'],
    )
    assert cell_texts(look) == [
        *('common (300)', 'LL', 'RA', 'LA'),
        *('middle (50)', 'RA', 'LL', 'T'),
        *('rare one (5)', 'T', 'LA', 'RA'),
    ]
    heads = [p.get_facecolor() for p in look.figure.axes[0].patches]
    assert heads == [
        to_rgba(GROUP_COLOURS[name]) for name in ('many', 'medium', 'few')
    ]
    bold = [
        t.get_text()
        for t in look.figure.axes[0].texts
        if t.get_fontweight() == 'bold'
    ]
    assert bold == ['LL', 'RA', 'T']


@pytest.mark.parametrize('by', ['updates', 'nan'])
def test_a_class_without_values_is_grey_hatched_and_said_so(drawn, by):
    values = np.ones((2, 4))
    updates = np.array([3.0, 0]) if by == 'updates' else None
    if by == 'nan':
        values[1] = np.nan
    look = drawn(values, updates=updates)
    known, unknown = bone_colours(look)
    assert (unknown == to_rgba(UNKNOWN)).all()
    assert not (known == to_rgba(UNKNOWN)).all()
    hatched = [p for p in look.figure.axes[0].patches if p.get_hatch()]
    assert len(hatched) == 1
    assert cell_texts(look)[-2:] == ['1', 'no samples']


def test_the_pose_given_is_the_body_drawn(drawn):
    pose = np.array([[0, 1.5, 0], [1, 1, 0], [-1, 1, 0], [0.5, -1.5, 0]])
    look = drawn(np.ones((1, 4)), pose=pose[None])
    lines = [
        c
        for c in look.figure.axes[0].collections
        if isinstance(c, LineCollection)
    ]
    start, end = np.array(lines[0].get_segments())[2]
    # From the foot to the centre: 3 up and half to the left; of the sheet's
    # axes y points down.
    right, down = look.axes[0].transData.transform([end, start])
    inches = (down - right) / look.figure.dpi
    np.testing.assert_allclose(inches, [1.25 / 3 * 0.5 * 1, -1.25], atol=0.2)
    assert inches[0] / -inches[1] == pytest.approx(0.5 / 3, rel=0.03)
    with pytest.raises(ValueError, match='the pose has 3 joints'):
        drawn(np.ones((1, 4)), pose=pose[:3])


@pytest.mark.parametrize(
    'classes, parts, sizes',
    [(10, 5, (2, 3)), (16, 3, (2,)), (60, 8, (2, 3)), (120, 5, (2, 3))],
)
def test_all_texts_can_be_read(drawn, look, long_names, classes, parts, sizes):
    look.render = False
    combinations = [
        c for s in sizes for c in itertools.combinations(range(parts), s)
    ]
    rng = np.random.default_rng(classes)
    drawn(
        rng.normal(size=(classes, len(combinations))),
        layout=chains(parts),
        combinations=combinations,
        class_counts=np.arange(classes) * 5,
        classes=long_names(classes),
        updates=np.arange(classes) > 0,
        part_errors=rng.normal(size=(classes, parts)) ** 2,
    )
    look.is_legible(smallest=7.5)
    names = [t.get_text() for t in look.axes[0].texts if '(' in t.get_text()]
    assert len(set(names)) == classes


def test_a_class_within_noise_is_drawn_as_such(drawn):
    # Standard errors of 0.1: 0.2 is two of them, of four parts not enough.
    values = np.array([[0.2, 0.2, -0.2, 0.1], [0.2, 0.2, 0.2, 0.4]])
    look = drawn(values, part_errors=np.full((2, 4), 0.1))
    noisy, known = bone_colours(look)
    assert (noisy == to_rgba('white')).all()
    np.testing.assert_allclose(
        known, expected(values[1, 1:], -0.4, 0.4, 'PRGn'), atol=1e-6
    )
    assert cell_texts(look) == ['0', 'within noise', '1', 'LL', 'T', 'LA']
    legend = [t.get_text() for t in look.figure.legends[0].get_texts()]
    assert legend == ['within noise']
    # Of classes with unknown errors nothing is said.
    look = drawn(values, part_errors=np.full((2, 4), np.nan))
    assert 'within noise' not in cell_texts(look)
    with pytest.raises(ValueError, match='part_errors has shape'):
        drawn(values, part_errors=np.zeros((2, 3)))


@pytest.mark.parametrize('named', [True, False])
def test_where_sides_are_unknown_it_is_said_and_parts_are_named(drawn, named):
    layout = STAR if named else dict(STAR, parts=[[0], [1], [2], [3]])
    look = drawn(np.ones((1, 4)), layout=layout)
    key = look.figure.get_supxlabel()
    key = key.replace('\n', ' ')
    assert ('Bodies face the reader' in key) == named
    assert ('does not tell left from right' in key) != named
    on_bodies = [t for t in look.axes[0].texts if t.get_zorder() == 3]
    texts = [t.get_text() for t in on_bodies if t.get_va() == 'center']
    assert texts == ([] if named else ['0', '1', '2', '3'])


def test_an_unknown_scale_is_refused(drawn):
    with pytest.raises(ValueError, match="'all' or 'class', got 'group'"):
        drawn(np.ones((1, 4)), scale='group')
