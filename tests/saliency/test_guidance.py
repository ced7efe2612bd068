"""What guides the mixing against sums and gradients written out."""

from typing import get_args

import numpy as np
import pytest
import torch
from mmaction.registry import MODELS

from shapmix_mm.saliency.guidance import (
    Average,
    Guidance,
    Observation,
    joint_gradcam,
    update_table,
)
from shapmix_mm.shapley import AVERAGES, ESTIMATORS, SaliencyTable

VALUES = torch.tensor([[0.4, -0.2], [0.1, -0.6], [0.3, 0.5]])
COLUMNS = torch.tensor([[0, 3], [0, 3], [7, 0]])
LABEL = torch.tensor([1, 1, 0])


def moved(observation, **options):
    table = SaliencyTable(2, 5)
    table.values.fill_(1.0)
    table.updates.fill_(1.0)
    options = dict(average='ema', momentum=0.9, clamp=False) | options
    update_table(table, LABEL, observation, **options)
    return table.values


@pytest.mark.parametrize(
    'clamp, means',
    [
        (False, {(1, 0): 0.25, (1, 3): -0.4, (0, 7): 0.3, (0, 0): 0.5}),
        (True, {(1, 0): 0.25, (1, 3): 0.0, (0, 7): 0.3, (0, 0): 0.5}),
    ],
)
@pytest.mark.parametrize('momentum', [0.9, 0.0])
def test_an_entry_moves_by_the_mean_of_its_class(clamp, means, momentum):
    seen = Observation(VALUES, COLUMNS, 3)
    values = moved(seen, clamp=clamp, momentum=momentum)
    expected = torch.ones(2, 20)
    for entry, mean in means.items():
        expected[entry] = momentum + (1 - momentum) * mean
    torch.testing.assert_close(values, expected)


def test_a_rank_that_has_seen_nothing_moves_nothing():
    assert torch.equal(moved(None), torch.ones(2, 20))


def test_the_recent_average_forgets_what_no_contribution_made():
    """Its values are sums over evidence, of which there was none."""
    values = moved(Observation(VALUES, COLUMNS, 3), average='recent')
    assert values[1, 0] == pytest.approx(0.25)
    assert values[0, 7] == pytest.approx(0.3)


def test_gradcam_equals_the_closed_form_of_a_linear_head():
    """With pooling and one linear layer the gradient is its weight."""
    torch.manual_seed(3)
    graph = dict(
        layout=dict(num_node=6, inward=[(i, 0) for i in range(1, 6)], center=0)
    )
    model = MODELS.build(
        dict(
            type='RecognizerGCN',
            backbone=dict(
                type='STGCN',
                base_channels=8,
                num_stages=2,
                inflate_stages=[],
                down_stages=[],
                graph_cfg=dict(graph, mode='stgcn_spatial'),
            ),
            cls_head=dict(type='GCNHead', num_classes=5, in_channels=8),
        )
    ).train()
    clips, label = torch.randn(7, 1, 2, 4, 6, 3), torch.arange(7) % 5
    clips[:4, :, 1] = 0
    clips[5, :, 1, 2:] = 0
    cam = joint_gradcam(model, clips, label)
    assert model.training
    assert all(p.grad is None for p in model.parameters())
    model.eval()
    with torch.no_grad():
        features = model(clips, stage='backbone', mode='tensor').numpy()
    weight = model.cls_head.fc.weight.detach().numpy()
    for n in range(7):
        joints = np.zeros(6)
        for m in range(2):
            if clips[n, 0, m].any():
                # (C,) times (C, T, V): the pooled gradient is the weight
                # over a constant that the normalisation takes out.
                seen = np.tensordot(
                    weight[int(label[n])], features[n, m], axes=1
                )
                joints += np.maximum(seen, 0).mean(0)
        # Nothing speaks for the class where the rectified map is zero.
        expected = joints / max(joints.sum(), 1e-30)
        np.testing.assert_allclose(cam[n], expected, atol=1e-5)
    assert (cam.sum(1) > 0.99).sum() >= 3


def test_gradcam_weighs_the_channels_for_each_person():
    """A head that reads two persons differently has two gradients."""
    torch.manual_seed(4)
    features, weight = torch.randn(3, 2, 4, 5, 6), torch.randn(2, 4, 7)
    label = torch.tensor([0, 3, 6])
    model = torch.nn.Module()
    model.forward = lambda clips, stage, mode: features
    model.cls_head = lambda x: torch.einsum('nmctv,mck->nk', x, weight)
    cam = joint_gradcam(model, torch.ones(3, 1, 2, 5, 6, 3), label)
    own = weight[:, :, label].numpy()
    maps = np.einsum('mcn,nmctv->nmtv', own, features.numpy())
    joints = np.maximum(maps, 0).mean(2).sum(1)
    np.testing.assert_allclose(
        cam, joints / joints.sum(1, keepdims=True), atol=1e-6
    )


def test_names_in_configs_are_those_of_the_table_and_the_estimators():
    assert get_args(Guidance) == (*ESTIMATORS, 'gradcam', 'random')
    assert get_args(Average) == AVERAGES
