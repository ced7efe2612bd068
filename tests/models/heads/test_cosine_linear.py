"""Cosine classifier against numpy."""

import numpy as np
import pytest
import torch

from shapmix_mm.models.heads import CosineLinear


def test_scores_are_scaled_cosines():
    torch.manual_seed(0)
    layer = CosineLinear(5, 3, scale=7.0).double()
    x = torch.randn(4, 5, dtype=torch.float64)
    with torch.no_grad():
        layer.weight.mul_(torch.tensor([[0.1], [1.0], [9.0]]))
        found = layer(x).numpy()
    weight = layer.weight.detach().numpy()
    for i, h in enumerate(x.numpy()):
        for k, w in enumerate(weight):
            cosine = h @ w / np.linalg.norm(h) / np.linalg.norm(w)
            assert found[i, k] == pytest.approx(7 * cosine)


def test_directions_begin_at_unit_length():
    norms = CosineLinear(50, 20).weight.norm(dim=1)
    torch.testing.assert_close(norms, torch.ones(20))


def test_gradient_and_a_feature_of_zeros():
    torch.manual_seed(0)
    layer = CosineLinear(4, 3).double()
    x = torch.randn(2, 4, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(layer, x)
    assert layer(torch.zeros(1, 4)).tolist() == [[0.0, 0.0, 0.0]]


def test_float32_under_autocast():
    torch.manual_seed(0)
    layer, x = CosineLinear(64, 3), torch.randn(2, 64)
    with torch.autocast('cpu', dtype=torch.bfloat16):
        found = layer(x)
    assert torch.equal(found, layer(x))


def test_bad_scale():
    with pytest.raises(ValueError, match='scale .* positive, got 0'):
        CosineLinear(4, 3, scale=0)
