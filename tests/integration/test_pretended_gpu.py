"""Whole trainings on a pretended GPU: mixed devices end them, waits count.

Every registered network, blend, loss and kind of guidance trains two steps,
the second of them guided, and is evaluated; what crosses to or from the device
is counted by the line that asks for it.
"""

from __future__ import annotations

import re
import sys
from collections import Counter
from pathlib import Path
from typing import get_args

import pytest
import torch
from mmaction.registry import MODELS
from mmengine.config import Config
from mmengine.hooks import Hook
from mmengine.runner import Runner
from torch import nn

from shapmix_mm.models.blending.skeleton_blending import SkeletonBlending
from shapmix_mm.saliency.exact import exact_worths
from shapmix_mm.saliency.guidance import Guidance
from shapmix_mm.skeletons import get_layout

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from pretend_gpu import DEVICE, Pretended, move, pretended  # noqa: E402

STICK = dict(
    name='stick',
    num_node=6,
    inward=[(1, 0), (2, 0), (3, 0), (4, 0), (5, 0)],
    center=0,
    parts=[[0, 1], [2], [3], [4], [5]],
)
GRAPH = dict(layout=STICK, mode='spatial')
COUNTED, PROGRESS = (
    dict(type='ClassCountsHook'),
    dict(type='TrainingProgressHook'),
)
SALIENCY = dict(type='SaliencyHook', warmup_epochs=1)
SMALL = dict(base_channels=8, num_stages=2, inflate_stages=[], down_stages=[])


def network(kind, channels, **kwargs):
    """A backbone of ours with the head that goes with it."""
    backbone = dict(type=kind, graph_cfg=GRAPH, num_person=2, **kwargs)
    return dict(
        backbone=dict(backbone, _delete_=True),
        cls_head=dict(in_channels=channels),
    )


def stack(kind, channels=8, **kwargs):
    return network(kind, channels, **dict(SMALL, **kwargs))


def blended(kind, **kwargs):
    return dict(
        data_preprocessor=dict(
            type='ActionDataPreprocessor',
            blending=dict(type=kind, num_classes=4, layout=STICK, **kwargs),
        )
    )


def head(kind, loss=None, **kwargs):
    loss = loss or dict(type='CrossEntropyLoss')
    return dict(cls_head=dict(type=kind, loss_cls=loss, **kwargs))


def drw(inner, **kwargs):
    return dict(
        type='DeferredReweightingLoss', loss=dict(type=inner), **kwargs
    )


def shapmix(**kwargs):
    return blended('ShapMixBlending', **kwargs)


FRHEAD = dict(
    type='RefinementRecognizerGCN',
    taps=[0, 1],
    refinement=dict(
        type='FRHead',
        num_classes=4,
        num_joints=6,
        num_frames=8,
        channels=[8, 8],
        strides=[1, 1],
        level_weights=[0.1, 1.0],
        embed_channels=16,
    ),
)
RIDE = dict(
    type='ExpertRecognizerGCN',
    num_experts=2,
    split=1,
    cls_head=dict(
        type='ExpertGCNHead',
        scale=30.0,
        loss_cls=dict(
            type='ExpertDiversityLoss', loss=drw('LDAMLoss', start=0.5)
        ),
    ),
)
ROUTING = dict(
    type='FrozenExpertRecognizerGCN',
    num_experts=2,
    split=1,
    cls_head=dict(
        type='ExpertRoutingHead',
        scale=30.0,
        loss_cls=dict(type='CrossEntropyLoss'),
    ),
)
HEATMAPS = dict(
    _delete_=True,
    type='HeatmapRecognizer3D',
    heatmap_size=(1, 3),
    **blended('STMixBlending'),
    backbone=dict(
        type='ResNet3dSlowOnly',
        depth=50,
        pretrained=None,
        in_channels=6,
        base_channels=4,
        num_stages=1,
        out_indices=(0,),
        stage_blocks=(1,),
        conv1_kernel=(1, 1, 1),
        conv1_stride_s=1,
        pool1_stride_s=1,
        inflate=(0,),
        spatial_strides=(1,),
        temporal_strides=(1,),
        dilations=(1,),
    ),
    cls_head=dict(
        type='I3DHead',
        in_channels=16,
        num_classes=4,
        dropout_ratio=0.0,
        average_clips='prob',
    ),
)
PERSONS = dict(heatmaps=1)
BRL = dict(keep_originals=False, lower=['part1', 'part2'])
VIEWS = dict(bcl=3, paco=2, glmc=2)
SAMPLERS = dict(glmc=dict(type='PairedSampler', power=0.2))
#: Not tried here: it needs the batches of a sampler of its own.
NEED_SAMPLERS = {'FeatureCompositionHead'}
STOCK = ('mmengine/', 'mmaction/')
#: Parts of the model, and the hooks that they need.
CASES = dict(
    plain=([], []),
    # Guidances, each with a backbone and a counted loss.
    marginal=(
        [
            shapmix(),
            stack('CTRGCN'),
            head('GCNHead', dict(type='BalancedSoftmaxLoss', loss_weight=2.0)),
        ],
        [COUNTED, SALIENCY, dict(type='TrainAccuracyHook')],
    ),
    marginal_per_sample=(
        [
            shapmix(),
            stack('HDGCN', 16, base_channels=16),
            head('GCNHead', dict(type='LogitAdjustedLoss')),
        ],
        [COUNTED, dict(SALIENCY, estimator='marginal_per_sample')],
    ),
    permutation=(
        [
            shapmix(),
            stack('MSTGCN'),
            head('GCNHead', dict(type='ClassBalancedLoss')),
        ],
        [COUNTED, dict(SALIENCY, estimator='permutation')],
    ),
    gradcam=(
        [
            shapmix(),
            stack('ShiftGCN'),
            head('GCNHead', dict(type='FocalLoss')),
        ],
        [COUNTED, dict(SALIENCY, estimator='gradcam')],
    ),
    random=([shapmix()], [COUNTED, dict(SALIENCY, estimator='random')]),
    # Blends.
    mixup=(
        [
            blended('SkeletonMixupBlending'),
            stack('StreamGCN'),
            head('StreamHead'),
        ],
        [],
    ),
    cutmix=(
        [
            blended('SkeletonCutMixBlending'),
            stack('InfoGCN', base_channels=16, channels=16),
            head('InformationHead'),
        ],
        [],
    ),
    tacnnmix=([blended('TaCNNMixBlending', lower=['part1', 'part2'])], []),
    skelemix=([blended('SkeleMixBlending')], []),
    stmix=([blended('STMixBlending')], []),
    remix=(
        [
            blended('RemixBlending'),
            head('GCNHead', drw('FocalLoss', start=0.5)),
        ],
        [COUNTED, PROGRESS],
    ),
    # Heads, losses and recognizers.
    ib=(
        [head('FeatureGCNHead', dict(type='InfluenceBalancedLoss'))],
        [COUNTED, PROGRESS],
    ),
    ldam=(
        [head('CosineGCNHead', drw('LDAMLoss', start=0.5), scale=30.0)],
        [COUNTED, PROGRESS],
    ),
    ride=([RIDE], [COUNTED, PROGRESS]),
    routing=([ROUTING], [COUNTED]),
    frhead=([FRHEAD], []),
    frozen=([dict(type='FrozenRecognizerGCN')], [COUNTED]),
    heatmaps=([HEATMAPS], []),
    brl=(
        [
            blended('RebalancedPartBlending', **BRL),
            head('GCNHead', dict(type='ClassAdaptiveLoss', start=0.5)),
        ],
        [COUNTED, PROGRESS],
    ),
    bcl=(
        [
            dict(type='ViewRecognizerGCN'),
            head(
                'BalancedContrastiveHead',
                dict(type='BalancedSoftmaxLoss'),
                scale=30.0,
                embed_channels=16,
                contrast=dict(type='BalancedContrastiveLoss'),
            ),
        ],
        [COUNTED],
    ),
    paco=(
        [
            dict(type='MomentumRecognizerGCN'),
            head(
                'ParametricContrastiveHead',
                dict(type='ParametricContrastiveLoss'),
                embed_channels=16,
            ),
        ],
        [COUNTED],
    ),
    glmc=(
        [
            dict(type='ViewRecognizerGCN', joint=False),
            blended('GlobalLocalBlending', keep_originals=False),
            head(
                'MixtureConsistencyHead',
                dict(type='MixtureConsistencyLoss'),
                embed_channels=16,
            ),
        ],
        [COUNTED, PROGRESS],
    ),
    # The other networks.
    sgn=([network('SGN', 32, out_channels=32)], []),
    msg3d=(
        [
            network(
                'MSG3D',
                48,
                base_channels=12,
                num_gcn_scales=2,
                num_g3d_scales=2,
            )
        ],
        [],
    ),
    efficientgcn=([network('EfficientGCN', 128)], []),
)


@pytest.fixture(scope='module')
def stick(stick_maker, tmp_path_factory):
    folder = tmp_path_factory.mktemp('stick')
    path = stick_maker.annotations(folder)
    return stick_maker.config(folder, path, shapmix=False)


class Phases(Hook):
    """Keeps what steps cost, without stock logging, and what a validation."""

    priority = 'LOWEST'

    def __init__(self, log):
        self.log = log
        self.steps, self.validations = Crossings(), Crossings()

    def _begin(self, *args, **kwargs):
        self._before = self.log.waits.copy(), self.log.uploads.copy()

    def _end(self, phase):
        waits, uploads = self._before
        phase.waits += self.log.waits - waits
        phase.uploads += self.log.uploads - uploads

    before_train_iter = before_val = _begin

    def after_train_iter(self, *args, **kwargs):
        self._end(self.steps)

    def after_val_epoch(self, *args, **kwargs):
        self._end(self.validations)


class Crossings:
    """Waits and uploads of a phase by the file that asks for them."""

    def __init__(self, waits=(), uploads=()):
        self.waits, self.uploads = Counter(waits), Counter(uploads)

    def by_file(self, kind):
        """Counts of our files; what is stock cannot be changed here."""
        found = Counter()
        for line, count in getattr(self, kind).items():
            path = re.search(r'(\S+)\.py:\d+ ', line).group(1)
            if not path.startswith(STOCK):
                found[path.rsplit('/')[-1]] += count
        return dict(found)


@pytest.fixture
def train(stick, tmp_path):
    """Function that trains a case on the device: log and runner."""

    def run(name):
        cfg = Config.fromfile(stick)
        parts, hooks = CASES[name]
        for part in parts:
            cfg.merge_from_dict(dict(model=part))
        cfg.custom_hooks = hooks
        cfg.train_dataloader.batch_size = 21
        cfg.val_dataloader.batch_size = 7
        cfg.train_cfg.val_interval = 2
        persons = PERSONS.get(name, 2)
        for loader in (cfg.train_dataloader, cfg.val_dataloader):
            loader.dataset.pipeline[2].num_person = persons
        if name in SAMPLERS:
            cfg.train_dataloader.sampler = SAMPLERS[name]
            cfg.train_dataloader.batch_size = 42
        sampling = cfg.train_dataloader.dataset.pipeline[0]
        sampling.num_clips = VIEWS.get(name, 1)
        cfg.default_hooks.checkpoint = None
        cfg.work_dir = str(tmp_path)
        cfg.experiment_name = f'pretended_{name}'
        runner = Runner.from_cfg(cfg)
        runner.model.init_weights()
        with pretended() as log:
            phases = Phases(log)
            runner.register_hook(phases)
            move(runner.model)
            runner.train()
        return phases, runner

    return run


#: Waits and uploads of the two steps that are ours, by file. A pass of the
#: saliency waits where its plan has the empty coalition: clips with equal
#: presence are then equal. The training accuracy waits once per log.
PASS = dict(saliency_hook=2, score=6, estimators=6)
WAITS = dict(
    marginal=dict(score=1, train_accuracy_hook=2),
    marginal_per_sample=dict(score=2),
    permutation=dict(score=2),
)
UPLOADS = dict(
    marginal=dict(PASS, train_accuracy_hook=2),
    marginal_per_sample=PASS,
    permutation=PASS,
    gradcam=dict(saliency_hook=2, estimators=2),
)
# In each batch a gate tells how many clips the next expert sees.
VALIDATION_WAITS = dict(routing=dict(experts=2))


@pytest.mark.parametrize('name', CASES)
def test_it_trains_and_crosses_no_more_than_it_must(name, train):
    phases, runner = train(name)
    assert runner.iter == 2
    for key, value in runner.model.state_dict().items():
        assert isinstance(value, Pretended), key
        assert value.inner.isfinite().all(), key
    assert phases.steps.by_file('waits') == WAITS.get(name, {})
    assert phases.steps.by_file('uploads') == UPLOADS.get(name, {})
    # Once for the scores and once for the labels of each of two batches.
    more = VALIDATION_WAITS.get(name, {})
    assert phases.validations.by_file('waits') == dict(
        longtail_metric=2, data_samples=2, **more
    )
    assert phases.validations.by_file('uploads') == {}
    # The stock parts show that waits are counted: twice per clip.
    ours = 4 + sum(more.values())
    assert sum(phases.validations.waits.values()) == ours + 2 * 13


def types(value):
    """All that is named in a config."""
    if isinstance(value, dict):
        return {value.get('type')}.union(*map(types, value.values()))
    if isinstance(value, (list, tuple)):
        return set().union(*map(types, value))
    return set()


def test_every_registered_network_blend_and_loss_is_tried():
    ours = {
        name
        for name, cls in MODELS.module_dict.items()
        if cls.__module__.startswith('shapmix_mm.')
    }
    assert len(ours) > 25
    assert ours - NEED_SAMPLERS <= types([*CASES.values()])
    kinds = get_args(Guidance)
    assert len(kinds) == 5 and set(kinds) <= CASES.keys()


def test_exact_saliency_waits_for_batches_and_not_for_clips(train):
    _, runner = train('plain')
    with pretended() as log:
        found = exact_worths(
            runner.model,
            runner.val_dataloader.dataset,
            mean=torch.zeros(2, 6, 3, device=DEVICE),
            layout=get_layout(STICK),
            batch_size=7,
        )
    assert found.worths.shape == (13, 2**5)
    # Of each of two batches: are clips finite, are labels known, which
    # clips without a moving part are equal. Two results at the end.
    crossings = Crossings(log.waits, log.uploads)
    assert crossings.by_file('waits') == dict(exact=2 * 2 + 2, score=2)
    assert crossings.by_file('uploads') == dict(exact=2, score=2 * 3)


def test_two_devices_are_an_error_and_crossings_are_counted():
    """The tool itself, on a network by hand."""
    with pretended('nothing_of_ours') as log:
        net = move(nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4)))
        x = torch.randn(5, 3, device=DEVICE)
        net(x).sum().backward()
        torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9).step()
        assert net[0].weight.grad.device == DEVICE
        assert not log.waits and not log.uploads
        x.view(-1)[0] = 7
        assert x[0, 0].item() == 7 and log.waits.total() == 1
        with pytest.raises(RuntimeError, match='two devices'):
            x + torch.randn(5, 3)
        with pytest.raises(TypeError, match='pretended GPU to numpy'):
            x.numpy()
        x[torch.tensor([True, False, True, False, False], device=DEVICE)]
        x[[0, 1]]
        assert log.waits.total() == 3 and log.uploads.total() == 1
    by_hand = nn.functional.linear(
        x.inner, net[0].weight.inner, net[0].bias.inner
    )
    assert torch.equal(net[0](x).inner, by_hand)


def test_a_blend_with_a_tensor_left_behind_is_found(train, monkeypatch):
    """What a GPU would refuse is refused."""
    original = SkeletonBlending.forward

    def behind(self, imgs, *args):
        return original(self, imgs + torch.zeros(imgs.shape), *args)

    monkeypatch.setattr(SkeletonBlending, 'forward', behind)
    with pytest.raises(RuntimeError, match='two devices'):
        train('mixup')
