"""What all blends promise, and mixing baselines, cell by cell."""

import re
from pathlib import Path

import pytest
import torch
from mmaction.registry import MODELS
from mmaction.structures import ActionDataSample

from shapmix_mm.models import (
    RemixBlending,
    ShapMixBlending,
    SkeleMixBlending,
    SkeletonCutMixBlending,
    SkeletonMixupBlending,
    STMixBlending,
    TaCNNMixBlending,
)

PAGE = Path(__file__).resolve().parents[3] / 'docs' / 'longtail_mixing.md'
K, M, T, V, C = 7, 2, 20, 25, 3
MIXUPS = (SkeletonMixupBlending, RemixBlending)
CUTS = (SkeletonCutMixBlending, SkeleMixBlending, TaCNNMixBlending)
BOTH = (STMixBlending, ShapMixBlending)
every_kind = pytest.mark.parametrize('kind', MIXUPS + CUTS)
every_blend = pytest.mark.parametrize('kind', MIXUPS + CUTS + BOTH)
every_cut = pytest.mark.parametrize('kind', CUTS)


def build(kind, **kwargs):
    blend = kind(K, 'nturgb+d', **kwargs)
    if kind in (RemixBlending, ShapMixBlending):
        blend.set_class_counts([640, 320, 160, 80, 40, 20, 10])
    if kind is ShapMixBlending:
        blend.guided.fill_(1.0)
    return blend


def random_batch(num, seed=0):
    """Every third sample lacks its second person."""
    generator = torch.Generator().manual_seed(seed)
    clips = torch.randn(num, M, T, V, C, generator=generator)
    clips[::3, 1] = 0
    return clips, torch.eye(K)[torch.arange(num) % K]


def samples_of(num):
    return [ActionDataSample().set_gt_label(i % K) for i in range(num)]


def soft_labels(samples):
    return torch.stack([sample.gt_label for sample in samples])


def mixed_by_hand(clips, label, mixture):
    """Sample by sample, person by person, frame by frame."""
    out, out_label = clips.clone(), label.clone()
    for i, partner in enumerate(mixture.partner.tolist()):
        share = mixture.share[i]
        out_label[i] = torch.lerp(label[i], label[partner], share)
        for m in range(M):
            for t in range(T):
                weight = mixture.weights[i, m, t, :, None]
                pasted = clips[partner, m, int(mixture.source[i, t])]
                out[i, m, t] = torch.lerp(clips[i, m, t], pasted, weight)
    return out, out_label


@pytest.mark.parametrize('num', [2, 3, 8])
@pytest.mark.parametrize(
    'kind, options',
    [
        *((kind, dict(prob=p)) for kind in MIXUPS + CUTS for p in (1.0, 0.5)),
        *(
            (kind, dict(mixup_prob=0.4, temporal=how))
            for kind in BOTH
            for how in ('resample', 'copy')
        ),
    ],
)
def test_a_mixture_says_all_about_the_mixed_batch(kind, options, num):
    clips, label = random_batch(num)
    blend = build(kind, **options)
    torch.manual_seed(num)
    mixture = blend.draw_mixture(clips, label)
    if kind in BOTH and num == 8:
        assert mixture.is_mixup.any() and not mixture.is_mixup.all()
    torch.manual_seed(num)
    mixed, mixed_label = blend.do_blending(clips.unsqueeze(1), label)
    expected, expected_label = mixed_by_hand(clips, label, mixture)
    assert torch.equal(mixed.squeeze(1), expected)
    assert torch.equal(mixed_label, expected_label)
    torch.testing.assert_close(mixed_label.sum(1), torch.ones(num))


@every_kind
def test_fields_of_a_mixture(kind):
    clips, label = random_batch(30)
    torch.manual_seed(0)
    mixture = build(kind).draw_mixture(clips, label)
    assert sorted(mixture.partner.tolist()) == list(range(30))
    assert mixture.share.shape == (30,)
    assert mixture.weights.shape == (30, M, T, V)
    assert mixture.weights.dtype == mixture.share.dtype == torch.float32
    # In place, frame by frame.
    assert mixture.source.tolist() == [list(range(T))] * 30
    assert mixture.is_mixup.tolist() == [kind in MIXUPS] * 30
    assert (0 <= mixture.share).all() and (mixture.share <= 1).all()


@every_cut
def test_the_label_is_the_share_pasted_into_the_persons_present(kind):
    clips, label = random_batch(60)
    torch.manual_seed(1)
    mixture = build(kind).draw_mixture(clips, label)
    present = clips.flatten(2).any(-1)
    assert set(mixture.weights.unique().tolist()) == {0.0, 1.0}
    for i, partner in enumerate(mixture.partner.tolist()):
        pasted = mixture.weights[i]
        for m in range(M):
            if not (present[i, m] and present[partner, m]):
                assert not pasted[m].any()
        total = int(present[i].sum()) * T * V
        torch.testing.assert_close(mixture.share[i], pasted.sum() / total)


@every_cut
def test_what_is_not_pasted_keeps_its_bits(kind):
    clips, label = random_batch(9)
    blend = build(kind)
    torch.manual_seed(2)
    mixture = blend.draw_mixture(clips, label)
    torch.manual_seed(2)
    mixed = blend.do_blending(clips.unsqueeze(1), label)[0].squeeze(1)
    pasted = mixture.weights.bool()
    assert pasted.any() and not pasted.all()
    assert torch.equal(mixed[~pasted], clips[~pasted])
    assert torch.equal(mixed[pasted], clips[mixture.partner][pasted])


@every_blend
def test_with_and_without_the_clean_half(kind):
    clips = random_batch(5)[0].unsqueeze(1)
    before, samples = clips.clone(), samples_of(5)
    torch.manual_seed(3)
    out, out_samples = build(kind)(clips, samples)
    assert len(out) == len(out_samples) == 10
    assert torch.equal(out[:5], before)
    assert torch.equal(soft_labels(out_samples)[:5], torch.eye(K)[:5])
    torch.manual_seed(3)
    alone, alone_samples = build(kind, keep_originals=False)(clips, samples)
    assert torch.equal(alone, out[5:])
    assert torch.equal(
        soft_labels(alone_samples), soft_labels(out_samples)[5:]
    )
    # Nothing that came in was changed.
    assert torch.equal(clips, before)
    assert [int(s.gt_label) for s in samples] == list(range(5))


@every_kind
def test_a_share_of_the_samples_stays_as_it_is(kind):
    clips, label = random_batch(4000)
    clips, label = clips[:, :, :4], label
    blend = build(kind, prob=0.25)
    torch.manual_seed(4)
    mixture = blend.draw_mixture(clips, label)
    torch.manual_seed(4)
    whole = build(kind).draw_mixture(clips, label)
    mixed = mixture.weights.flatten(1).any(1)
    possible = whole.weights.flatten(1).any(1)
    rate = float(mixed.sum() / possible.sum())
    assert abs(rate - 0.25) < 4 * (0.25 * 0.75 / 4000) ** 0.5 + 0.005
    assert not mixture.share[~mixed].any()
    assert not mixture.is_mixup[~mixed].any()
    torch.manual_seed(4)
    out, out_label = blend.do_blending(clips.unsqueeze(1), label)
    assert torch.equal(out[~mixed].squeeze(1), clips[~mixed])
    assert torch.equal(out_label[~mixed], label[~mixed])


@every_blend
def test_every_other_sample_may_be_the_partner_of_its_class_too(kind):
    clips, _ = random_batch(3)
    label = torch.eye(K)[[2, 2, 2]]
    blend = build(kind)
    torch.manual_seed(0)
    met = set()
    for _ in range(40):
        mixture = blend.draw_mixture(clips, label)
        met |= set(enumerate(mixture.partner.tolist()))
        mixed_label = blend.do_blending(clips.unsqueeze(1), label)[1]
        torch.testing.assert_close(mixed_label, label)
    assert met == {(i, j) for i in range(3) for j in range(3) if i != j}


@every_blend
def test_same_seed_same_mixture_other_seed_other_mixture(kind):
    clips, samples = random_batch(8)[0].unsqueeze(1), samples_of(8)
    blend, results = build(kind), []
    for seed in (0, 0, 1):
        torch.manual_seed(seed)
        results.append(blend(clips, samples)[0])
    assert torch.equal(results[0], results[1])
    assert not torch.equal(results[0], results[2])


@every_blend
def test_float32_inside_autocast_and_for_half_input(kind):
    clips, samples = random_batch(4)[0].unsqueeze(1), samples_of(4)
    with torch.autocast('cpu', dtype=torch.bfloat16):
        out, out_samples = build(kind)(clips.half(), samples)
    assert out.dtype == torch.float32
    assert soft_labels(out_samples).dtype == torch.float32


@every_blend
def test_soft_labels_are_mixed_too(kind):
    clips, samples = random_batch(2)[0].unsqueeze(1), samples_of(2)
    soft = torch.tensor([[0.6, 0.4] + [0.0] * 5, [0.0] * 6 + [1.0]])
    for sample, label in zip(samples, soft):
        sample.set_gt_label(label)
    labels = soft_labels(build(kind)(clips, samples)[1])
    torch.testing.assert_close(labels.sum(1), torch.ones(4))
    assert torch.equal(labels[:2], soft)
    torch.testing.assert_close(labels[2, 0] * 0.4, labels[2, 1] * 0.6)


@every_blend
def test_works_as_blending_of_the_stock_preprocessor(kind):
    clips, samples = random_batch(4)[0].unsqueeze(1), samples_of(4)
    preprocessor = MODELS.build(
        dict(
            type='ActionDataPreprocessor',
            blending=dict(
                type=kind.__name__, num_classes=K, layout='nturgb+d'
            ),
        )
    )
    if kind is RemixBlending:
        preprocessor.blending.set_class_counts(range(K, 0, -1))
    data = dict(inputs=list(clips), data_samples=samples)
    assert len(preprocessor(data, training=True)['inputs']) == 8
    assert len(preprocessor(data, training=False)['inputs']) == 4


@every_blend
@pytest.mark.parametrize('layout, joints', [('nw-ucla', 20), ('coco', 17)])
def test_other_layouts(kind, layout, joints):
    blend = kind(2, layout)
    if kind is RemixBlending:
        blend.set_class_counts([9, 1])
    out, _ = blend.do_blending(
        torch.rand(4, 1, 1, 13, joints, 2), torch.eye(2)[[0, 1, 0, 1]]
    )
    assert out.shape == (4, 1, 1, 13, joints, 2)


@pytest.mark.parametrize('seed', range(5))
@every_blend
def test_a_batch_of_one_is_left_as_it_is(kind, seed):
    clips, _ = random_batch(1, seed=seed)
    torch.manual_seed(seed)
    out, labels = build(kind)(clips.unsqueeze(1), samples_of(1))
    assert torch.equal(out, clips.expand(2, *clips.shape))
    assert torch.equal(soft_labels(labels), torch.eye(K)[:1].expand(2, -1))


@every_kind
@pytest.mark.parametrize(
    'arguments, words',
    [
        (dict(prob=0), 'prob=0 should be greater than 0'),
        (dict(prob=1.5), 'prob=1.5'),
        (dict(prob=float('nan')), 'prob=nan'),
        (dict(num_classes=0), 'num_classes=0'),
        (dict(keep_originals='abc'), "keep_originals='abc'"),
        (dict(proba=1.0), "did you mean 'prob'"),
        (dict(layout='ntu'), 'ntu'),
    ],
)
def test_bad_arguments_are_named(kind, arguments, words):
    with pytest.raises((ValueError, KeyError), match=words):
        kind(**{'num_classes': K, 'layout': 'nturgb+d', **arguments})


def test_the_blend_of_the_page_works_as_it_stands_there():
    text = PAGE.read_text(encoding='utf-8')
    code = re.search(r'```python\n(.*?)```', text, re.S)[1]
    shown = {}
    try:
        exec(code, shown)
        clips, label = random_batch(4)
        blend = MODELS.build(
            dict(type='SecondHalfBlending', num_classes=K, layout='nturgb+d')
        )
        mixture = blend.draw_mixture(clips[:, :1], label)
        assert mixture.share.tolist() == [0.5] * 4
        assert mixture.weights[:, :, T // 2 :].all()
        assert not mixture.weights[:, :, : T // 2].any()
    finally:
        MODELS.module_dict.pop('SecondHalfBlending', None)
