"""Three steps of PaCo's training as its authors' code made them."""

import numpy as np
import pytest
import torch
from mmaction.registry import MODELS
from mmaction.structures import ActionDataSample
from torch import nn


class Stem(nn.Module):
    """The authors' toy model, on skeletons of six numbers."""

    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(6, 5, bias=False)

    def forward(self, x):
        return torch.tanh(self.fc(x.flatten(1)))[:, None, :, None, None]


@pytest.fixture
def toy(uniform, authors):
    """The recognizer with their weights and queue, in float64."""
    found = authors('paco')
    name = 'StemOfPaCo'
    MODELS.register_module(name=name, module=Stem, force=True)
    model = MODELS.build(
        dict(
            type='MomentumRecognizerGCN',
            momentum=0.9,
            backbone=dict(type=name),
            cls_head=dict(
                type='ParametricContrastiveHead',
                num_classes=10,
                in_channels=5,
                embed_channels=4,
                loss_cls=dict(
                    type='ParametricContrastiveLoss',
                    class_counts=found['counts'].tolist(),
                ),
            ),
        )
    )
    head = model.cls_head
    head.projector, model.key_projector = nn.Linear(5, 4), nn.Linear(5, 4)
    order = [str(n) for n in found['moco_names']]
    for own, theirs in (
        (model.backbone.fc, 'stem'),
        (head.projector, 'fc'),
        (head.fc, 'linear'),
    ):
        for kind, value in own.named_parameters():
            index = next(
                i
                for i, n in enumerate(order)
                if n.split('.')[-1] == kind and theirs in n.split('.')
            )
            value.data = uniform(210 + index, *value.shape)
    model.key_projector.requires_grad_(False)
    model.double()
    loss = head.loss_cls
    loss.queue = torch.from_numpy(found['moco_queue0'])
    loss.queue_labels = torch.arange(8.0)
    loss.queue_pointer = torch.zeros(1)
    return model, found


def test_three_steps_are_those_of_the_authors(toy, uniform):
    model, found = toy
    optimizer = torch.optim.SGD(
        [p for p in model.parameters() if p.requires_grad], lr=0.5
    )
    head = model.cls_head
    for step in range(3):
        views = torch.stack(
            [uniform(230 + step, 4, 6), uniform(240 + step, 4, 6)]
        )
        clips = views.transpose(0, 1).reshape(4, 2, 1, 1, 2, 3)
        samples = [
            ActionDataSample().set_gt_label(int(k))
            for k in found[f'moco_step{step}_labels']
        ]
        losses = model(clips, samples, mode='loss')
        optimizer.zero_grad()
        losses['loss_cls'].backward()
        optimizer.step()
        key = f'moco_step{step}'
        assert losses['loss_cls'].item() == pytest.approx(
            float(found[f'{key}_loss']), rel=1e-6
        )
        for value, name in (
            (model.backbone.fc.weight, 'stem_q'),
            (model.key_backbone.fc.weight, 'stem_k'),
            (head.loss_cls.queue, 'queue'),
            (head.loss_cls.queue_labels, 'queue_labels'),
            (head.loss_cls.queue_pointer, 'ptr'),
        ):
            np.testing.assert_allclose(
                value.detach(), found[f'{key}_{name}'], rtol=1e-6, atol=1e-7
            )
    model.eval()
    with torch.no_grad():
        scores = head(model.backbone(uniform(250, 4, 6)))
    np.testing.assert_allclose(scores, found['moco_eval'], rtol=1e-6)


def test_the_copy_learns_nothing_and_starts_as_the_network(toy, uniform):
    model, _ = toy
    wanting = {n for n, p in model.named_parameters() if p.requires_grad}
    assert wanting and not any(n.startswith('key_') for n in wanting)
    clips = torch.rand(4, 2, 1, 1, 2, 3, dtype=torch.float64)
    samples = [ActionDataSample().set_gt_label(0) for _ in range(4)]
    model(clips, samples, mode='loss')
    assert torch.equal(model.key_backbone.fc.weight, model.backbone.fc.weight)
    with torch.no_grad():
        model.backbone.fc.weight.add_(1)
    before = model.key_backbone.fc.weight.clone()
    model(clips, samples, mode='loss')
    torch.testing.assert_close(model.key_backbone.fc.weight, before + 0.1)


def test_another_number_of_views_is_refused(toy):
    model, _ = toy
    samples = [ActionDataSample().set_gt_label(0)] * 4
    with pytest.raises(ValueError, match='2 views of each sample'):
        model(torch.rand(4, 1, 1, 1, 2, 3), samples, mode='loss')
