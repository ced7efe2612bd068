"""FR-Head: prototypes by hand, mixed labels, and the recognizer around it."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from mmaction.registry import MODELS
from mmaction.structures import ActionDataSample

from shapmix_mm.models.heads import fr_head
from shapmix_mm.models.heads.fr_head import PrototypeContrast

SMALL = dict(
    base_channels=16, num_stages=3, inflate_stages=[2], down_stages=[3]
)
GRAPH = dict(layout='coco', mode='spatial')
BACKBONES = dict(
    CTRGCN=dict(type='CTRGCN', graph_cfg=GRAPH, variant='authors', **SMALL),
    ShiftGCN=dict(type='ShiftGCN', graph_cfg=GRAPH, **SMALL),
    STGCN=dict(type='STGCN', graph_cfg=GRAPH, **SMALL),
    AAGCN=dict(type='AAGCN', graph_cfg=GRAPH, gcn_attention=False, **SMALL),
)


def _recognizer(backbone):
    torch.manual_seed(0)
    return MODELS.build(
        dict(
            type='RefinementRecognizerGCN',
            backbone=backbone,
            cls_head=dict(type='GCNHead', num_classes=4, in_channels=32),
            refinement=dict(
                type='FRHead',
                num_classes=4,
                num_joints=17,
                num_frames=8,
                channels=[16, 32, 32],
                strides=[1, 1, 2],
                level_weights=[0.1, 0.5, 1.0],
                embed_channels=34,
            ),
            taps=[0, 1, 2],
        )
    )


def _samples(labels):
    samples = []
    for label in labels:
        sample = ActionDataSample()
        sample.set_gt_label(label)
        samples.append(sample)
    return samples


def test_prototypes_follow_confident_samples_alone():
    model = PrototypeContrast(2, 3, 2)
    torch.nn.init.eye_(model.fc.weight)
    torch.nn.init.zeros_(model.fc.bias)
    before = model.memory.clone()
    x = torch.tensor([[1.0, 0], [3, 2], [0, 4], [1, 1]])
    labels = torch.tensor([0, 0, 1, 2])
    # The third sample is taken for class 2, the last one for itself.
    scores = 5 * torch.eye(3)[[0, 0, 2, 2]]
    model(x, labels, scores)
    torch.testing.assert_close(
        model.memory[:, 0], 0.9 * before[:, 0] + 0.1 * torch.tensor([2.0, 1])
    )
    torch.testing.assert_close(model.memory[:, 1], before[:, 1])
    torch.testing.assert_close(
        model.memory[:, 2], 0.9 * before[:, 2] + 0.1 * torch.tensor([1.0, 1])
    )


def test_without_confusion_the_loss_is_that_of_the_prototypes():
    model = PrototypeContrast(6, 3, 6)
    x, labels = torch.randn(5, 6), torch.tensor([0, 1, 2, 1, 0])
    loss = model(x, labels, 9.0 * F.one_hot(labels, 3))
    cosine = F.normalize(model.fc(x)) @ F.normalize(model.memory, dim=0)
    expected = 2 * F.cross_entropy(cosine / 0.125, labels)
    torch.testing.assert_close(loss, expected)


@pytest.mark.parametrize('name', BACKBONES)
def test_a_recognizer_trains_with_it_and_infers_without(name):
    model = _recognizer(BACKBONES[name]).train()
    plain = MODELS.build(
        dict(
            type='RecognizerGCN',
            backbone=BACKBONES[name],
            cls_head=dict(type='GCNHead', num_classes=4, in_channels=32),
        )
    )
    x = torch.randn(4, 1, 2, 8, 17, 3)
    losses = model.loss(x, _samples(torch.arange(4)))
    total = losses['loss_cls'] + losses['loss_refinement']
    total.backward()
    for key, param in model.named_parameters():
        assert param.grad is not None, key
    prototypes = [
        level.spatial_contrast.memory for level in model.refinement.levels
    ]
    assert all(not m.requires_grad and m.grad_fn is None for m in prototypes)
    state = model.state_dict()
    assert 'refinement.levels.2.temporal_contrast.memory' in state
    missing, unexpected = plain.load_state_dict(state, strict=False)
    assert missing == []
    assert all(key.startswith('refinement.') for key in unexpected)
    with torch.no_grad():
        a = model.eval()(x, mode='tensor')
        b = plain.eval()(x, mode='tensor')
    torch.testing.assert_close(a, b)


def test_mixed_samples_take_no_part():
    model = _recognizer(BACKBONES['STGCN'])
    maps = [
        torch.randn(4, 2, c, t, 17) for c, t in ((16, 8), (32, 8), (32, 4))
    ]
    model.refinement.eval()
    scores = torch.randn(4, 4)
    pure = torch.tensor([2, 0])
    memories = {
        k: v.clone()
        for k, v in model.refinement.state_dict().items()
        if k.endswith('memory')
    }
    expected = model.refinement([m[:2] for m in maps], pure, scores[:2])
    model.refinement.load_state_dict(memories, strict=False)
    labels = F.one_hot(torch.tensor([2, 0, 1, 1]), 4).float()
    labels[2:] = 0.5 * labels[2:] + 0.125
    found = model.refinement(maps, labels, scores)
    torch.testing.assert_close(found, expected)


def test_a_batch_of_mixed_samples_alone_makes_the_same_sums(monkeypatch):
    """Another rank would wait for them, and DDP for the parameters."""
    model = _recognizer(BACKBONES['CTRGCN']).refinement
    maps = [
        torch.randn(4, 1, c, t, 17, requires_grad=True)
        for c, t in ((16, 8), (32, 8), (32, 4))
    ]
    scores, sums = torch.randn(4, 4), []
    monkeypatch.setattr(fr_head.dist, 'all_reduce', sums.append)
    model(maps, torch.tensor([0, 1, 2, 3]), scores)
    before = [sum_.shape for sum_ in sums]
    memory = [v.clone() for k, v in model.named_buffers() if 'memory' in k]
    sums.clear()
    loss = model(maps, torch.full((4, 4), 0.25), scores)
    loss.backward()
    assert [sum_.shape for sum_ in sums] == before
    assert loss.item() == 0
    assert all(not p.grad.any() for p in model.parameters())
    after = [v for k, v in model.named_buffers() if 'memory' in k]
    assert all(map(torch.equal, memory, after))


def test_a_backbone_without_such_blocks_is_named():
    with pytest.raises(ValueError, match=r'no blocks \(0, 4, 7, 9\) in CTRG'):
        MODELS.build(
            dict(
                type='RefinementRecognizerGCN',
                backbone=BACKBONES['CTRGCN'],
                cls_head=dict(type='GCNHead', num_classes=4, in_channels=32),
                refinement=dict(
                    type='FRHead', num_classes=4, num_joints=17, num_frames=8
                ),
            )
        )
    with pytest.raises(ValueError, match='less than 17 joints or 300 frames'):
        MODELS.build(
            dict(type='FRHead', num_classes=4, num_joints=17, num_frames=300)
        )


def test_clips_of_another_length_are_named():
    """Seen as a product of matrices that do not fit."""
    model = _recognizer(BACKBONES['CTRGCN'])
    clips = torch.rand(2, 1, 2, 6, 17, 3)
    with pytest.raises(ValueError, match='have 6 frames.*expected are 8 and'):
        model(clips, _samples([0, 1]), mode='loss')


@pytest.mark.parametrize('strides', [[], [1, 2]])
def test_a_setting_of_each_block_is_needed(strides):
    """An empty list was an IndexError, a short one left blocks out."""
    kwargs = dict(num_classes=4, num_joints=17, num_frames=8)
    with pytest.raises(ValueError, match='strides=.* should '):
        MODELS.build(dict(type='FRHead', strides=strides, **kwargs))
