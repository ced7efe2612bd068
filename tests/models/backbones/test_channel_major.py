"""Channel-major layers against PyTorch's own on the usual memory format."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import nn

from shapmix_mm.models.backbones import channel_major as cm


def _both(fast, plain, x):
    """Value and gradient of both forms on (C, N, T, V) and its transpose."""
    results = []
    for fn in (fast, lambda x: plain(x.transpose(0, 1)).transpose(0, 1)):
        leaf = x.clone().requires_grad_()
        y = fn(leaf)
        weight = torch.arange(y.numel(), dtype=y.dtype).reshape(y.shape)
        (y * weight).sum().backward()
        results.append((y.detach(), leaf.grad))
    return results


def _assert_equal(fast, plain, x):
    (y, grad), (y_ref, grad_ref) = _both(fast, plain, x)
    torch.testing.assert_close(y, y_ref)
    torch.testing.assert_close(grad, grad_ref)


@pytest.mark.parametrize('stride, T', [(1, 6), (2, 6), (2, 5), (1, 1)])
def test_max_pool_is_that_of_pytorch_also_at_ties(stride, T):
    torch.manual_seed(0)
    x = torch.randint(0, 3, (4, 3, T, 5)).double()
    pool = nn.MaxPool2d((3, 1), (stride, 1), (1, 0))
    _assert_equal(lambda x: cm.max_pool(x, pool), pool, x)


@pytest.mark.parametrize('stride, dilation', [(1, 1), (1, 2), (2, 1), (2, 2)])
def test_temporal_is_a_convolution(stride, dilation):
    torch.manual_seed(0)
    x = torch.randn(4, 3, 7, 5, dtype=torch.float64)
    conv = nn.Conv2d(
        4, 4, (5, 1), (stride, 1), (2 * dilation, 0), (dilation, 1)
    ).double()
    _assert_equal(lambda x: cm.temporal(x, conv), conv, x)


def test_pointwise_stacks_its_convolutions():
    torch.manual_seed(0)
    x = torch.randn(4, 3, 7, 5, dtype=torch.float64)
    convs = [nn.Conv2d(4, width, 1).double() for width in (2, 5)]
    _assert_equal(
        lambda x: cm.pointwise(x, convs),
        lambda x: torch.cat([conv(x) for conv in convs], 1),
        x,
    )


def _conv_and_norm(widths, dtype):
    convs = [nn.Conv2d(4, width, 1).to(dtype) for width in widths]
    norms = [nn.BatchNorm2d(width).to(dtype) for width in widths]
    for norm in norms:
        for tensor in (norm.weight.data, norm.bias.data, norm.running_mean):
            tensor.normal_()
        norm.running_var.uniform_(0.01, 9)
    return convs, norms


@pytest.mark.parametrize('training', [False, True])
@pytest.mark.parametrize('frozen', [False, True])
def test_pointwise_norm_is_a_convolution_and_its_batch_norm(training, frozen):
    """Folded into the convolution or not: values, gradients, statistics."""
    torch.manual_seed(0)
    x = torch.randn(4, 3, 7, 5, dtype=torch.float64)
    convs, norms = _conv_and_norm((2, 5), torch.float64)
    for norm in norms:
        norm.train(training)
    if frozen:
        norms[1].eval()
    params = [p for layer in (*convs, *norms) for p in layer.parameters()]
    plain = copy.deepcopy((convs, norms))
    twins = [p for layer in sum(plain, []) for p in layer.parameters()]
    _assert_equal(
        lambda x: cm.pointwise_norm(x, convs, norms),
        lambda x: torch.cat([n(c(x)) for c, n in zip(*plain)], 1),
        x,
    )
    for param, twin in zip(params, twins):
        torch.testing.assert_close(param.grad, twin.grad, atol=1e-9, rtol=1e-9)
    for norm, twin in zip(norms, plain[1]):
        torch.testing.assert_close(norm.running_var, twin.running_var)


def test_a_folded_batch_norm_is_as_exact_as_promised():
    torch.manual_seed(0)
    x = torch.randn(4, 30, 20, 5)
    convs, norms = _conv_and_norm((20, 30), torch.float32)
    for norm in norms:
        norm.eval()
    with torch.no_grad():
        folded = cm.pointwise_norm(x, convs, norms)
        in_turn = cm.batch_norm(cm.pointwise(x, convs), norms)
    assert not torch.equal(folded, in_turn)
    assert (folded - in_turn).abs().max() < 1e-5 * in_turn.abs().max()


def test_batch_norm_is_accurate_far_from_zero():
    """A mean of 100 standard deviations costs no more than in PyTorch."""
    torch.manual_seed(0)
    x = torch.randn(8, 50, 20, 5) + 100
    norm, exact = nn.BatchNorm2d(8), nn.BatchNorm2d(8).double()
    y = cm.batch_norm(x, [norm])
    expected = exact(x.double().transpose(0, 1)).transpose(0, 1)
    torch.testing.assert_close(y.double(), expected, rtol=0, atol=1e-4)
    torch.testing.assert_close(
        norm.running_var.double(), exact.running_var, rtol=1e-4, atol=0
    )


def test_batch_norm_of_a_constant_is_its_bias():
    norm = nn.BatchNorm2d(3)
    nn.init.constant_(norm.bias, 2.0)
    y = cm.batch_norm(torch.full((3, 4, 5, 6), 7.0), [norm])
    torch.testing.assert_close(y, torch.full_like(y, 2.0), rtol=0, atol=1e-3)
    assert (norm.running_var >= 0).all()


# -- ReLU of a compiled step ------------------------------------------------


def test_value_and_gradient_are_those_of_relu():
    torch.manual_seed(0)
    x = torch.randn(4, 50)
    x[:, ::5] = 0
    grad = torch.randn(4, 50)
    found = []
    for function in (cm.SignRectifier.apply, torch.relu):
        leaf = x.clone().requires_grad_()
        y = function(leaf)
        found.append((y, *torch.autograd.grad(y, leaf, grad)))
    for ours, theirs in zip(*found):
        assert torch.equal(ours, theirs)


def test_an_eager_step_rectifies_in_place():
    x = torch.tensor([-1.0, 2.0])
    assert cm.rectify(x) is x and x.tolist() == [0, 2]


@pytest.fixture
def kept():
    """Function that tells the types of what a compiled function keeps."""
    torch._dynamo.reset()

    def run(function):
        types = set()

        def pack(tensor):
            types.add(tensor.dtype)
            return tensor

        # Keeps what inductor would, without its compiler.
        compiled = torch.compile(
            function, backend='aot_eager_decomp_partition', fullgraph=True
        )
        x = torch.randn(3, 8, requires_grad=True)
        with torch.autograd.graph.saved_tensors_hooks(pack, lambda t: t):
            y = compiled(x)
        y.sum().backward()
        assert torch.equal(x.grad, 2.0 * (x > 0))
        return types

    yield run
    torch._dynamo.reset()


def test_a_compiled_step_keeps_no_mask(kept):
    assert torch.bool in kept(lambda x: torch.relu(2 * x))
    assert torch.bool not in kept(lambda x: cm.rectify(2 * x))
