"""Which optimizer wrapper mixed precision is, and what it keeps."""

import pytest
import torch
from mmengine.config import ConfigDict
from mmengine.optim import AmpOptimWrapper, build_optim_wrapper
from torch import nn

from shapmix_mm.engine import BFloat16OptimWrapper
from shapmix_mm.engine.mixed_precision import use_mixed_precision

OPTIMIZER = dict(type='SGD', lr=0.5, momentum=0.9)


@pytest.fixture
def on(monkeypatch):
    """Function that settles the device, and applies the switch there."""

    def apply(device, **settings):
        monkeypatch.setattr(
            'shapmix_mm.engine.mixed_precision.get_device', lambda: device
        )
        settings = ConfigDict(optimizer=OPTIMIZER, **settings)
        use_mixed_precision(settings)
        return {k: v for k, v in settings.items() if k != 'optimizer'}

    return apply


@pytest.mark.parametrize(
    'device, given, expected',
    [
        ('cuda', {}, dict(type='AmpOptimWrapper', loss_scale='dynamic')),
        (
            'cuda',
            dict(type='OptimWrapper', dtype='bfloat16', loss_scale=512.0),
            dict(type='AmpOptimWrapper', dtype='bfloat16', loss_scale=512.0),
        ),
        (
            'cuda',
            dict(type='BFloat16OptimWrapper'),
            dict(type='BFloat16OptimWrapper'),
        ),
        (
            'cpu',
            dict(accumulative_counts=2),
            dict(type='BFloat16OptimWrapper', accumulative_counts=2),
        ),
        (
            'cpu',
            dict(type='AmpOptimWrapper', loss_scale=512.0, dtype='bfloat16'),
            dict(type='BFloat16OptimWrapper'),
        ),
    ],
)
def test_the_wrapper_fits_the_device(on, device, given, expected):
    assert on(device, **given) == expected


@pytest.mark.parametrize(
    'device, given, message',
    [
        ('cpu', dict(dtype='float16'), 'dtype float16 needs a GPU'),
        ('cpu', dict(dtype=torch.float16), 'float16 needs a GPU'),
        ('mps', {}, 'none on mps'),
        ('cuda', dict(type='ApexOptimWrapper'), 'ApexOptimWrapper'),
        ('cpu', dict(type='Own'), 'does not go with optim_wrapper Own'),
    ],
)
def test_what_cannot_be_is_refused(on, device, given, message):
    with pytest.raises(ValueError, match=message):
        on(device, **given)


def build(model):
    return build_optim_wrapper(
        model, dict(type='BFloat16OptimWrapper', optimizer=dict(OPTIMIZER))
    )


def test_gradients_are_those_of_bfloat16_and_weights_stay_whole():
    model = nn.Linear(4, 3)
    weight = model.weight.detach().clone()
    wrapper = build(model)
    # SaliencyHook takes its autocast from this class.
    assert isinstance(wrapper, AmpOptimWrapper)
    assert isinstance(wrapper, BFloat16OptimWrapper)
    clips = torch.linspace(-1, 1, 20).view(5, 4)
    with wrapper.optim_context(model):
        out = model(clips)
    assert out.dtype == torch.bfloat16
    wrapper.update_params(out.float().sum())
    assert model.weight.dtype == torch.float32
    # The sum's gradient is the column sum of what was cast.
    column = clips.bfloat16().float().sum(0)
    torch.testing.assert_close(
        weight - 0.5 * column, model.weight.detach(), rtol=0, atol=5e-3
    )
    assert (weight != model.weight).all()


def test_a_run_goes_on_from_a_checkpoint_of_a_gpu():
    """Which may hold a loss scale; bfloat16 has no use for it."""
    model = nn.Linear(4, 3)
    wrapper = build(model)
    wrapper.update_params(model(torch.ones(2, 4)).sum())
    state = wrapper.state_dict()
    assert 'loss_scaler' not in state
    state['loss_scaler'] = dict(scale=512.0)
    fresh = build(nn.Linear(4, 3))
    fresh.load_state_dict(state)
    buffers = [
        value['momentum_buffer'].tolist()
        for value in fresh.optimizer.state.values()
    ]
    assert buffers == [[[2.0] * 4] * 3, [2.0] * 3]
