"""ReLU of a compiled step: values, gradients, and what it keeps."""

import pytest
import torch

from shapmix_mm.models.backbones.rectifier import SignRectifier, rectify


def test_value_and_gradient_are_those_of_relu():
    torch.manual_seed(0)
    x = torch.randn(4, 50)
    x[:, ::5] = 0
    grad = torch.randn(4, 50)
    found = []
    for function in (SignRectifier.apply, torch.relu):
        leaf = x.clone().requires_grad_()
        y = function(leaf)
        found.append((y, *torch.autograd.grad(y, leaf, grad)))
    for ours, theirs in zip(*found):
        assert torch.equal(ours, theirs)


def test_an_eager_step_rectifies_in_place():
    x = torch.tensor([-1.0, 2.0])
    assert rectify(x) is x and x.tolist() == [0, 2]


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
    assert torch.bool not in kept(lambda x: rectify(2 * x))
