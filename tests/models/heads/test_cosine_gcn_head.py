"""The cosine head in the place of MMAction2's own."""

import pytest
import torch
from mmaction.registry import MODELS
from mmaction.structures import ActionDataSample

import shapmix_mm  # noqa: F401


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
