"""bfloat16 and float16 autocast: equal curves, and what stays in float32."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from mmengine.device import get_device

from shapmix_mm.engine.mixed_precision import use_mixed_precision
from shapmix_mm.models import BalancedSoftmaxLoss

# bfloat16 rounds to 8 bits, 0.002 of a value. The logits of these runs are of
# size 1 and the loss has a weight of 2, so that a loss is off by some 0.004;
# 0.02 leaves room for 15 steps. float16 has 3 bits more.
LOSS, TABLE = 0.02, 0.006
DTYPES = [
    'bfloat16',
    pytest.param(
        'float16',
        marks=[
            pytest.mark.gpu,
            pytest.mark.skipif(
                not torch.cuda.is_available(), reason='needs a CUDA device'
            ),
        ],
    ),
]


def amp(dtype='bfloat16'):
    def change(cfg):
        cfg.optim_wrapper.dtype = dtype
        use_mixed_precision(cfg.optim_wrapper)

    return change


def spy(monkeypatch, owner, method, seen):
    """Note input and output dtypes of a method, and whether it is training."""
    original = getattr(owner, method)

    def call(*args, **kwargs):
        out = original(*args, **kwargs)
        seen.append(SimpleNamespace(args=args, out=out))
        return out

    monkeypatch.setattr(owner, method, call)


@pytest.mark.parametrize('dtype', DTYPES)
def test_the_curve_is_that_of_float32(exact, curve, dtype):
    run = curve(amp(dtype))
    assert run.guided == exact.guided
    # Autocast was on: not one step has the same loss.
    assert (run.losses != exact.losses).all()
    torch.testing.assert_close(run.losses, exact.losses, rtol=0, atol=LOSS)
    torch.testing.assert_close(
        run.table.values, exact.table.values, rtol=0, atol=TABLE
    )
    assert torch.equal(run.table.updates, exact.table.updates)


def test_the_tolerances_notice_what_must_not_happen(
    exact, prepare, train, monkeypatch
):
    """A blend that mixes nothing moves the curve, and a still table itself."""
    runner = prepare()
    blend = runner.model.data_preprocessor.blending
    original = blend.forward

    def unmixed(imgs, samples):
        both, targets = original(imgs, samples)
        for own, other in zip(targets, targets[len(imgs) :]):
            other.set_gt_label(own.gt_label)
        both[len(imgs) :] = imgs
        return both, targets

    monkeypatch.setattr(blend, 'forward', unmixed)
    moved = (train(runner).losses - exact.losses).abs()
    assert (moved > LOSS).sum() > 6
    assert exact.table.values.abs().max() > 5 * TABLE


def test_what_must_stay_in_float32_does(prepare, train, monkeypatch):
    runner = prepare(amp())
    model = runner.model
    blends, losses, logits = [], [], []
    spy(monkeypatch, model.data_preprocessor.blending, 'forward', blends)
    spy(monkeypatch, model.cls_head.loss_cls, 'forward', losses)
    handle = model.cls_head.register_forward_hook(
        lambda module, args, out: logits.append((module.training, out.dtype))
    )
    run = train(runner)
    handle.remove()
    # Both the training step and the scoring of the hook are in autocast.
    assert set(logits) == {(True, torch.bfloat16), (False, torch.bfloat16)}
    for call in blends:
        clips, samples = call.out
        assert clips.dtype == torch.float32
        assert {s.gt_label.dtype for s in samples} == {torch.float32}
    assert {call.out.dtype for call in losses} == {torch.float32}
    for name, value in run.model.state_dict().items():
        floating = value.is_floating_point()
        assert value.dtype == (torch.float32 if floating else torch.int64)
        assert floating or name.endswith('num_batches_tracked')
    assert len(blends) == len(run.losses)
    # More bits than bfloat16 has.
    values = run.table.values[run.table.updates > 0]
    assert (values.bfloat16().float() != values).float().mean() > 0.5


def test_balanced_softmax_counts_exactly_in_autocast():
    """1000 and 1001 are one number in bfloat16, as are their logarithms."""
    counts = [1000, 1001, 1003, 2]
    logits = torch.tensor([[1.0, 2.0, 0.5, 0.25], [0.5, 0.0, -1.0, 2.0]])
    label, device = torch.tensor([0, 3]), get_device()
    loss = BalancedSoftmaxLoss(class_counts=counts).to(device)
    with torch.autocast(device, dtype=torch.bfloat16):
        found = loss(logits.bfloat16().to(device), label.to(device))
    shifted = logits.double().numpy() + np.log(counts)
    picked = shifted[[0, 1], label]
    expected = (np.log(np.exp(shifted).sum(1)) - picked).mean()
    assert found.dtype == torch.float32
    assert float(found) == pytest.approx(expected, abs=1e-6)
    rounded = torch.tensor(counts).bfloat16()
    assert rounded[0] == rounded[1], 'the counts would tell nothing'
