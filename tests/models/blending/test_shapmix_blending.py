"""Guided drawing: Eq. 3, both cases, and the state that must survive."""

import numpy as np
import pytest
import torch
from mmaction.structures import ActionDataSample
from mmengine.runner.checkpoint import load_state_dict
from scipy import stats

from shapmix_mm.models import ShapMixBlending
from shapmix_mm.saliency import ClassSaliency
from shapmix_mm.saliency.result import write_worths
from shapmix_mm.shapley import combination_parts
from shapmix_mm.skeletons import get_layout

LAYOUT = get_layout('nturgb+d')
PARTS = combination_parts(5)


def guided_blend(counts, **kwargs):
    blend = ShapMixBlending(len(counts), 'nturgb+d', mixup_prob=0.0, **kwargs)
    blend.set_class_counts(counts)
    blend.guided.fill_(1.0)
    generator = torch.Generator().manual_seed(0)
    blend.saliency.values.copy_(
        torch.rand(len(counts), 20, generator=generator)
    )
    blend.saliency.updates.fill_(1.0)
    return blend


def eq3(values, tau=0.2, norm='l1', gain=1.0):
    """Eq. 3 in numpy, term by term."""
    sizes = [sum(len(LAYOUT.parts[p]) for p in b) for b in PARTS]
    density = np.array([v / s for v, s in zip(values, sizes)])
    if norm == 'l1':
        density = density / np.abs(density).sum()
    if norm == 'standard':
        density = stats.zscore(density)
    weights = np.exp(gain * density / tau)
    return weights / weights.sum()


def joints_of(combination):
    mask = np.zeros(25, dtype=bool)
    for part in combination:
        mask[list(LAYOUT.parts[part])] = True
    return mask


@pytest.mark.parametrize(
    'norm, gain', [('l1', 1.0), ('none', 10.0), ('standard', 0.2)]
)
@pytest.mark.parametrize('rarer', ['partner', 'own', 'tie'])
def test_combinations_follow_eq_3_and_the_rarer_class_guides(
    norm, gain, rarer
):
    counts = {'partner': [90, 5], 'own': [5, 90], 'tie': [50, 50]}[rarer]
    blend = guided_blend(counts, norm=norm, gain=gain)
    num = 8000
    label = torch.zeros(num, 2)
    label[::2, 0] = 1.0
    label[1::2, 1] = 1.0
    partner = torch.arange(num).view(-1, 2).flip(1).flatten()
    torch.manual_seed(0)
    joints = blend.draw_joints(label, partner)[::2].numpy()
    guide = 1 if rarer == 'partner' else 0
    values = blend.saliency.values[guide].double().numpy()
    chances = eq3(values, norm=norm, gain=gain)
    found = blend.combination_logits()[guide].softmax(0)
    np.testing.assert_allclose(found, chances, rtol=1e-4)
    drawn = [joints_of(b) for b in PARTS]
    if rarer != 'partner':
        drawn = [~mask for mask in drawn]
    observed = [(joints == mask).all(1).sum() for mask in drawn]
    # Some pasted joint sets are complements of others; all must be counted.
    assert sum(observed) == len(joints)
    assert stats.chisquare(observed, chances * len(joints)).pvalue > 1e-3


@pytest.mark.parametrize('tail_is_partner', [True, False])
def test_salient_parts_of_the_minority_survive(tail_is_partner):
    counts = [90, 5]
    blend = guided_blend(counts, norm='none', gain=1000.0)
    blend.saliency.values.zero_()
    salient = PARTS.index((1, 2))
    blend.saliency.values[:, salient] = 1.0
    tail, head = 1, 0
    clips = torch.ones(2, 1, 1, 10, 25, 3)
    own, other = (head, tail) if tail_is_partner else (tail, head)
    clips[0] *= own + 1
    clips[1] *= other + 1
    samples = [ActionDataSample().set_gt_label(k) for k in (own, other)]
    out, _ = blend(clips, samples)
    mixed = out[2, 0, 0, :, :, 0]
    parts = joints_of((1, 2))
    pasted_frames = (mixed == other + 1).any(1)
    assert pasted_frames.any()
    # In the pasted frames the minority's arms are all there.
    assert (mixed[pasted_frames][:, parts] == tail + 1).all()
    assert (mixed[pasted_frames][:, ~parts] == head + 1).all()


def test_minority_by_index_ignores_the_counts():
    """Class 1 is the rarer one by index, whatever the counts say."""
    for counts in ([5, 90], [90, 5]):
        blend = guided_blend(counts, gain=1000.0, minority='index')
        blend.saliency.values.zero_()
        blend.saliency.values[0, PARTS.index((3, 4))] = 1.0
        blend.saliency.values[1, PARTS.index((1, 2))] = 1.0
        joints = blend.draw_joints(torch.eye(2), torch.tensor([1, 0]))
        # Class 0 takes the arms of class 1; class 1 keeps its own.
        assert (joints[0].numpy() == joints_of((1, 2))).all()
        assert (joints[1].numpy() == ~joints_of((1, 2))).all()


def test_warm_up_is_random_st_mix():
    """The parts drawn are pasted, never all the others."""
    blend = ShapMixBlending(2, 'nturgb+d', sizes=(2,), norm='none')
    blend.set_class_counts([90, 5])
    blend.saliency.values[:, 0] = 50.0
    blend.saliency.updates.fill_(1.0)
    label = torch.eye(2)[torch.arange(8000) % 2]
    partner = torch.arange(8000).view(-1, 2).flip(1).flatten()
    torch.manual_seed(0)
    joints = blend.draw_joints(label, partner).numpy()
    pairs = [joints_of(b) for b in PARTS if len(b) == 2]
    observed = [(joints == mask).all(1).sum() for mask in pairs]
    assert sum(observed) == len(joints)
    assert stats.chisquare(observed).pvalue > 1e-3


def test_a_class_without_any_estimate_draws_uniformly():
    blend = guided_blend([5, 90])
    blend.saliency.values.zero_()
    blend.saliency.updates.zero_()
    assert torch.equal(blend.combination_logits(), torch.zeros(2, 20))


def test_choices_are_those_that_a_draw_comes_to():
    blend = guided_blend([5, 90], norm='none', gain=1000.0)
    blend.saliency.values.zero_()
    assert blend.choices().tolist() == pytest.approx([20, 20])
    # One combination has all chances of class 0, four share those of 1.
    density = torch.zeros(2, 20)
    density[0, 3] = density[1, 2:6] = 1.0
    blend.saliency.values.copy_(density * blend.joint_counts)
    assert blend.choices().tolist() == pytest.approx([1, 4])


def test_a_standardised_draw_has_neither_scale_nor_offset():
    blend = guided_blend([5, 90], norm='standard', tau=1.0)
    first = blend.saliency.values[0]
    blend.saliency.values[1] = first / 100 + 0.02 * blend.joint_counts
    sure, unsure = blend.choices().tolist()
    assert unsure == pytest.approx(sure, rel=1e-3) and 8 < sure < 16
    # Densities that are all alike speak for no combination.
    blend.saliency.values.copy_(0.1 * blend.joint_counts)
    assert blend.choices().tolist() == pytest.approx([20, 20])


def test_a_batch_of_one_class_works():
    blend = guided_blend([5, 90])
    clips = torch.rand(4, 1, 2, 12, 25, 3)
    samples = [ActionDataSample().set_gt_label(1) for _ in range(4)]
    _, out = blend(clips, samples)
    assert torch.equal(
        torch.stack([s.gt_label for s in out]), torch.eye(2)[[1] * 8]
    )


def test_state_survives_a_round_trip_into_a_fresh_blend():
    blend = guided_blend([30, 20, 10])
    blend.mean_pose = torch.rand(2, 25, 3)
    state = blend.state_dict()
    assert set(state) == {
        'partition',
        'part_sizes',
        'class_counts',
        'mean_pose',
        'guided',
        'saliency.values',
        'saliency.updates',
        'saliency.evidence',
        'saliency.steps',
    }
    assert all(value.is_floating_point() for value in state.values())
    fresh = ShapMixBlending(3, 'nturgb+d')
    fresh.load_state_dict(state)
    for name, value in fresh.state_dict().items():
        assert torch.equal(value, state[name]), name


@pytest.mark.parametrize(
    'arguments, words',
    [
        (dict(tau=0.0), 'tau=0.0 should be greater than 0'),
        (dict(tau='abc'), "tau='abc' should be a valid number"),
        (dict(gain='abc'), "gain='abc' should be a valid number"),
        (dict(alpha='abc'), "alpha='abc' should be a valid number"),
        (dict(keep_originals='abc'), "keep_originals='abc'"),
        (dict(norm='l2'), 'l1'),
        (dict(minority='labels'), 'index'),
        (dict(gain=-1.0), 'gain'),
        (dict(label='joints'), "'area' or 'saliency'"),
        (dict(table='.'), r'table \. .* no worths.npz'),
        (dict(table=['trunk'] * 3), r'table=.*Sequence'),
        (dict(table=[['trunk']] * 2), 'table .* has 2 classes.*is 3'),
        (dict(table=[]), 'table .* has 0 classes.*is 3'),
        (dict(table=[['wing'], [], []]), r"parts \['wing'\].*'left_arm'"),
        (dict(spatial='joint'), "spatial must be 'part'.*STMixBlending"),
    ],
)
def test_bad_arguments_are_named(arguments, words):
    with pytest.raises(ValueError, match=words):
        ShapMixBlending(3, 'nturgb+d', **arguments)


@pytest.mark.parametrize(
    'counts', [[1, 2], [1, 2, 3, 4], [[1, 2, 3]], [3, 0, 2], [1, -1, 2]]
)
def test_bad_class_counts_are_refused(counts):
    with pytest.raises(ValueError, match='ShapMixBlending'):
        ShapMixBlending(3, 'nturgb+d').set_class_counts(counts)


HAND = dict(
    num_node=6, inward=[(1, 0), (2, 0), (3, 0), (4, 0), (5, 0)], center=0
)


def hand_blend(parts):
    return ShapMixBlending(2, dict(HAND, parts=parts))


def test_a_table_of_other_part_numbers_is_mapped():
    """One of a list of parts, in another order than ours has them."""
    theirs = [[3], [0], [4, 5], [1, 2]]
    ours = dict(palm=[0], thumb=[1, 2], index=[3], rest=[4, 5])
    saved, blend = hand_blend(theirs), hand_blend(ours)
    table = saved.saliency
    for column, combination in enumerate(table.combinations):
        # A value that tells which joints it is of.
        joints = [j for p in combination for j in theirs[p]]
        table.values[:, column] = sum(2.0**j for j in joints)
        table.updates[:, column] = column
    blend.load_state_dict(saved.state_dict())
    parts = blend.layout.parts
    for column, combination in enumerate(blend.saliency.combinations):
        joints = [j for p in combination for j in parts[p]]
        want = sum(2.0**j for j in joints)
        assert blend.saliency.values[:, column].tolist() == [want, want]
        (place,) = (table.values[0] == want).nonzero()
        assert blend.saliency.updates[0, column] == float(place)
    # It is saved with our numbers from now on.
    assert blend.state_dict()['partition'].tolist() == [0, 1, 1, 2, 3, 3]
    assert blend.misfit == ''


def test_a_table_of_other_parts_is_refused():
    saved = hand_blend([[0], [1], [2, 3], [4, 5]])
    saved.saliency.values.fill_(7)
    blend = hand_blend([[0], [1, 2], [3], [4, 5]])
    with pytest.raises(RuntimeError, match='is of other body parts'):
        blend.load_state_dict(saved.state_dict())
    # As MMEngine loads weights to start from: it goes on with a line.
    load_state_dict(blend, saved.state_dict(), strict=False)
    assert not blend.saliency.values.any()
    assert 'other body parts' in blend.misfit


def test_a_checkpoint_without_partition_counts_as_ours():
    saved = hand_blend([[0], [1, 2], [3], [4, 5]])
    saved.saliency.values.copy_(torch.rand(2, 10))
    state = saved.state_dict()
    del state['partition']
    blend = hand_blend([[0], [1, 2], [3], [4, 5]])
    blend.load_state_dict(state)
    assert torch.equal(blend.saliency.values, saved.saliency.values)


# What tells each of four classes; of the last nothing is known.
TELLING = [['right_arm'], ['trunk', 'left_arm'], ['left_leg'], []]
SIZE = {name: len(part) for name, part in zip(LAYOUT.part_names, LAYOUT.parts)}


def telling_blend(**kwargs):
    blend = ShapMixBlending(4, 'nturgb+d', table=TELLING, **kwargs)
    blend.set_class_counts([40, 30, 20, 10])
    blend.guided.fill_(1.0)
    return blend


def carried(k):
    """Share of what tells class k on each joint, by hand."""
    share = np.zeros(25)
    for name, part in zip(LAYOUT.part_names, LAYOUT.parts):
        if name in TELLING[k]:
            share[list(part)] = 1 / len(TELLING[k]) / SIZE[name]
    return share if TELLING[k] else np.full(25, 1 / 25)


def traced(num, frames=20):
    """Sample i is i + 1 plus a hundredth for each frame; two persons."""
    clips = torch.arange(num).view(-1, 1, 1, 1, 1, 1) + 1.0
    clips = clips + torch.arange(frames).view(1, 1, 1, -1, 1, 1) / 100
    clips = clips.expand(num, 1, 2, frames, 25, 3).clone()
    samples = [ActionDataSample().set_gt_label(i % 4) for i in range(num)]
    return clips, samples


@pytest.mark.parametrize('temporal', ['resample', 'copy'])
@pytest.mark.parametrize('persons', ['all', 'both'])
def test_the_label_is_what_is_seen_of_both(temporal, persons):
    torch.manual_seed(0)
    clips, samples = traced(24)
    clips[::3, :, 1] = 0
    there = [1 if i % 3 == 0 else 2 for i in range(24)]
    blend = telling_blend(
        label='saliency', mixup_prob=0.0, temporal=temporal, persons=persons
    )
    out, out_samples = blend(clips, samples)
    for i in range(24):
        mixed = out[24 + i, 0, 0, :, :, 0]
        cells = mixed.floor() != i + 1
        window, joints = cells.any(1), cells.any(0).numpy()
        pasted = mixed[window][:, joints][:, 0]
        partner = int(pasted[0]) - 1
        frames = ((pasted - partner - 1) * 100).round()
        stretch = float(frames[-1] - frames[0] + 1) / 20
        lost = float(window.sum()) / 20 * carried(i % 4)[joints].sum()
        seen = stretch * carried(partner % 4)[joints].sum()
        if persons == 'both':
            both = min(there[i], there[partner])
            lost, seen = lost * both / there[i], seen * both / there[partner]
        share = seen / (1 - lost + seen)
        want = np.zeros(4)
        want[i % 4] += 1 - share
        want[partner % 4] += share
        got = out_samples[24 + i].gt_label
        np.testing.assert_allclose(got, want, atol=1e-6)


def test_the_way_to_share_labels_changes_nothing_else():
    clips, samples = traced(40)
    found = {}
    for label in ('area', 'saliency'):
        torch.manual_seed(1)
        found[label] = telling_blend(label=label).draw_mixture(
            clips[:, 0], torch.eye(4)[torch.arange(40) % 4]
        )
        found[label, 'after'] = torch.rand(3)
    area, saliency = found['area'], found['saliency']
    assert torch.equal(found['area', 'after'], found['saliency', 'after'])
    for name in ('partner', 'source', 'weights', 'is_mixup'):
        assert torch.equal(getattr(area, name), getattr(saliency, name))
    mixup = area.is_mixup
    assert mixup.any() and not mixup.all()
    torch.testing.assert_close(area.share[mixup], saliency.share[mixup])
    assert not torch.allclose(area.share[~mixup], saliency.share[~mixup])


@pytest.mark.parametrize('label', ['area', 'saliency'])
@pytest.mark.parametrize('minority', ['counts', 'index'])
def test_the_rarer_class_has_its_least_share(minority, label):
    counts, rank = [90, 5, 5, 40], dict(counts=[0, 2, 2, 1], index=range(4))
    clips, classes = torch.randn(64, 2, 20, 25, 3), torch.arange(64) % 4
    drawn = {}
    for least in (0.0, 0.6):
        blend = guided_blend(
            counts, minority=minority, label=label, minority_share=least
        )
        blend.mixup_prob = 0.5
        torch.manual_seed(0)
        drawn[least] = blend.draw_mixture(clips, torch.eye(4)[classes])
    free, bound = drawn[0.0], drawn[0.6]
    assert torch.equal(free.partner, bound.partner)
    assert all(map(torch.equal, free.cells, bound.cells))
    for own, place, before, after in zip(
        classes, free.partner, free.share, bound.share
    ):
        mine, other = rank[minority][own], rank[minority][classes[place]]
        expected = float(before)
        if other > mine:
            expected = max(expected, 0.6)
        elif other < mine:
            expected = min(expected, 0.4)
        assert float(after) == pytest.approx(expected)
    assert not torch.equal(free.share, bound.share)


def test_saliency_of_joints_is_that_of_their_parts():
    blend = guided_blend([3, 2, 1])
    worth = dict(zip(LAYOUT.part_names, (0.3, 0.0, -0.4, 0.1, 0.0)))
    number = list(worth.values())
    for column, combination in enumerate(PARTS):
        # What parts add to one another, and one that speaks against all.
        value = sum(number[p] for p in combination)
        blend.saliency.values[0, column] = value
        blend.saliency.values[1, column] = -1.0
        blend.saliency.values[2, column] = 0.0
    want = np.zeros((3, 25))
    for part, value in zip(LAYOUT.parts, number):
        want[0, list(part)] = max(value, 0) / 0.4 / len(part)
    # Nothing tells the others.
    want[1:] = 1 / 25
    np.testing.assert_allclose(blend.joint_saliency(), want, atol=1e-6)
    blend.guided.zero_()
    np.testing.assert_allclose(blend.joint_saliency(), 1 / 25, atol=1e-6)


def test_a_given_table_guides_in_place_of_the_learnt_one():
    blend = telling_blend(norm='none', gain=1000.0)
    blend.saliency.values[:, PARTS.index((3, 4))] = 9.0
    blend.saliency.updates.fill_(1.0)
    names = LAYOUT.part_names
    for k, telling in enumerate(TELLING):
        for column, combination in enumerate(PARTS):
            hit = sum(names[p] in telling for p in combination)
            value = hit / len(telling) if telling else 0.0
            assert blend.values()[k, column] == pytest.approx(value)
    # Class 1 is the rarer one, and the trunk with the left arm tell it.
    joints = blend.draw_joints(torch.eye(4)[:2], torch.tensor([1, 0]))
    assert (joints[0].numpy() >= joints_of((0, 1))).all()
    # What is learnt stays what checkpoints hold.
    assert 'given' not in blend.state_dict()


def save_worths(path, values, layout=LAYOUT):
    parts = [(p,) for p in range(5)] + PARTS
    saliency = ClassSaliency(parts, values, values, np.ones(len(values)))
    write_worths(path, saliency, layout, ['a', 'b', 'c'])
    return str(path)


def test_exact_values_of_a_model_may_guide(tmp_path):
    values = np.random.default_rng(0).normal(size=(3, 25))
    values[1] = np.nan
    path = save_worths(tmp_path / 'worths.npz', values)
    blend = ShapMixBlending(3, 'nturgb+d', table=path)
    want = np.nan_to_num(values[:, 5:])
    np.testing.assert_allclose(blend.values(), want, rtol=1e-6)


def test_exact_values_of_other_parts_or_files_are_refused(tmp_path):
    five = dict(HAND, parts=dict(a=[0], b=[1], c=[2], d=[3], e=[4, 5]))
    other = save_worths(tmp_path / 'o.npz', np.ones((3, 25)), get_layout(five))
    with pytest.raises(ValueError, match=r"o\.npz .*its parts are \['a'"):
        ShapMixBlending(3, 'nturgb+d', table=other)
    text = tmp_path / 'x.npz'
    text.write_text('no archive')
    with pytest.raises(ValueError, match=r'table .*x\.npz .* no worths.npz'):
        ShapMixBlending(3, 'nturgb+d', table=str(text))
    path = save_worths(tmp_path / 's.npz', np.ones((3, 25)))
    with pytest.raises(ValueError, match=r's\.npz .*this layout and sizes'):
        ShapMixBlending(3, 'nturgb+d', table=path, sizes=(4,))


def test_named_parts_are_drawn_all_together():
    """Per joint, two of three telling parts would be more than all three."""
    table = [['trunk', 'left_arm', 'right_arm'], ['right_arm'], [], ['trunk']]
    blend = ShapMixBlending(4, 'nturgb+d', table=table, norm='none', gain=10.0)
    chances = blend.combination_logits().softmax(1)
    # All of ten pairs and ten triples that hold what tells the class.
    number = {part: p for p, part in enumerate(LAYOUT.part_names)}
    for chance, telling in zip(chances, table):
        wanted = {number[part] for part in telling}
        holds = [wanted <= set(parts) for parts in PARTS]
        for value, whole in zip(chance.tolist(), holds):
            want = 1 / sum(holds) if whole else 0
            assert value == pytest.approx(want, abs=1e-6)


def test_a_table_of_other_sizes_is_refused():
    """Pairs of five parts are as many as triples."""
    pairs = ShapMixBlending(3, 'nturgb+d', sizes=(2,))
    triples = ShapMixBlending(3, 'nturgb+d', sizes=(3,))
    state = pairs.state_dict()
    with pytest.raises(RuntimeError, match=r'of \[2\] parts.*sizes=\(3,\)'):
        triples.load_state_dict(dict(state))
    assert 'sizes=(3,)' in triples.misfit
    # A checkpoint of before does not say its sizes.
    del state['part_sizes']
    triples.load_state_dict(state)
    assert triples.misfit == ''
    both = ShapMixBlending(3, 'nturgb+d')
    more = both.state_dict()
    del more['part_sizes']
    for blend, other in ((both, state), (pairs, more)):
        with pytest.raises(RuntimeError, match='size mismatch'):
            blend.load_state_dict(other)


def test_a_trained_model_needs_no_table_file(tmp_path):
    """Training says at its first batch that the file is not there."""
    path = str(tmp_path / 'worths.npz')
    blend = ShapMixBlending(3, 'nturgb+d', table=path)
    other = ShapMixBlending(
        3, 'nturgb+d', table=save_worths(path, np.ones((3, 25)))
    )
    blend.load_state_dict(other.state_dict())
    blend.set_class_counts([3, 2, 1])
    clips, samples = traced(4)
    with pytest.raises(ValueError, match=r'worths\.npz .*no file'):
        blend(clips, [s.set_gt_label(0) for s in samples])
