"""Mixing a batch: cell by cell, in little memory, without waiting."""

import runpy
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from mmaction.structures import ActionDataSample

from shapmix_mm.models import (
    RemixBlending,
    ShapMixBlending,
    SkeleMixBlending,
    SkeletonBlending,
    SkeletonCutMixBlending,
    SkeletonMixupBlending,
    STMixBlending,
    TaCNNMixBlending,
)
from shapmix_mm.models.blending.mixing import (
    Cells,
    Mixture,
    any_nonzero,
    mix,
    present_persons,
    seen_share,
    whole_cells,
)

BENCHMARKS = Path(__file__).resolve().parents[3] / 'tools' / 'benchmark'
K = 7
KINDS = (
    RemixBlending,
    STMixBlending,
    ShapMixBlending,
    SkeleMixBlending,
    SkeletonCutMixBlending,
    SkeletonMixupBlending,
    TaCNNMixBlending,
)
every_kind = pytest.mark.parametrize('kind', KINDS)


def build(kind, device='cpu', **kwargs):
    """A blend as it is late in a training: counts known, guided."""
    blend = kind(K, 'nturgb+d', **kwargs)
    if getattr(blend, 'needs_class_counts', False):
        blend.set_class_counts(list(range(K, 0, -1)))
    if kind is ShapMixBlending:
        blend.saliency.values.uniform_()
        blend.saliency.updates.fill_(1)
        blend.guided.fill_(1)
    return blend.to(device)


def batch(num, frames=64, device='cpu'):
    clips = torch.randn(num, 1, 2, frames, 25, 3, device=device)
    clips[::3, :, 1] = 0
    label = (torch.arange(num) % K).to(device)
    samples = [ActionDataSample().set_gt_label(k) for k in label]
    return clips, samples


@st.composite
def mixtures(draw):
    """A batch of any size with a mixture of any kind, and its numbers."""
    num, persons, frames, joints, channels = (
        draw(st.integers(1, most)) for most in (5, 3, 24, 6, 3)
    )
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    shape = (num, persons, frames, joints, channels)
    clips = torch.from_numpy(rng.normal(size=shape).astype(np.float32))
    weight = rng.choice([0, 0.2, 0.5, 0.9, 1], (num, joints))
    return clips, Mixture(
        partner=torch.from_numpy(rng.permutation(num)),
        source=torch.from_numpy(rng.integers(frames, size=(num, frames))),
        cells=Cells(
            torch.from_numpy(rng.random((num, persons)) < 0.7),
            torch.from_numpy(rng.random((num, frames)) < 0.6),
            torch.from_numpy(weight.astype(np.float32)),
        ),
        share=torch.zeros(num),
        is_mixup=torch.zeros(num, dtype=torch.bool),
    )


@settings(max_examples=60, deadline=None)
@given(mixtures())
def test_every_cell_is_own_or_mixed_with_the_partners_frame(drawn):
    clips, mixture = drawn
    before, x = clips.clone(), clips.double().numpy()
    persons, frames, joints = (part.numpy() for part in mixture.cells)
    expected = x.copy()
    weights = np.zeros(x.shape[:4])
    for i, j in enumerate(mixture.partner.tolist()):
        for m in np.flatnonzero(persons[i]):
            for t in np.flatnonzero(frames[i]):
                weights[i, m, t] = joints[i]
                other = x[j, m, mixture.source[i, t]]
                w = joints[i][:, None].astype(float)
                expected[i, m, t] = (1 - w) * x[i, m, t] + w * other
    assert np.array_equal(mixture.weights.numpy(), weights.astype(np.float32))
    out = mix(clips, mixture)
    np.testing.assert_allclose(out, expected, rtol=1e-6, atol=1e-6)
    whole = torch.from_numpy((weights == 0) | (weights == 1))
    exact = torch.from_numpy(expected.astype(np.float32))
    assert torch.equal(out[whole], exact[whole])
    assert torch.equal(clips, before)
    # The same into a place of the caller's.
    place = torch.full((len(clips) + 1, *clips.shape[1:]), float('nan'))
    assert torch.equal(mix(clips, mixture, out=place[1:]), out)
    assert torch.equal(place[1:], out) and place[0].isnan().all()


def test_clips_of_any_stride_are_mixed():
    clips = torch.randn(3, 4, 5, 6, 2).permute(0, 2, 1, 3, 4)
    mixture = Mixture(
        partner=torch.tensor([1, 2, 0]),
        source=torch.arange(4).expand(3, -1),
        cells=Cells(
            torch.ones(3, 5, dtype=torch.bool),
            torch.ones(3, 4, dtype=torch.bool),
            torch.ones(3, 6),
        ),
        share=torch.ones(3),
        is_mixup=torch.zeros(3, dtype=torch.bool),
    )
    assert torch.equal(mix(clips, mixture), clips[[1, 2, 0]])


@pytest.mark.parametrize('value', [1e-30, -1e-30, float('nan'), -0.0])
def test_a_person_is_there_if_any_number_is_not_zero(value):
    clips = torch.zeros(2, 2, 3, 4, 2)
    clips[1, 0, 2, 1, 1] = value
    found = [[False, False], [value != 0, False]]
    assert present_persons(clips).tolist() == found
    assert torch.equal(any_nonzero(clips), clips.any(-1))


@every_kind
def test_a_blend_writes_the_batch_once(kind):
    """Beyond what comes out, mixing needs a fraction of the batch."""
    peak_bytes = runpy.run_path(str(BENCHMARKS / 'timing.py'))['peak_bytes']
    (clips, samples), blend = batch(64), build(kind)
    label = torch.eye(K)[torch.arange(64) % K]
    for run, copies in (
        (lambda: blend.do_blending(clips, label), 1),
        (lambda: blend(clips, samples), 2),
    ):
        peak = peak_bytes(run, clips.device) / clips.nbytes
        assert copies <= peak < copies + 0.3


def test_a_blend_need_only_draw_a_mixture():
    class Reversed(SkeletonBlending):
        def draw_mixture(self, clips, label):
            num, frames = len(clips), clips.size(2)
            return Mixture(
                partner=torch.arange(num).flip(0),
                source=torch.arange(frames).int().expand(num, -1),
                cells=whole_cells(clips, torch.ones(num)),
                share=torch.ones(num),
                is_mixup=torch.zeros(num, dtype=torch.bool),
            )

    clips, samples = batch(3, frames=4)
    out, labels = Reversed(K, 'nturgb+d')(clips, samples)
    assert torch.equal(out, torch.cat((clips, clips.flip(0))))
    classes = torch.stack([s.gt_label for s in labels]).argmax(1)
    assert classes.tolist() == [0, 1, 2, 2, 1, 0]


@every_kind
def test_nothing_waits_and_no_loop_runs_over_samples(kind, no_waiting):
    calls = []
    for num in (4, 32):
        clips = batch(num)[0].to('meta')
        label, blend = torch.eye(num, K, device='meta'), build(kind, 'meta')
        with no_waiting() as watch:
            out, _ = blend.do_blending(clips, label)
        assert out.shape == clips.shape and out.device.type == 'meta'
        calls.append(watch.calls)
    assert calls[0] == calls[1] > 0


def test_the_watch_for_waiting_sees_it(no_waiting):
    values, index = torch.randn(3, device='meta'), torch.tensor([0, 1])
    waits = (
        lambda: values.sum().item(),
        values.nonzero,
        lambda: values[values > 0],
        lambda: values[index],
        lambda: values + torch.zeros(3),
        lambda: index.to('meta'),
    )
    for wait in waits:
        with (
            pytest.raises((AssertionError, NotImplementedError, RuntimeError)),
            no_waiting(),
        ):
            wait()
    with no_waiting():
        assert values[index.to('meta', non_blocking=True)].shape == (2,)


needs_gpu = pytest.mark.skipif(
    not torch.cuda.is_available(), reason='needs a GPU'
)


@needs_gpu
@every_kind
def test_no_blend_waits_for_the_gpu(kind):
    (clips, samples), blend = batch(8, device='cuda'), build(kind, 'cuda')
    blend(clips, samples)
    before = torch.cuda.get_sync_debug_mode()
    torch.cuda.set_sync_debug_mode('error')
    try:
        blend(clips, samples)
    finally:
        torch.cuda.set_sync_debug_mode(before)


@needs_gpu
@every_kind
def test_a_gpu_mixes_as_a_cpu_does(kind):
    (clips, _), blend = batch(8, device='cuda'), build(kind, 'cuda')
    label = torch.eye(K, device='cuda')[torch.arange(8) % K]
    mixture = blend.draw_mixture(clips[:, 0], label)
    fields = {
        name: value.cpu() if torch.is_tensor(value) else value
        for name, value in vars(mixture).items()
    }
    fields['cells'] = Cells(*(part.cpu() for part in mixture.cells))
    torch.testing.assert_close(
        mix(clips[:, 0], mixture).cpu(),
        mix(clips[:, 0].cpu(), Mixture(**fields)),
    )


# Ten frames, four joints; the window is frames 2 to 5.
WINDOW = [False] * 2 + [True] * 4 + [False] * 4
OWN = [0.5, 0.25, 0.25, 0.0]
THEIRS = [0.0, 0.25, 0.5, 0.25]
EVEN = [0.25] * 4
IN_PLACE = list(range(10))
RESAMPLED = [0, 0, 1, 3, 5, 8, 9, 9, 9, 9]
PASTED = [1.0, 1.0, 0.0, 0.0]


@pytest.mark.parametrize(
    'frames, source, joints, own, theirs, want',
    [
        # Lost are 0.75 of i for 0.4 of the time; of j 0.25 is seen in 8 of
        # its 10 frames, from number 1 to 8.
        (WINDOW, RESAMPLED, PASTED, OWN, THEIRS, 0.2 / (0.7 + 0.2)),
        (WINDOW, IN_PLACE, PASTED, OWN, THEIRS, 0.1 / (0.7 + 0.1)),
        # The pasted area: 4 of 10 frames, 2 of 4 joints.
        (WINDOW, IN_PLACE, PASTED, EVEN, EVEN, 0.2),
        # A Mixup keeps its share.
        ([True] * 10, IN_PLACE, [0.3] * 4, OWN, THEIRS, 0.3),
        (WINDOW, RESAMPLED, [0.0] * 4, OWN, THEIRS, 0.0),
        # All of i is covered, and nothing of j is seen that tells it.
        ([True] * 10, IN_PLACE, PASTED, [1.0, 0, 0, 0], [0, 0, 0, 1.0], 0.0),
        ([True] * 10, IN_PLACE, PASTED, [0.5, 0.5, 0, 0], THEIRS, 1.0),
    ],
)
def test_share_of_what_is_seen_by_hand(
    frames, source, joints, own, theirs, want
):
    mixture = Mixture(
        torch.tensor([1, 0]),
        torch.tensor([source, IN_PLACE], dtype=torch.int32),
        Cells(
            torch.ones(2, 1, dtype=torch.bool),
            torch.tensor([frames, [False] * 10]),
            torch.tensor([joints, [0.0] * 4]),
        ),
        torch.zeros(2),
        torch.zeros(2, dtype=torch.bool),
    )
    present = torch.ones(2, 1, dtype=torch.bool)
    share = seen_share(
        mixture,
        present,
        torch.tensor([own, theirs]),
        torch.tensor([theirs, own]),
    )
    torch.testing.assert_close(share, torch.tensor([want, 0.0]))


def test_share_of_what_is_seen_counts_the_persons_of_each_side():
    """Two persons in one sample, one in the other; that one is pasted."""
    mixture = Mixture(
        torch.tensor([1, 0]),
        torch.tensor([RESAMPLED] * 2, dtype=torch.int32),
        Cells(
            torch.tensor([[True, False]] * 2),
            torch.tensor([WINDOW] * 2),
            torch.tensor([PASTED] * 2),
        ),
        torch.zeros(2),
        torch.zeros(2, dtype=torch.bool),
    )
    present = torch.tensor([[True, True], [True, False]])
    own = torch.tensor([OWN, THEIRS])
    share = seen_share(mixture, present, own, own[[1, 0]])
    first = 0.2 / (1 - 0.5 * 0.4 * 0.75 + 0.2)
    second = 0.5 * 0.8 * 0.75
    second = second / (1 - 0.4 * 0.25 + second)
    torch.testing.assert_close(share, torch.tensor([first, second]))
