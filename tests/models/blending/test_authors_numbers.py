"""Mixtures, label shares and chances are those of the authors' code."""

from pathlib import Path

import numpy as np
import pytest
import torch
from mmaction.registry import MODELS
from scipy.stats import chisquare

from shapmix_mm.models.blending import shapmix_blending
from shapmix_mm.models.blending.drawing import (
    Window,
    draw_window,
    place_window,
)
from shapmix_mm.models.blending.mixing import (
    Mixture,
    mix,
    pasted_cells,
    whole_cells,
)

FOLDER = Path(__file__).resolve().parents[2] / 'authors_numbers'


@pytest.mark.parametrize('share', [0.2, 0.45, 0.55, 0.9])
def test_remix_leans_to_the_rarer_class(share):
    found = np.load(FOLDER / 'remix.npz')
    counts = torch.from_numpy(found['counts']).float()
    labels = torch.from_numpy(found['labels'])
    partner = torch.from_numpy(found['perm'])
    blend = MODELS.build(
        dict(
            type='RemixBlending',
            num_classes=10,
            layout='nw-ucla',
            kappa=3.0,
            tau=0.5,
        )
    )
    to_partner = torch.full((len(labels),), 1 - share)
    own, other = counts[labels], counts[labels[partner]]
    lean = blend.lean(to_partner, own, other)
    np.testing.assert_allclose(
        1 - lean, found[f'l{share}_lam_y'], rtol=1e-6, atol=1e-7
    )


@pytest.fixture(scope='module')
def released():
    return np.load(FOLDER / 'shapmix.npz')


def part_mask(parts, num_joints):
    mask = torch.zeros(len(parts), num_joints, dtype=torch.bool)
    for row, text in zip(mask, parts):
        row[[int(joint) for joint in str(text).split(',')]] = True
    return mask


def pasted(window, joints, partner, frames, num_joints):
    """Sample and frame that each cell of a mixture comes from."""
    num = len(partner)
    clips = torch.empty(num, 2, frames, num_joints, 2)
    clips[..., 0] = torch.arange(num).view(-1, 1, 1, 1)
    clips[..., 1] = torch.arange(frames).view(-1, 1)
    present = torch.ones(num, 2, dtype=torch.bool)
    cells, share = pasted_cells(window, joints, present, partner)
    mixed = mix(
        clips,
        Mixture(
            partner,
            source=window.source,
            cells=cells,
            share=share,
            is_mixup=torch.zeros(num, dtype=torch.bool),
        ),
    )
    assert torch.equal(mixed[:, 0], mixed[:, 1])
    return mixed[:, 0, ..., 0], mixed[:, 0, ..., 1], share


def released_window(draws, num, frames):
    """Window of the released draws, in units of 4 frames."""
    length, start, clip, origin = (
        torch.full((num, 1), 4.0 * number) for number in draws
    )
    return place_window(length, start, clip, origin, frames, 'start')


@pytest.mark.parametrize(
    'name, frames, parts',
    [
        *((f'st_{letter}', 64, 'parts') for letter in 'abcd'),
        *((f'k400_{letter}', 100, 'parts_k400') for letter in 'ab'),
    ],
)
def test_random_mixing_at_the_starts_of_stretches(
    released, name, frames, parts
):
    shift, *draws = released[f'{name}_draws'].tolist()
    window = released_window(draws[:4], 5, frames)
    members = part_mask(released[parts], 25 if frames == 64 else 17)
    joints = members[draws[4:]].any(0).expand(5, -1)
    partner = (torch.arange(5) + shift) % 5
    sample, frame, share = pasted(
        window, joints, partner, frames, members.size(1)
    )
    np.testing.assert_array_equal(sample, released[f'{name}_source_sample'])
    np.testing.assert_array_equal(frame, released[f'{name}_source_frame'])
    np.testing.assert_allclose(share, released[f'{name}_lambda'], rtol=1e-6)


@pytest.fixture
def guided(released):
    """Blend with the table and the part numbers of the released code."""
    parts = [
        [int(joint) for joint in str(text).split(',')]
        for text in released['parts']
    ]
    layout = dict(
        num_node=25,
        center=20,
        inward=[(joint, 20) for joint in range(25) if joint != 20],
        parts=parts,
    )
    blend = MODELS.build(
        dict(
            type='ShapMixBlending',
            num_classes=10,
            layout=layout,
            norm='none',
            gain=10.0,
            minority='index',
        )
    )
    values = torch.from_numpy(released['table']).float()
    blend.saliency.values.copy_(values * blend.joint_counts / 10)
    blend.saliency.updates.fill_(1)
    return blend


def test_guided_mixing_with_the_released_scale(released, guided, monkeypatch):
    labels = torch.from_numpy(released['guided_labels'])
    partner = torch.from_numpy(released['guided_partner'])
    guided.set_class_counts([1] * 10)
    guided.guided.fill_(1)
    chances = []

    def choose(logits, row):
        chances.append(logits.softmax(1)[row])
        return torch.from_numpy(released['guided_choices'])

    monkeypatch.setattr(shapmix_blending, 'draw_category', choose)
    joints = guided.draw_joints(torch.eye(10)[labels], partner)
    np.testing.assert_allclose(
        chances[0], released['guided_weights'], rtol=1e-4
    )
    shift, length, start, _, clip, origin = released['guided_draws'].tolist()
    assert partner.tolist() == [(i + shift) % 5 for i in range(5)]
    window = released_window((length, start, clip, origin), 5, 64)
    sample, frame, share = pasted(window, joints, partner, 64, 25)
    np.testing.assert_array_equal(sample, released['guided_source_sample'])
    np.testing.assert_array_equal(frame, released['guided_source_frame'])
    np.testing.assert_allclose(
        share, released['guided_lambda'].ravel(), rtol=1e-6
    )


@pytest.mark.parametrize(
    'frames, ratio, allowed',
    [
        (64, (0.4, 0.7), range(28, 45, 4)),
        (100, (0.52, 0.8), range(52, 81, 4)),
        (100, (0.28, 0.58), range(28, 59, 2)),
    ],
)
def test_windows_of_the_released_grid(frames, ratio, allowed):
    """Lengths as released, each alike; all positions on the grid."""
    torch.manual_seed(0)
    grid, cpu = allowed.step, torch.device('cpu')
    window = draw_window(20000, frames, ratio, cpu, grid=grid, at='start')
    lengths = window.inside.sum(1)
    assert set(lengths.tolist()) == set(allowed)
    counts = torch.bincount(lengths)[list(allowed)]
    assert chisquare(counts).pvalue > 1e-3
    starts = window.inside.int().argmax(1)
    assert not (starts % grid).any()
    first = window.source.gather(1, starts[:, None].long())
    assert not (first % grid).any()


def test_a_short_clip_has_a_window_on_any_grid():
    window = draw_window(50, 3, (0.4, 0.7), torch.device('cpu'), grid=4)
    assert window.inside.any(1).all()
    assert ((window.source >= 0) & (window.source < 3)).all()


@pytest.mark.parametrize('letter', 'abc')
def test_skelemix_pastes_in_place(letter):
    found = np.load(FOLDER / 'skelemix.npz')
    _, length, start, *parts = found[f'{letter}_draws'].tolist()
    frame = torch.arange(64)
    inside = (frame >= 4 * start) & (frame < 4 * (start + length))
    joints = part_mask(found['parts'], 25)[parts].any(0).expand(5, -1)
    partner = torch.from_numpy(found[f'{letter}_partner'])
    sample, source, share = pasted(
        Window(inside.expand(5, -1), frame.int().expand(5, -1)),
        joints,
        partner,
        64,
        25,
    )
    np.testing.assert_array_equal(sample, found[f'{letter}_source_sample'])
    np.testing.assert_array_equal(source, found[f'{letter}_source_frame'])
    np.testing.assert_allclose(
        share, found[f'{letter}_fraction'].item(), rtol=1e-6
    )


@pytest.mark.real_data
@pytest.mark.parametrize('weight', [0.3, 0.75])
def test_mixup_mixes_clips_and_targets(weight, shared_dir, uniform):
    """The loss of the mixed target is the mix of the two losses."""
    folder = shared_dir / 'reference' / 'longtail_numbers'
    if not (folder / 'mixup.npz').is_file():
        pytest.skip(f'no mixup.npz in {folder}')
    found = np.load(folder / 'mixup.npz')
    partner = torch.from_numpy(found['perm'])
    clips = uniform(841, 12, 1, 2, 4, 20, 3).float().squeeze(1)
    share = torch.full((12,), 1 - weight)
    mixed = mix(
        clips,
        Mixture(
            partner,
            source=torch.arange(4, dtype=torch.int32).expand(12, -1),
            cells=whole_cells(clips, share),
            share=share,
            is_mixup=torch.ones(12, dtype=torch.bool),
        ),
    )
    np.testing.assert_allclose(
        mixed[:, None], found[f'l{weight}_mixed'], atol=1e-6
    )
    own = torch.eye(10)[torch.from_numpy(found['labels'])]
    target = torch.lerp(own, own[partner], share[:, None])
    logits = 4 * uniform(842, 12, 10)
    loss = torch.nn.functional.cross_entropy(logits, target.double())
    np.testing.assert_allclose(loss, found[f'l{weight}_loss'], rtol=1e-6)
