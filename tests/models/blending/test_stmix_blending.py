"""Every output cell of a mixture is traced back to its source."""

import pytest
import torch
from mmaction.models import RandomBatchAugment  # noqa: F401
from mmaction.structures import ActionDataSample

from shapmix_mm.models import ShapMixBlending, STMixBlending
from shapmix_mm.models.blending.drawing import (
    draw_mixup_share,
    draw_partner,
    draw_window,
)
from shapmix_mm.skeletons import get_layout

K, M, T, V, C = 7, 2, 20, 25, 3
LAYOUT = get_layout('nturgb+d')


def traced_batch(num, absent=()):
    """Sample i has the constant i + 1, plus t / 100 in frame t."""
    clips = (torch.arange(num) + 1.0).view(-1, 1, 1, 1, 1, 1)
    clips = clips + torch.arange(T).view(1, 1, 1, -1, 1, 1) / 100
    clips = clips.expand(num, 1, M, T, V, C).clone()
    for sample, person in absent:
        clips[sample, 0, person] = 0
    samples = [ActionDataSample().set_gt_label(i % K) for i in range(num)]
    return clips, samples


def soft_labels(samples):
    return torch.stack([s.gt_label for s in samples])


def trace(row, own):
    """Source sample, source frame and pasted cells of one mixed sample."""
    pasted = (row.floor() != own + 1) & (row != 0)
    return pasted


@pytest.mark.parametrize('num', [2, 3, 8, 33])
def test_cut_mix_is_a_part_over_a_window_and_the_label_its_share(num):
    torch.manual_seed(num)
    clips, samples = traced_batch(num)
    blend = STMixBlending(K, 'nturgb+d', mixup_prob=0.0)
    out, out_samples = blend(clips, samples)
    labels = soft_labels(out_samples)
    parts = torch.from_numpy(LAYOUT.part_mask())
    for i in range(num):
        mixed = out[num + i, 0]
        pasted = trace(mixed, i)
        # The same cells for all persons and coordinates.
        assert (pasted == pasted[:1, :, :, :1]).all()
        cells = pasted[0, :, :, 0]
        window, joints = cells.any(1), cells.any(0)
        assert torch.equal(cells, window[:, None] & joints[None])
        where = window.nonzero().flatten().tolist()
        assert where == list(range(where[0], where[-1] + 1))
        assert 0.4 * T <= len(where) <= 0.7 * T
        covered = (parts & joints).any(1)
        assert torch.equal(joints, parts[covered].any(0))
        assert int(covered.sum()) in (2, 3)
        # One partner, its frames in order, without repeats.
        source = mixed[0, window][:, joints]
        partner = int(source.flatten()[0,].floor()) - 1
        assert partner != i
        assert (source.floor() == partner + 1).all()
        frames = ((source[:, 0, 0] - partner - 1) * 100).round()
        assert (frames.diff() >= 1).all()
        # Cells that were not pasted are bit-equal to the original.
        assert torch.equal(mixed[~pasted], clips[i, 0][~pasted])
        share = cells.float().mean()
        expected = torch.zeros(K)
        expected[i % K] += 1 - share
        expected[partner % K] += share
        torch.testing.assert_close(labels[num + i], expected)


def test_mixup_is_the_convex_combination_its_label_says():
    torch.manual_seed(0)
    clips, samples = traced_batch(6)
    blend = STMixBlending(K, 'nturgb+d', mixup_prob=1.0)
    out, out_samples = blend(clips, samples)
    labels = soft_labels(out_samples)[6:]
    for i in range(6):
        partner = int(
            labels[i].clone().index_fill_(0, torch.tensor(i), -1).argmax()
        )
        share = labels[i, partner]
        torch.testing.assert_close(
            out[6 + i], (1 - share) * clips[i] + share * clips[partner]
        )


def test_mixup_probability_is_per_sample():
    torch.manual_seed(0)
    blend = STMixBlending(2, 'nturgb+d', mixup_prob=0.25)
    mixups = 0
    for _ in range(20):
        clips, samples = traced_batch(64)
        for sample in samples:
            sample.set_gt_label(0)
        out, _ = blend(clips, samples)
        # Mixup leaves no cell of the sample as it was.
        mixups += int((out[64:] != clips).flatten(1).all(1).sum())
    assert 0.25 * 1280 - 60 < mixups < 0.25 * 1280 + 60


def test_the_mask_covers_all_slots_whoever_is_there():
    """Slot 1 takes the cells of slot 0, from the same frames, or nobody's."""
    torch.manual_seed(1)
    absent = [(0, 1), (2, 1)]
    clips, samples = traced_batch(4, absent)
    blend = STMixBlending(K, 'nturgb+d', mixup_prob=0.0)
    seen = set()
    for _ in range(20):
        out, out_samples = blend(clips, samples)
        labels = soft_labels(out_samples)[4:]
        for i in range(4):
            mixed = out[4 + i, 0]
            cells = trace(mixed[:1], i)[0, :, :, 0]
            (partner,) = {int(x) - 1 for x in mixed[0][cells].floor().unique()}
            expected = clips[i, 0, 1].clone()
            for t, v in cells.nonzero().tolist():
                source = round(float(mixed[0, t, v, 0] - partner - 1) * 100)
                expected[t, v] = clips[partner, 0, 1, source, v]
            assert torch.equal(mixed[1], expected)
            # As many of all cells as of one slot, and so the label.
            share = torch.zeros(K)
            share[i] += 1 - cells.float().mean()
            share[partner] += cells.float().mean()
            torch.testing.assert_close(labels[i], share)
            seen.add(((i, 1) in absent, (partner, 1) in absent))
    # Limbs came into the void, and others were lost to it.
    assert {(True, False), (False, True)} <= seen


@pytest.mark.parametrize('kind', [STMixBlending, ShapMixBlending])
@pytest.mark.parametrize('persons', [1, 2])
def test_where_nobody_has_a_second_person_both_ways_are_one(kind, persons):
    clips = torch.randn(16, 1, persons, T, V, C)
    clips[:, :, 1:] = 0
    label = torch.eye(K)[torch.arange(16) % K]
    found = []
    for who in ('all', 'both'):
        torch.manual_seed(4)
        blend = kind(K, 'nturgb+d', persons=who)
        found.append(blend.do_blending(clips, label))
    assert torch.equal(found[0][0], found[1][0])
    assert torch.equal(found[0][1], found[1][1])


def test_persons_absent_on_either_side_receive_nothing():
    torch.manual_seed(1)
    absent = [(0, 1), (2, 1)]
    clips, samples = traced_batch(4, absent)
    blend = STMixBlending(K, 'nturgb+d', mixup_prob=0.0, persons='both')
    for _ in range(20):
        out, out_samples = blend(clips, samples)
        labels = soft_labels(out_samples)[4:]
        for i in range(4):
            mixed = out[4 + i, 0]
            pasted = trace(mixed, i)
            present = 1 if (i, 1) in absent else 2
            if (i, 1) in absent:
                assert not mixed[1].any()
            share = pasted[..., 0].float().sum() / (present * T * V)
            torch.testing.assert_close(labels[i, i], 1 - share)
            assert (mixed[pasted[..., 0].any(-1)] != 0).all()


def random_batch(num, seed):
    generator = torch.Generator().manual_seed(seed)
    clips = torch.randn(num, M, T, V, C, generator=generator)
    clips[::3, 1] = 0
    return clips, torch.eye(K)[torch.arange(num) % K]


def test_fields_of_a_mixture():
    clips, label = random_batch(40, seed=1)
    torch.manual_seed(0)
    mixture = STMixBlending(K, 'nturgb+d').draw_mixture(clips, label)
    assert mixture.partner.shape == mixture.share.shape == (40,)
    assert mixture.source.shape == (40, T)
    assert mixture.weights.shape == (40, M, T, V)
    assert mixture.is_mixup.dtype == torch.bool
    for i in range(40):
        weights = mixture.weights[i]
        if mixture.is_mixup[i]:
            assert (weights == mixture.share[i]).all()
            assert mixture.source[i].tolist() == list(range(T))
            continue
        assert set(weights.unique().tolist()) <= {0.0, 1.0}
        torch.testing.assert_close(mixture.share[i], weights.mean())
    with pytest.raises(AttributeError):
        mixture.share = mixture.share


def test_the_random_stream_is_partner_window_mixup_share_joints():
    clips, label = random_batch(9, seed=2)
    device = clips.device
    blend = STMixBlending(K, 'nturgb+d')
    torch.manual_seed(5)
    partner = draw_partner(9, device)
    window = draw_window(9, T, (0.4, 0.7), device)
    is_mixup = torch.rand(9) < 0.25
    share = draw_mixup_share(9, 1.0, device)
    joints = blend.draw_joints(label, partner)
    after = torch.rand(1)
    torch.manual_seed(5)
    mixture = blend.draw_mixture(clips, label)
    assert torch.equal(torch.rand(1), after)
    assert torch.equal(mixture.partner, partner)
    assert torch.equal(mixture.is_mixup, is_mixup)
    assert torch.equal(mixture.share[is_mixup], share[is_mixup])
    cut = ~is_mixup
    assert torch.equal(mixture.source[cut], window.source[cut])
    pasted = window.inside[:, :, None] & joints[:, None]
    expected = pasted[:, None].expand(-1, M, -1, -1)
    assert torch.equal(mixture.weights[cut], expected[cut].float())


def test_joint_level_pastes_as_many_joints_of_any_part():
    num = 20000
    label = torch.eye(K)[torch.zeros(num, dtype=torch.long)]
    partner = torch.arange(num)
    torch.manual_seed(0)
    parts = STMixBlending(K, 'nturgb+d').draw_joints(label, partner)
    torch.manual_seed(0)
    joints = STMixBlending(K, 'nturgb+d', spatial='joint').draw_joints(
        label, partner
    )
    # Drawn from the same combinations: equal in number, sample by sample.
    assert torch.equal(parts.sum(1), joints.sum(1))
    # Every joint alike, where parts of different size are not.
    share = float(parts.float().mean())
    deviation = (joints.float().mean(0) - share).abs().max()
    assert deviation < 4 * (share * (1 - share) / num) ** 0.5
    members = torch.from_numpy(LAYOUT.part_mask()).float()
    covered = (joints.float() @ members.T) / members.sum(1)
    whole = ((covered == 0) | (covered == 1)).all(1)
    assert whole.float().mean() < 0.01


def test_joint_level_label_is_the_share_pasted():
    torch.manual_seed(0)
    clips, samples = traced_batch(16)
    blend = STMixBlending(K, 'nturgb+d', mixup_prob=0.0, spatial='joint')
    out, out_samples = blend(clips, samples)
    labels = soft_labels(out_samples)
    for i in range(16):
        cells = trace(out[16 + i, 0], i)[0, :, :, 0]
        window, joints = cells.any(1), cells.any(0)
        assert torch.equal(cells, window[:, None] & joints[None])
        partner = int(out[16 + i, 0][cells.expand(M, -1, -1)][0, 0]) - 1
        share = cells.float().mean()
        expected = torch.zeros(K)
        expected[i % K] += 1 - share
        expected[partner % K] += share
        torch.testing.assert_close(labels[16 + i], expected)


def test_copy_pastes_the_frames_of_the_window_itself():
    clips, samples = traced_batch(16)
    outs = {}
    for temporal in ('copy', 'resample'):
        torch.manual_seed(0)
        blend = STMixBlending(K, 'nturgb+d', mixup_prob=0.0, temporal=temporal)
        outs[temporal], out_samples = blend(clips, samples)
        outs[temporal, 'label'] = soft_labels(out_samples)
    for i in range(16):
        copied, resampled = (outs[t][16 + i, 0] for t in ('copy', 'resample'))
        pasted = trace(copied, i)
        # The same cells as with resampling, from the same partner.
        assert torch.equal(pasted, trace(resampled, i))
        (partner,) = {int(x) - 1 for x in copied[pasted].floor().unique()}
        assert torch.equal(copied[pasted], clips[partner, 0][pasted])
    assert not torch.equal(outs['copy'], outs['resample'])
    assert torch.equal(outs['copy', 'label'], outs['resample', 'label'])


@pytest.mark.parametrize(
    'arguments, words',
    [
        (dict(spatial='joints'), "spatial='joints' .* 'part' or 'joint'"),
        (dict(persons='none'), "'all' or 'both'"),
        (dict(temporal='paste'), "'paste' .* 'resample' or 'copy'"),
        (dict(sizes=(0, 2)), '1..4'),
        (dict(sizes=(2, 5)), '1..4'),
        (dict(sizes='abc'), "sizes='abc'"),
        (dict(sizes=2), 'sizes=2'),
        (dict(sizes=[2, 2.5]), r'sizes=\[2, 2.5\] should be a valid integer'),
        (dict(temporal_ratio=0.5), 'temporal_ratio=0.5'),
        (dict(temporal_ratio=(0.5,)), 'temporal_ratio.*at least 2 items'),
        (dict(temporal_ratio=('a', 'b')), 'temporal_ratio.*valid number'),
        (dict(mixup_prob='abc'), "mixup_prob='abc'"),
        (dict(temporal_ratio=(0.0, 0.5)), 'temporal_ratio'),
        (dict(temporal_ratio=(0.7, 0.4)), 'temporal_ratio'),
        (dict(temporal_ratio=(0.5, 1.1)), 'temporal_ratio'),
        (dict(mixup_prob=1.5), 'mixup_prob'),
        (dict(alpha=0), 'alpha'),
        (dict(num_classes=0), 'num_classes'),
        (dict(layout='ntu'), 'ntu'),
    ],
)
def test_bad_arguments_are_named(arguments, words):
    with pytest.raises((ValueError, KeyError), match=words):
        STMixBlending(**{'num_classes': K, 'layout': 'nturgb+d', **arguments})


def test_bad_batches_are_named():
    clips, samples = traced_batch(3)
    blend = STMixBlending(K, 'coco')
    with pytest.raises(ValueError, match=r'25 joints.*coco.*17'):
        blend(clips, samples)
    blend = STMixBlending(K, 'nturgb+d')
    with pytest.raises(ValueError, match='one clip'):
        blend(clips.repeat(1, 2, 1, 1, 1, 1), samples)
    with pytest.raises(ValueError, match='2 classes'):
        STMixBlending(2, 'nturgb+d')(clips, samples)
