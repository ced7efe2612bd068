"""FSA's maps: numbers of its unofficial code, labels, bad input."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from mmaction.registry import MODELS
from mmaction.structures import ActionDataSample

from shapmix_mm.models.heads.feature_composition_head import class_maps


@pytest.fixture(scope='module')
def found(authors):
    return authors('fsa')


@pytest.fixture
def head(uniform):
    built = MODELS.build(
        dict(
            type='FeatureCompositionHead',
            num_classes=10,
            in_channels=6,
            num_composed=2,
        )
    ).double()
    built.fc.weight.data = uniform(602, 10, 6)
    built.fc.bias.data = uniform(603, 10)
    return built


def maps_of(found):
    """Feature maps as of one person: (12, 1, 6, 4, 5)."""
    return torch.from_numpy(found['features'])[:, None]


def in_groups(found, halves):
    """Rare half and frequent half, put into groups of six."""
    maps, labels = maps_of(found), halves
    order = [0, 1, 2, 6, 7, 8, 3, 4, 5, 9, 10, 11]
    return maps[order], labels[order]


def all_labels(found):
    return torch.from_numpy(
        np.concatenate([found['labels_tail_half'], found['labels_head_half']])
    )


def test_class_maps_need_no_backward_pass(found, uniform):
    labels = torch.from_numpy(found['labels_tail_half'])
    rows = uniform(602, 10, 6)[labels]
    maps = class_maps(maps_of(found)[:6], rows)[:, 0]
    np.testing.assert_allclose(maps, found['cam_own_class'], atol=1e-12)
    still = class_maps(torch.ones(1, 1, 6, 4, 5), torch.ones(1, 6))
    assert not still.any(), 'a map without differences tells nothing'


def test_composed_maps_and_their_loss(found, head):
    maps, labels = in_groups(found, all_labels(found))
    draws = torch.from_numpy(found['mask_noise']).view(2, 2, 4, 5)
    bounds = torch.from_numpy(found['mask_gamma']).view(2, 2)
    made, targets = head.augment(maps, labels, draws, bounds)
    np.testing.assert_allclose(
        made[:, 0], found['two_tails_composed'], atol=1e-12
    )
    # Theirs gives all the label of the first rare sample, 7.
    assert targets[:6].tolist() == [7, 7, 7, 3, 3, 3]
    assert found['two_tails_labels'][:6].tolist() == [7] * 6
    theirs = torch.from_numpy(found['two_tails_labels'])
    loss = F.cross_entropy(head.fc(head.features(made)), theirs)
    loss.backward()
    assert loss.item() == pytest.approx(float(found['two_tails_loss']))
    np.testing.assert_allclose(
        head.fc.weight.grad, found['two_tails_grad_fc'], atol=1e-10
    )


def test_one_group_is_theirs_label_and_all(found, head):
    labels = all_labels(found)
    maps = maps_of(found)[[0, 1, 2, 6, 7, 8]]
    draws = torch.from_numpy(found['mask_noise'])[:2].view(1, 2, 4, 5)
    bounds = torch.from_numpy(found['mask_gamma'])[:2].view(1, 2)
    made, targets = head.augment(
        maps, labels[[0, 1, 2, 6, 7, 8]], draws, bounds
    )
    assert targets.tolist() == found['one_tail_labels'].tolist()
    loss = F.cross_entropy(head.fc(head.features(made)), targets)
    assert loss.item() == pytest.approx(float(found['one_tail_loss']))


def samples(labels):
    return [ActionDataSample().set_gt_label(int(k)) for k in labels]


def test_a_batch_trains_the_classifier_alone(found, head):
    maps, labels = in_groups(found, all_labels(found))
    maps.requires_grad_()
    losses = head.loss(maps.expand(-1, 2, -1, -1, -1), samples(labels))
    losses['loss_cls'].backward()
    assert maps.grad is None and head.fc.weight.grad.any()
    assert 'top1_acc' in losses


def test_batches_that_are_no_groups_are_refused(found, head):
    with pytest.raises(ValueError, match='whole groups of 6 samples, got 5'):
        head.loss(maps_of(found)[:5], samples(range(5)))
    soft = [ActionDataSample().set_gt_label(torch.rand(10)) for _ in range(6)]
    with pytest.raises(ValueError, match='needs hard labels'):
        head.loss(maps_of(found)[:6], soft)
