"""What holds of every loss, in its weighted phase."""

import copy
import re
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from mmaction.registry import MODELS
from scipy.special import log_softmax

from shapmix_mm.models.losses import LongTailLoss
from shapmix_mm.models.losses.longtail_loss import SwitchMixin

LOSSES = {
    'balsoftmax': dict(type='BalancedSoftmaxLoss'),
    'logitadjust': dict(type='LogitAdjustedLoss', tau=1.3),
    'focal': dict(type='FocalLoss'),
    'focal_sigmoid': dict(type='FocalLoss', form='sigmoid_focal'),
    'cb': dict(type='ClassBalancedLoss', beta=0.99),
    'cb_weights': dict(type='ClassBalancedLoss', reduction='weights'),
    'cb_focal': dict(type='ClassBalancedLoss', form='focal', gamma=0.5),
    'cb_sigmoid': dict(type='ClassBalancedLoss', form='sigmoid_focal'),
    'ldam': dict(type='LDAMLoss', scale=3.0),
    'ib': dict(type='InfluenceBalancedLoss', detach=False, alpha=50.0),
    'drw': dict(type='DeferredReweightingLoss'),
}
LOSSES.update(
    {
        f'drw_{name}': dict(type='DeferredReweightingLoss', loss=cfg)
        for name, cfg in LOSSES.items()
    }
)
every_loss = pytest.mark.parametrize('name', LOSSES)


def value(loss, logits, label, features):
    for module in loss.modules():
        if getattr(module, 'needs_features', False):
            module.set_features(features)
    return loss(logits, label)


@every_loss
def test_one_hot_soft_target_equals_the_hard_target(ready, data, name):
    logits, hard, _, features = data
    loss = ready(**LOSSES[name])
    torch.testing.assert_close(
        value(loss, logits, F.one_hot(hard, 4), features),
        value(loss, logits, hard, features),
    )


@every_loss
def test_gradient(ready, data, name):
    logits, hard, soft, features = data
    logits.requires_grad_()
    features.requires_grad_()
    loss = ready(**LOSSES[name])
    for label in (hard, soft):
        assert torch.autograd.gradcheck(
            lambda z, h, y=label: value(loss, z, y, h), (logits, features)
        )


@every_loss
def test_counts_matter_only_where_they_differ(ready, data, name):
    """At uniform counts no weight and no relative margin is left."""
    logits, _, soft, features = data
    uniform = value(
        ready((7, 7, 7, 7), **LOSSES[name]), logits, soft, features
    )
    scaled = value(
        ready((50, 50, 50, 50), **LOSSES[name]), logits, soft, features
    )
    tailed = value(ready(**LOSSES[name]), logits, soft, features)
    torch.testing.assert_close(uniform, scaled)
    if not name.startswith('focal'):
        assert abs(uniform - tailed) > 1e-3


@every_loss
def test_loss_weight_and_float32_under_autocast(ready, data, name):
    logits, hard, _, features = (x.to(torch.float32) for x in data)
    hard = hard.long()
    single = value(ready(**LOSSES[name]), logits, hard, features)
    loss = ready(loss_weight=2.0, **LOSSES[name])
    with torch.autocast('cpu', dtype=torch.bfloat16):
        double = value(loss, logits, hard, features)
    assert single.dtype == double.dtype == torch.float32
    torch.testing.assert_close(double, 2 * single)


@every_loss
def test_half_precision_logits_are_raised_to_float32(ready, data, name):
    logits, hard, _, features = data
    loss = ready(**LOSSES[name])
    logits, features = logits.half(), features.half()
    found = value(loss, logits, hard, features)
    assert found.dtype == torch.float32
    torch.testing.assert_close(
        found, value(loss, logits.float(), hard, features.float())
    )


@every_loss
def test_evaluation_mode_knows_no_counts(ready, data, name):
    logits, _, soft, features = data
    loss = ready(**LOSSES[name]).eval()
    found = value(loss, logits, soft, features).item()
    if 'focal' not in name and 'sigmoid' not in name:
        expected = -(soft.numpy() * log_softmax(logits, 1)).sum(1).mean()
        assert found == pytest.approx(expected)
    other = ready((2, 3, 4, 5), **LOSSES[name]).eval()
    assert value(other, logits, soft, features).item() == found


@every_loss
def test_state_survives_and_copies(ready, data, name):
    logits, _, soft, features = data
    loss = ready(**LOSSES[name])
    fresh = ready((1, 1, 1, 1), **LOSSES[name])
    fresh.load_state_dict(copy.deepcopy(loss.state_dict()))
    assert (
        value(fresh, logits, soft, features)
        == value(loss, logits, soft, features)
        == value(copy.deepcopy(loss), logits, soft, features)
    )


class Constant(LongTailLoss):
    """Losses and weights that a test can choose."""

    def class_losses(self, logits, target):
        return logits

    def class_weights(self, num_classes):
        return torch.tensor([1.0, 3.0], dtype=torch.float64)


def test_both_reductions_by_hand():
    losses = torch.tensor([[2.0, 5.0], [7.0, 4.0]])
    label = torch.tensor([0, 1])
    # 1 * 2 + 3 * 4, over two samples or over weights of 1 + 3.
    assert Constant()(losses, label).item() == 7
    assert Constant(reduction='weights')(losses, label).item() == 3.5
    soft = torch.tensor([[0.5, 0.5], [0.0, 1.0]])
    total, weights = 0.5 * 2 + 1.5 * 5 + 3 * 4, 0.5 + 1.5 + 3
    assert Constant()(losses, soft).item() == total / 2
    assert Constant(reduction='weights')(losses, soft).item() == (
        pytest.approx(total / weights)
    )


def test_weight_two_on_both_halves_is_the_sum_of_their_means(ready, data):
    logits, hard, soft, _ = data
    originals = F.one_hot(hard, 4)
    cfg = dict(type='ClassBalancedLoss')
    both = ready(loss_weight=2.0, **cfg)(
        torch.cat((logits, 2 * logits)), torch.cat((originals, soft))
    )
    one = ready(**cfg)
    torch.testing.assert_close(both, one(logits, hard) + one(2 * logits, soft))


def test_weighted_mean_is_that_of_torch(ready, data):
    logits, hard, soft, _ = data
    loss = ready(type='ClassBalancedLoss', beta=0.9, reduction='weights')
    counts = np.array([90, 31, 9, 4])
    raw = 0.1 / (1 - 0.9**counts)
    weight = torch.tensor(4 * raw / raw.sum())
    torch.testing.assert_close(
        loss(logits, hard), F.cross_entropy(logits, hard, weight=weight)
    )
    batch = ready(type='ClassBalancedLoss', beta=0.9)
    torch.testing.assert_close(
        batch(logits, soft), F.cross_entropy(logits, soft, weight=weight)
    )


def test_what_is_wrong_is_named(ready):
    with pytest.raises(ValueError, match=r'\(3,\) or \(3, 2\), got \(2,\)'):
        Constant()(torch.zeros(3, 2), torch.tensor([0, 1]))
    loss = ready((1, 2, 3), type='ClassBalancedLoss')
    with pytest.raises(ValueError, match='3 classes, the logits have 4'):
        loss(torch.zeros(1, 4), torch.tensor([0]))


def test_the_loss_of_the_page_trains_and_defers(ready, data):
    page = Path(__file__).resolve().parents[3] / 'docs/longtail_losses.md'
    code = re.search(r'```python\n(.*?)```', page.read_text(), re.S)[1]
    with MODELS.switch_scope_and_registry(None) as registry:
        exec(code, {})
        logits, hard, _, _ = data
        try:
            loss = ready((1, 1, 1, 1), type='SquaredLoss')
            deferred = ready(
                (1, 1, 1, 1),
                type='DeferredReweightingLoss',
                loss=dict(type='SquaredLoss'),
            )
        finally:
            registry.module_dict.pop('SquaredLoss')
    error = logits.softmax(1) - F.one_hot(hard, 4)
    expected = error.square().sum(1).mean()
    torch.testing.assert_close(loss(logits, hard), expected)
    torch.testing.assert_close(deferred(logits, hard), expected)


def make(start=0.5, start_epoch=None):
    switch = SwitchMixin()
    switch.init_switch(start, start_epoch)
    return switch


def first_late(switch, *, total, iters_per_pass):
    for iteration in range(total):
        switch.set_progress(
            iteration, total=total, iters_per_pass=iters_per_pass
        )
        if switch.is_late:
            return iteration
    return None


@pytest.mark.parametrize(
    'start, total, first',
    [(0.0, 9, 0), (0.5, 10, 5), (0.8, 60, 48), (0.29, 100, 29), (0.1, 30, 3)],
)
def test_share_of_the_training(start, total, first):
    assert first_late(make(start), total=total, iters_per_pass=3) == first


@pytest.mark.parametrize('epoch, first', [(0, 0), (4, 10), (5, 12), (6, 15)])
def test_passes_over_the_data_instead(epoch, first):
    switch = make(start_epoch=epoch)
    assert first_late(switch, total=30, iters_per_pass=2.5) == first


def test_it_goes_back_with_the_training():
    switch = make()
    switch.set_progress(9, total=10, iters_per_pass=1)
    switch.set_progress(0, total=10, iters_per_pass=1)
    assert not switch.is_late


def test_a_switch_names_what_is_wrong():
    with pytest.raises(ValueError, match='TrainingProgressHook'):
        _ = make().is_late
    with pytest.raises(ValueError, match='at iteration 20, .* only 20'):
        make(start_epoch=10).set_progress(0, total=20, iters_per_pass=2)


@pytest.mark.parametrize(
    'name, key, value',
    [
        ('BalancedSoftmaxLoss', 'loss_weight', -1),
        ('BalancedSoftmaxLoss', 'class_counts', [3, 0]),
        ('BalancedSoftmaxLoss', 'class_counts', 'abc'),
        ('ClassBalancedLoss', 'beta', 1.0),
        ('ClassBalancedLoss', 'beta', -0.1),
        ('ClassBalancedLoss', 'form', 'sigmoid'),
        ('ClassBalancedLoss', 'gamma', -1),
        ('ClassBalancedLoss', 'reduction', 'mean'),
        ('DeferredReweightingLoss', 'beta', 1),
        ('DeferredReweightingLoss', 'start', 80),
        ('DeferredReweightingLoss', 'start_epoch', -1),
        ('DeferredReweightingLoss', 'loss', 'FocalLoss'),
        ('FocalLoss', 'gamma', float('nan')),
        ('FocalLoss', 'gamma', 'abc'),
        ('FocalLoss', 'form', 'softmax'),
        ('InfluenceBalancedLoss', 'alpha', 0),
        ('InfluenceBalancedLoss', 'epsilon', 0),
        ('InfluenceBalancedLoss', 'detach', 'abc'),
        ('LDAMLoss', 'max_margin', -1),
        ('LDAMLoss', 'scale', 0),
        ('LogitAdjustedLoss', 'tau', -0.5),
        ('LogitAdjustedLoss', 'tau', None),
    ],
)
def test_a_setting_that_is_wrong_is_named(name, key, value):
    with pytest.raises(ValueError, match=f'{name}: {key}=.* should be'):
        MODELS.build({'type': name, key: value})
