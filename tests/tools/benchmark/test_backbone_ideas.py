"""Rungs of the ladder from the textbook CTR-GCN to ours are one function."""

import argparse
import sys
from pathlib import Path

import pytest
import torch

from shapmix_mm.models.backbones import aggregation

BENCHMARK = Path(__file__).resolve().parents[3] / 'tools' / 'benchmark'
sys.path.insert(0, str(BENCHMARK))
from backbone_models import LADDER, build  # noqa: E402

SIZE = argparse.Namespace(
    layout='nturgb+d',
    base_channels=16,
    stages=3,
    inflate_stages=[3],
    down_stages=[3],
    persons=2,
)


@pytest.fixture(scope='module')
def textbook():
    model = build('ctrgcn_textbook', SIZE).double()
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        # Refinement starts at alpha = 0, which would hide the relation.
        for param in model.parameters():
            noise = torch.randn(param.shape, generator=generator)
            param.add_(0.1 * noise)
    return model


def gradients(model, x):
    y = model(x)
    generator = torch.Generator().manual_seed(2)
    weight = torch.randn(y.shape, generator=generator).to(y)
    found = torch.autograd.grad((y * weight).sum(), model.parameters())
    names = [name for name, _ in model.named_parameters()]
    return y.detach(), dict(zip(names, found))


@pytest.mark.parametrize('name', LADDER[1:])
def test_outputs_and_gradients_are_the_textbooks(textbook, name):
    rung = build(name, SIZE).double()
    inner = getattr(rung, 'model', rung)
    inner.load_state_dict(textbook.state_dict(), strict=True)
    generator = torch.Generator().manual_seed(1)
    x = torch.randn(3, 2, 8, 25, 3, generator=generator).double()
    y, found = gradients(rung, x)
    y_ref, wanted = gradients(textbook, x)
    torch.testing.assert_close(y, y_ref, rtol=1e-9, atol=1e-9)
    # A bias before a batch norm has no gradient but rounding noise.
    noise = 1e-9 * max(g.norm() for g in wanted.values())
    for key, grad in found.items():
        ref = wanted[key.removeprefix('model.')]
        assert (grad - ref).norm() <= 1e-9 * ref.norm() + noise, key


@pytest.fixture
def calls(monkeypatch):
    """What a forward pass calls, from the next one on."""
    found = []
    functional, chunked = torch.nn.functional, aggregation.ChunkedAggregation
    conv, einsum, apply = functional.conv2d, torch.einsum, chunked.apply

    def spy(name, function):
        def called(*args):
            found.append(name(*args) if callable(name) else name)
            return function(*args)

        return called

    def frames_and_channels(x, weight, *args):
        return x.size(2), weight.size(0)

    monkeypatch.setattr(functional, 'conv2d', spy(frames_and_channels, conv))
    monkeypatch.setattr(torch, 'einsum', spy('einsum', einsum))
    monkeypatch.setattr(chunked, 'apply', spy('chunked', apply))
    return found


# A convolution over one frame: the mean went first. Three relations of 8.
APART, JOINED = (1, 8), (1, 24)


@pytest.mark.parametrize(
    'name, has',
    [
        ('ctrgcn_textbook', {'einsum'}),
        ('mean_first', {APART, 'einsum'}),
        ('one_convolution', {JOINED, 'einsum'}),
        ('matmul', {JOINED}),
        ('channel_major', set()),
        ('ctrgcn', {'chunked'}),
    ],
)
def test_each_rung_adds_its_idea(calls, name, has):
    build(name, SIZE)(torch.randn(2, 2, 8, 25, 3))
    assert {APART, JOINED, 'einsum', 'chunked'} & set(calls) == has
    assert name in LADDER
