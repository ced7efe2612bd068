"""Experts on a shared stem, whatever network they are cut from."""

import copy

import mmaction.engine  # noqa: F401  (registers what 2s-AGCN starts from)
import pytest
import torch
from mmaction.registry import MODELS
from mmaction.structures import ActionDataSample

from shapmix_mm.models.backbones.experts import ExpertTails

LAYOUT = dict(num_node=4, inward=[(1, 0), (2, 0), (3, 0)], center=0)
SIZE = dict(
    base_channels=16, num_stages=4, inflate_stages=[2, 4], down_stages=[4]
)
NETWORKS = {
    'STGCN': dict(type='STGCN', mode='stgcn_spatial'),
    'STGCN++': dict(
        type='STGCN',
        mode='spatial',
        gcn_adaptive='init',
        gcn_with_res=True,
        tcn_type='mstcn',
    ),
    'AAGCN': dict(type='AAGCN', mode='spatial'),
    'CTRGCN': dict(type='CTRGCN', mode='spatial'),
    'HDGCN': dict(type='HDGCN', mode='spatial', groups=[[0], [1, 2, 3]]),
    'MSTGCN': dict(type='MSTGCN', mode='spatial'),
    'ShiftGCN': dict(type='ShiftGCN', mode='spatial'),
}


def config(network='CTRGCN', **kwargs):
    given = dict(NETWORKS[network])
    graph = dict(layout=LAYOUT, mode=given.pop('mode'))
    return dict(
        type='ExpertRecognizerGCN',
        backbone=dict(graph_cfg=graph, **given, **SIZE),
        cls_head=dict(
            type='ExpertGCNHead',
            num_classes=3,
            in_channels=64,
            loss_cls=dict(
                type='ExpertDiversityLoss',
                loss=dict(type='LDAMLoss'),
                class_counts=[9, 4, 2],
            ),
        ),
        **kwargs,
    )


def build(*args, **kwargs):
    torch.manual_seed(0)
    model = MODELS.build(config(*args, **kwargs))
    model.init_weights()
    return model


def batch(num=5):
    samples = [ActionDataSample().set_gt_label(i % 3) for i in range(num)]
    return torch.randn(num, 1, 2, 8, 4, 3), samples


@pytest.mark.parametrize('width', [1.0, 0.75])
@pytest.mark.parametrize('network', NETWORKS)
def test_experts_share_the_stem_and_nothing_else(network, width):
    """A change of one expert's weights changes its scores alone."""
    model = build(network, width=width).eval()
    clips = batch()[0].squeeze(1)
    with torch.no_grad():
        before = model.cls_head.expert_scores(model.backbone(clips))
        tails = next(
            m for m in model.backbone.modules() if hasattr(m, 'channel_dim')
        )
        for weight in tails[1].parameters():
            weight.mul_(0.5)
        after = model.cls_head.expert_scores(model.backbone(clips))
    same = [torch.equal(a, b) for a, b in zip(before, after)]
    assert same == [True, False, True]
    assert not torch.equal(before[0], before[2]), 'experts start alike'
    features = model.backbone(clips)
    assert features.shape == (5, 2, 3 * 64 * width, 4, 4)


@pytest.mark.parametrize('network', NETWORKS)
def test_of_full_width_an_expert_is_the_network(network):
    """With the weights of stem and one tail the plain network agrees."""
    model = build(network, width=1.0, split=2).eval()
    plain = MODELS.build(config(network)['backbone']).eval()
    name = 'net' if hasattr(plain, 'net') else 'gcn'
    stem, late = getattr(model.backbone, name), getattr(plain, name)
    plain.data_bn = model.backbone.data_bn
    for index, block in enumerate([*stem[:2], *stem[2][1]]):
        late[index] = block
    clips = batch()[0].squeeze(1)
    with torch.no_grad():
        expected = plain(clips)
        own = model.backbone(clips)[:, :, 64:128]
    torch.testing.assert_close(own, expected)


def test_every_parameter_is_trained_and_the_mean_is_the_score():
    model = build()
    clips, samples = batch()
    losses = model(clips, copy.deepcopy(samples), mode='loss')
    (losses['loss_cls'] + losses['loss_diversity']).backward()
    assert all(p.grad is not None for p in model.parameters())
    assert {'top1_acc', 'expert0', 'expert2'} < set(losses)
    model.eval()
    with torch.no_grad():
        maps = model.backbone(clips.squeeze(1))
        scores = model(clips, mode='tensor', stage='head')
    torch.testing.assert_close(
        scores, model.cls_head.expert_scores(maps).mean(0)
    )


@pytest.mark.parametrize(
    'kwargs, message',
    [
        (dict(num_experts=1), 'num_experts=1 should be greater than or equal'),
        (dict(num_experts=0), 'num_experts=0 should be greater than or equal'),
        (dict(width=0.77), 'no whole number of channels'),
        (dict(width=1.5), 'width=1.5 should be'),
        (dict(split=4), 'has 4 blocks'),
    ],
)
def test_bad_experts_are_refused(kwargs, message):
    with pytest.raises(ValueError, match=message):
        build(**kwargs)


def test_a_network_that_never_widens_needs_a_split():
    cfg = config()
    cfg['backbone'].update(inflate_stages=[])
    cfg['cls_head'].update(in_channels=16)
    with pytest.raises(ValueError, match='say with split'):
        MODELS.build(cfg)


@pytest.mark.parametrize('network', ['STGCN', 'CTRGCN', 'ShiftGCN'])
def test_a_prediction_computes_the_experts_that_are_asked(network):
    """Scores are those of all experts at once, from fewer passes.

    The bias of the gates is put amid the scores of the first, so that some
    samples ask on and some do not.
    """
    cfg = config(network)
    cfg.update(type='FrozenExpertRecognizerGCN')
    cfg['cls_head'].update(
        type='ExpertRoutingHead', loss_cls=dict(type='CrossEntropyLoss')
    )
    torch.manual_seed(0)
    model = MODELS.build(cfg).eval()
    clips, samples = batch(9)
    (tails,) = (m for m in model.modules() if isinstance(m, ExpertTails))
    seen = []
    for number, tail in enumerate(tails):
        tail.register_forward_pre_hook(
            lambda _, args, number=number: seen.append(
                (number, args[0].size(tails.sample_dim))
            )
        )
    with torch.no_grad():
        maps = model.backbone(clips.squeeze(1))
        gates = model.cls_head.route(maps)[1]
        # The second gate is asked by those alone that passed the first.
        model.cls_head.gate.bias -= gates[0].median()
        gates = model.cls_head.route(maps)[1]
        asked = (gates > 0).cumprod(0).sum(1).tolist()
        full = model.cls_head.predict(maps, copy.deepcopy(samples))
        seen.clear()
        found = model(clips, samples, mode='predict')
        assert 0 < asked[0] < 9 and asked[1] <= asked[0]
        # Two persons of each.
        by_hand = [(0, 18), (1, 2 * asked[0]), (2, 2 * asked[1])]
        assert seen == [pair for pair in by_hand if pair[1]]
        for one, other in zip(found, full):
            torch.testing.assert_close(
                one.pred_score, other.pred_score, rtol=0, atol=1e-6
            )
        seen.clear()
        model(clips, mode='tensor', stage='head')
    assert seen == [(0, 18), (1, 18), (2, 18)]


def test_soft_labels_train_without_an_accuracy():
    model = build()
    clips, samples = batch()
    soft = torch.full((3,), 1 / 3)
    for sample in samples:
        sample.set_gt_label(soft)
    losses = model(clips, samples, mode='loss')
    assert 'top1_acc' not in losses
    assert losses['loss_cls'].isfinite()
