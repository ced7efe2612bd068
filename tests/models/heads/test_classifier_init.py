"""The classifier's start, through the head that MMAction2 builds."""

import pytest
import torch
from mmaction.registry import MODELS


def test_a_head_starts_as_the_authors_do():
    torch.manual_seed(0)
    head = MODELS.build(
        dict(
            type='GCNHead',
            num_classes=120,
            in_channels=256,
            init_cfg=dict(type='ClassifierNormalInit'),
        )
    )
    bias = head.fc.bias.detach().clone()
    head.init_weights()
    weight = head.fc.weight.detach()
    assert weight.std().item() == pytest.approx((2 / 120) ** 0.5, rel=0.02)
    assert abs(weight.mean().item()) < 0.002
    assert torch.equal(head.fc.bias, bias)
