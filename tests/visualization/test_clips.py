"""Figures of a mixed sample: colours by origin, frames, label, whole files."""

import numpy as np
import pytest
from matplotlib.animation import PillowWriter
from matplotlib.collections import LineCollection
from matplotlib.colors import to_rgba
from PIL import Image

from shapmix_mm.visualization import (
    animate_mixed_sample,
    plot_mixed_sample,
    plot_prediction,
)
from shapmix_mm.visualization.body import UNKNOWN
from shapmix_mm.visualization.clips import OWN, PARTNER, ROWS, read_mixed_clip

STAR = dict(
    num_node=4,
    inward=[(1, 0), (2, 0), (3, 0)],
    center=0,
    parts=dict(trunk=[0], left_arm=[1], right_arm=[2], left_leg=[3]),
)
FRAMES = 6


def sample(**changes):
    """Cut-Mix of joints 1 and 3 into frames 2 to 4, from frames 0, 1, 3."""
    rng = np.random.default_rng(0)
    own, partner = rng.normal(size=(2, 2, FRAMES, 4, 3))
    own[1] = 0
    weights = np.zeros((2, FRAMES, 4))
    weights[0, 2:5, [1, 3]] = 1
    source = np.array([0, 0, 0, 1, 3, 5])
    mixed = own + weights[..., None] * (partner[:, source] - own)
    label = np.array([0, 0.75, 0, 0.25])
    return dict(
        dict(
            own=own,
            partner=partner,
            mixed=mixed,
            weights=weights,
            source=source,
            label=label,
            own_class=1,
            classes=['a', 'pick_up', 'c', 'throw'],
            layout=STAR,
        ),
        **changes,
    )


def clip_of(**changes):
    return read_mixed_clip(**sample(**changes))


@pytest.fixture
def drawn(look, tmp_path):
    """Function that draws a sample and returns the look at the figure."""

    def draw(**changes):
        look.path = plot_mixed_sample(
            path=tmp_path / 'out' / 'm.png', **sample(**changes)
        )
        return look

    return draw


def bones(axes):
    """Fill colours of the bones of each person in a panel."""
    lines = [c for c in axes.collections if isinstance(c, LineCollection)]
    return [c.get_colors() for c in lines[1::2]]


def test_each_joint_has_the_colour_of_its_sample():
    own, partner, mixed = clip_of().colours
    inside, outside = (0, 3), (0, 0)
    grey, blue, orange = map(to_rgba, (UNKNOWN, OWN, PARTNER))
    np.testing.assert_allclose(own[inside], [blue, grey, blue, grey])
    np.testing.assert_allclose(partner[inside], [grey, orange, grey, orange])
    np.testing.assert_allclose(mixed[inside], [blue, orange, blue, orange])
    np.testing.assert_allclose(own[outside], [blue] * 4)
    np.testing.assert_allclose(partner[outside], [grey] * 4)


def test_mixup_blends_the_colours_by_weight():
    weights = np.full((2, FRAMES, 4), 0.25)
    clip = clip_of(weights=weights)
    expected = 0.75 * np.array(to_rgba(OWN)) + 0.25 * np.array(
        to_rgba(PARTNER)
    )
    np.testing.assert_allclose(clip.colours[2, 0, 0, 0], expected)
    assert clip.describe() == "Mixup: every joint is 25% the partner's"
    np.testing.assert_allclose(clip.pasted(), 0.25)


def test_the_partner_is_shown_at_its_source_frames():
    data = sample()
    clip = read_mixed_clip(**data)
    still = read_mixed_clip(**{**data, 'source': np.arange(FRAMES)})
    np.testing.assert_array_equal(
        clip.points[1], still.points[1][:, data['source']]
    )


def test_the_title_says_what_is_pasted_where():
    assert clip_of().describe() == (
        'Cut-Mix: left arm, left leg of the partner, its frames 0 to 3, in '
        'frames 2 to 4'
    )
    none = np.zeros((2, FRAMES, 4))
    assert clip_of(weights=none).describe() == 'nothing was pasted'


def test_single_joints_are_counted_not_named():
    layout = dict(STAR, parts=dict(trunk=[0, 1], arm=[2], leg=[3]))
    assert 'Cut-Mix: 2 joints of' in clip_of(layout=layout).describe()


def test_share_of_joints_counts_persons_that_are_there():
    np.testing.assert_allclose(clip_of().pasted(), [0, 0, 0.5, 0.5, 0.5, 0])


def test_rows_of_frames_and_the_label_beside(drawn):
    look = drawn(frames=6)
    assert look.path.read_bytes()[:4] == b'\x89PNG'
    assert len(list(look.path.parent.iterdir())) == 1
    panels = {axes.get_label(): axes for axes in look.axes}
    blue, orange, grey = map(to_rgba, (OWN, PARTNER, UNKNOWN))
    own, partner, mixed = (panels[f'{name} 3'] for name in ROWS)
    np.testing.assert_allclose(bones(own)[0], [grey, blue, grey])
    np.testing.assert_allclose(bones(partner)[0], [orange, grey, orange])
    np.testing.assert_allclose(bones(mixed)[0], [orange, blue, orange])
    # The second person of the sample is absent, that of the partner is not.
    assert [len(bones(a)) for a in (own, partner, mixed)] == [1, 2, 1]
    assert [a.texts[0].get_text() for a in (own, partner, mixed)] == (
        ['3', '1', '3']
    )
    assert not panels['partner 0'].texts
    label = panels['label']
    assert [t.get_text() for t in label.texts] == [
        'pick up: 75%',
        'throw: 25%',
    ]
    bars = [(p.get_width(), p.get_facecolor()) for p in label.patches]
    assert [bar for bar in bars if bar[0]] == [(0.75, blue), (0.25, orange)]
    heads = [t.get_text() for t in look.figure.legends[0].get_texts()]
    assert heads == ['the sample itself', 'its partner', 'left out']
    look.is_legible()


@pytest.mark.parametrize('wide', [0.1, 10])
def test_texts_are_legible_and_bodies_inside(drawn, look, long_names, wide):
    look.render = False
    data = sample()
    stretch = np.array([wide, 1, 1])
    clips = {k: data[k] * stretch for k in ('own', 'partner', 'mixed')}
    look = drawn(**clips, classes=long_names(4), label=np.full(4, 0.25))
    look.is_legible()
    for axes in look.axes:
        (left, right), (low, high) = axes.get_xlim(), axes.get_ylim()
        for points in axes.collections[2::3]:
            x, y = points.get_offsets().T
            assert left < x.min() and x.max() < right
            assert low < y.min() and y.max() < high


def test_one_unit_is_as_long_on_both_axes(drawn):
    look = drawn()
    axes = look.axes[0]
    axes.apply_aspect()
    across, up = axes.get_window_extent().size
    assert across / np.ptp(axes.get_xlim()) == pytest.approx(
        up / np.ptp(axes.get_ylim())
    )


def test_a_label_of_one_class_is_shared_by_what_was_pasted(drawn):
    look = drawn(label=np.eye(4)[1])
    (label,) = [a for a in look.axes if a.get_label() == 'label']
    blue, orange = map(to_rgba, (OWN, PARTNER))
    bars = [(p.get_width(), p.get_facecolor()) for p in label.patches]
    # Half of the joints in three of six frames.
    assert bars == [(0.75, blue), (0.25, orange)]


def test_the_animation_has_every_frame(tmp_path):
    path = animate_mixed_sample(path=tmp_path / 'a' / 'm.gif', **sample())
    with Image.open(path) as image:
        assert image.n_frames == FRAMES and image.info['duration'] == 100
    assert [p.name for p in path.parent.iterdir()] == ['m.gif']


def test_long_titles_of_narrow_figures_are_whole(look, tmp_path, long_names):
    data = sample()
    narrow = {k: data[k] * [0.1, 1, 1] for k in ('own', 'partner', 'mixed')}
    path = tmp_path / 'm.gif'
    animate_mixed_sample(path=path, **{**data, **narrow})
    # Frames are saved with fewer dots per inch.
    look.catch(look.figure)
    look.is_legible()
    for name in ('p.gif', 'p.png'):
        names = long_names(4)
        prediction(tmp_path / name, classes=names, label=1, frames=1)
        look.catch(look.figure)
        look.is_legible()


def test_a_failed_animation_leaves_the_old_one(tmp_path, monkeypatch):
    path = tmp_path / 'm.gif'
    path.write_text('old')

    def fail(self, **kwargs):
        raise OSError('no space left')

    monkeypatch.setattr(PillowWriter, 'grab_frame', fail)
    with pytest.raises(Exception, match='no space|list index'):
        animate_mixed_sample(path=path, **sample())
    assert path.read_text() == 'old' and len(list(tmp_path.iterdir())) == 1


def test_other_names_than_gif_are_refused(tmp_path):
    with pytest.raises(ValueError, match=r'needs a \.gif'):
        animate_mixed_sample(path=tmp_path / 'm.png', **sample())


@pytest.mark.parametrize(
    'changes, words',
    [
        (dict(partner=np.zeros((2, 5, 4, 3))), 'partner must be'),
        (dict(own=np.zeros((2, FRAMES, 4, 3))), 'no person'),
        (dict(mixed=np.full((2, FRAMES, 4, 3), np.nan)), 'not finite'),
        (dict(weights=np.zeros((2, FRAMES, 3))), 'weights has shape'),
        (dict(weights=np.full((2, FRAMES, 4), 1.5)), 'between 0 and 1'),
        (dict(source=np.arange(5)), 'source has shape'),
        (dict(source=np.full(FRAMES, FRAMES)), r'frames in 0\.\.5'),
        (dict(classes=['a']), '1 names where there are 4'),
        (dict(layout='coco'), "has 4 joints where layout 'coco'"),
        (dict(frames=0), 'frames must be'),
    ],
)
def test_bad_samples(drawn, changes, words):
    with pytest.raises(ValueError, match=words):
        drawn(**changes)


SCORES = np.array([0.1, 0.2, 0.05, 0.65])


def prediction(path, **changes):
    data = sample()
    settings = dict(scores=SCORES, layout=STAR, classes=data['classes'])
    return plot_prediction(data['own'], path, **{**settings, **changes})


@pytest.mark.parametrize(
    'label, words, filled',
    [
        (3, 'predicted: throw (right)', ['throw: 0.65']),
        (1, 'predicted: throw; true: pick up', ['pick up: 0.2']),
        (None, 'predicted: throw', []),
    ],
)
def test_a_prediction_has_its_scores_and_the_truth(
    look, tmp_path, label, words, filled
):
    prediction(tmp_path / 'p.png', label=label, frames=3)
    *panels, scores = look.axes
    assert len(panels) == 3
    assert look.figure.legends[0].get_title().get_text() == words
    names = [t.get_text() for t in scores.texts]
    assert names == ['throw: 0.65', 'pick up: 0.2', 'a: 0.1', 'c: 0.05']
    assert [p.get_width() for p in scores.patches] == [0.65, 0.2, 0.1, 0.05]
    colours = [p.get_facecolor() == to_rgba(OWN) for p in scores.patches]
    assert [n for n, true in zip(names, colours) if true] == filled
    frames = [axes.get_title() for axes in panels]
    assert frames == ['frame 0', 'frame 2', 'frame 5']
    # The second person is absent; each limb has a colour of its own.
    (limbs,) = bones(panels[0])
    assert len({tuple(colour) for colour in limbs}) == 3
    look.is_legible()


def test_a_prediction_moves_in_a_gif(tmp_path):
    path = prediction(tmp_path / 'p.gif', fps=5)
    with Image.open(path) as image:
        assert image.n_frames == FRAMES and image.info['duration'] == 200
        image.seek(0)
        first = np.asarray(image.convert('RGB'))
        image.seek(5)
        assert (first != np.asarray(image.convert('RGB'))).any()
