"""Cosine classifier, and its head in the place of MMAction2's own."""

import numpy as np
import pytest
import torch
from mmaction.registry import MODELS
from mmaction.structures import ActionDataSample

from shapmix_mm.models.heads import CosineLinear


def head(**kwargs):
    cfg = dict(type='CosineGCNHead', num_classes=4, in_channels=6)
    built = MODELS.build({**cfg, **kwargs})
    built.init_weights()
    return built


def test_scores_are_cosines_of_the_pooled_features():
    built = head(scale=12.0)
    maps = torch.randn(3, 2, 6, 5, 7)
    pooled = maps.mean((1, 3, 4))
    expected = 12 * torch.nn.functional.cosine_similarity(
        pooled[:, None], built.fc.weight[None], dim=2
    )
    torch.testing.assert_close(built(maps), expected)
    assert set(built.state_dict()) == {'fc.weight'}


def test_init_weights_keeps_unit_directions():
    torch.testing.assert_close(head().fc.weight.norm(dim=1), torch.ones(4))


@pytest.mark.parametrize('wrapped', [False, True])
def test_ldam_takes_the_scale_and_trains(wrapped):
    loss = dict(type='LDAMLoss')
    if wrapped:
        loss = dict(type='DeferredReweightingLoss', loss=loss)
    built = head(loss_cls=loss, scale=16.0)
    ldam = built.loss_cls.loss if wrapped else built.loss_cls
    assert ldam.scale == 16.0
    built.loss_cls.set_class_counts([9, 5, 2, 1])
    if wrapped:
        built.loss_cls.set_progress(9, total=10, iters_per_pass=1)
    samples = [ActionDataSample().set_gt_label(k) for k in (0, 3, 1)]
    built.loss(torch.randn(3, 1, 6, 5, 7), samples)['loss_cls'].backward()
    assert bool(built.fc.weight.grad.abs().sum() > 0)


def test_another_scale_in_the_loss_is_refused():
    with pytest.raises(ValueError, match='scale 30.0, its head 16.0'):
        head(loss_cls=dict(type='LDAMLoss', scale=30.0), scale=16.0)


def test_prediction_softens_scaled_cosines():
    built = head(average_clips='prob').eval()
    sample = ActionDataSample()
    maps = torch.randn(1, 1, 6, 5, 7)
    (found,) = built.predict(maps, [sample])
    torch.testing.assert_close(found.pred_score, built(maps)[0].softmax(0))


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


@pytest.mark.parametrize('key, value', [('scale', 0), ('num_classes', -1)])
def test_bad_arguments_are_named(key, value):
    with pytest.raises(ValueError, match=f'CosineGCNHead: {key}={value} '):
        head(**{key: value})
