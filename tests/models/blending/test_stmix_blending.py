"""Every output cell of a mixture is traced back to its source."""

import pytest
import torch
from mmaction.models import RandomBatchAugment  # noqa: F401
from mmaction.models.data_preprocessors import ActionDataPreprocessor
from mmaction.structures import ActionDataSample

from shapmix_mm.models import STMixBlending
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


def test_persons_absent_on_either_side_receive_nothing():
    torch.manual_seed(1)
    absent = [(0, 1), (2, 1)]
    clips, samples = traced_batch(4, absent)
    blend = STMixBlending(K, 'nturgb+d', mixup_prob=0.0)
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


def test_inputs_and_labels_are_never_changed_and_originals_lead():
    clips, samples = traced_batch(5)
    before = clips.clone()
    blend = STMixBlending(K, 'nturgb+d')
    out, out_samples = blend(clips, samples)
    assert torch.equal(clips, before)
    assert [int(s.gt_label) for s in samples] == [0, 1, 2, 3, 4]
    assert torch.equal(out[:5], before)
    assert torch.equal(soft_labels(out_samples)[:5], torch.eye(K)[:5])
    assert len(out) == len(out_samples) == 10


def test_without_originals_only_the_mixed_half_comes_out():
    clips, samples = traced_batch(5)
    blend = STMixBlending(K, 'nturgb+d', keep_originals=False)
    out, out_samples = blend(clips, samples)
    assert len(out) == len(out_samples) == 5
    assert not torch.equal(out, clips)


def test_one_sample_is_left_as_it_is():
    clips, samples = traced_batch(1)
    out, out_samples = STMixBlending(K, 'nturgb+d', mixup_prob=0.0)(
        clips, samples
    )
    # Resampling in time may still move its own frames.
    assert torch.equal(out.floor(), clips.floor().repeat(2, 1, 1, 1, 1, 1))
    assert torch.equal(soft_labels(out_samples), torch.eye(K)[[0, 0]])


def test_same_seed_same_mixture_other_seed_other_mixture():
    clips, samples = traced_batch(8)
    blend = STMixBlending(K, 'nturgb+d')
    results = []
    for seed in (0, 0, 1):
        torch.manual_seed(seed)
        results.append(blend(clips, samples)[0])
    assert torch.equal(results[0], results[1])
    assert not torch.equal(results[0], results[2])


def test_soft_labels_are_mixed_too():
    clips, samples = traced_batch(2)
    soft = [
        torch.tensor([0.5, 0.5, 0, 0, 0, 0, 0]),
        torch.tensor([0, 0, 1.0, 0, 0, 0, 0]),
    ]
    for sample, label in zip(samples, soft):
        sample.set_gt_label(label)
    labels = soft_labels(STMixBlending(K, 'nturgb+d')(clips, samples)[1])
    torch.testing.assert_close(labels.sum(1), torch.ones(4))
    assert torch.equal(labels[0], soft[0])
    torch.testing.assert_close(labels[2, 0], labels[2, 1])


def test_float32_inside_autocast_and_for_half_input():
    clips, samples = traced_batch(4)
    blend = STMixBlending(K, 'nturgb+d')
    with torch.autocast('cpu', dtype=torch.bfloat16):
        out, out_samples = blend(clips.half(), samples)
    assert out.dtype == torch.float32
    assert soft_labels(out_samples).dtype == torch.float32


def test_works_as_blending_of_the_stock_preprocessor():
    clips, samples = traced_batch(4)
    preprocessor = ActionDataPreprocessor(
        blending=dict(type='STMixBlending', num_classes=K, layout='nturgb+d')
    )
    data = dict(inputs=list(clips), data_samples=samples)
    assert len(preprocessor(data, training=True)['inputs']) == 8
    assert len(preprocessor(data, training=False)['inputs']) == 4
    assert [int(s.gt_label) for s in samples] == [0, 1, 2, 3]


@pytest.mark.parametrize(
    'arguments, words',
    [
        (dict(sizes=(0, 2)), '1..4'),
        (dict(sizes=(2, 5)), '1..4'),
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
