"""The head that shows its features, beside MMAction2's own."""

import copy

import pytest
import torch
from mmaction.registry import MODELS
from mmaction.structures import ActionDataSample

import shapmix_mm  # noqa: F401


def head(kind='FeatureGCNHead', **kwargs):
    torch.manual_seed(0)
    built = MODELS.build(
        dict(type=kind, num_classes=4, in_channels=6, **kwargs)
    )
    built.init_weights()
    return built


def test_scores_loss_and_state_are_those_of_gcn_head():
    stock, ours = head('GCNHead'), head()
    ours.load_state_dict(stock.state_dict())
    maps = torch.randn(3, 2, 6, 5, 7)
    assert torch.equal(ours(maps), stock(maps))
    samples = [ActionDataSample().set_gt_label(k) for k in (0, 3, 1)]
    for name, value in stock.loss(maps, samples).items():
        assert torch.equal(ours.loss(maps, samples)[name], value)


@pytest.mark.parametrize('kind', ['FeatureGCNHead', 'CosineGCNHead'])
@pytest.mark.parametrize('wrapped', [False, True])
def test_the_loss_sees_what_the_classifier_sees(kind, wrapped):
    loss = dict(type='InfluenceBalancedLoss')
    if wrapped:
        loss = dict(type='DeferredReweightingLoss', loss=loss)
    built = head(kind, loss_cls=loss, dropout=0.5)
    seen = []
    built.fc.register_forward_pre_hook(lambda _, args: seen.append(args[0]))
    taker = built.loss_cls.loss if wrapped else built.loss_cls
    built(torch.randn(3, 2, 6, 5, 7))
    assert taker._features is seen[0]
    assert bool((seen[0] == 0).any())
    taker._features = None
    built.eval()(torch.randn(3, 2, 6, 5, 7))
    assert taker._features is None


def test_influence_balanced_step():
    built = head(loss_cls=dict(type='InfluenceBalancedLoss'))
    built.loss_cls.set_class_counts([9, 5, 2, 1])
    built.loss_cls.set_progress(9, total=10, iters_per_pass=1)
    samples = [ActionDataSample().set_gt_label(k) for k in (0, 3, 1)]
    losses = built.loss(torch.randn(3, 2, 6, 5, 7), samples)
    losses['loss_cls'].backward()
    assert bool(built.fc.weight.grad.abs().sum() > 0)
    assert {'top1_acc', 'loss_cls'} <= set(losses)
    copy.deepcopy(built)
