"""Whole training steps on a stand-in for a GPU: no wait, no mixed devices."""

from contextlib import nullcontext
from pathlib import Path

import mmaction.models.heads.base as heads
import pytest
import torch
from mmaction.registry import MODELS
from mmaction.structures import ActionDataSample
from mmengine.config import Config

from shapmix_mm.compat.configs import leaf_file, leaf_files

CONFIGS = Path(__file__).resolve().parents[2] / 'configs'
# What differs in the sampler or in what is kept trains the same model.
SAME = ('_rs', '_ros', '_sqrt', '_progressive', '_mixedonly', '_gradcam')
LEAVES = sorted(
    path.name
    for path in leaf_files(CONFIGS)
    if path.match('ctrgcn_*_ltnwucla.py')
    and not any(word in path.name for word in SAME)
)
COUNTS = [100, 80, 60, 40, 30, 20, 15, 10, 7, 5]
# Blocks differ in their sizes: one leaf has them all, the others two.
DEEP = 'ctrgcn_ce_ltnwucla.py'
SHALLOW = dict(
    base_channels=32, num_stages=2, inflate_stages=[2], down_stages=[2]
)


@pytest.fixture
def gpu_like(monkeypatch, no_waiting):
    """The watch; stock heads' top-k on the CPU, and autocast, are left out."""
    cpu = torch.Tensor.cpu
    monkeypatch.setattr(
        torch.Tensor,
        'cpu',
        lambda t: torch.zeros(t.shape) if t.is_meta else cpu(t),
    )
    monkeypatch.setattr(heads, 'top_k_accuracy', lambda *_: [0.0] * 5)
    monkeypatch.setattr(torch, 'autocast', lambda *_, **__: nullcontext())
    return no_waiting


def late_model(name):
    """A model as it is late in a training: counts known, guided."""
    cfg = Config.fromfile(leaf_file(CONFIGS, name)).model
    if name != DEEP:
        cfg.backbone.update(SHALLOW)
    model = MODELS.build(cfg)
    for module in model.modules():
        if getattr(module, 'needs_class_counts', False):
            module.set_class_counts(COUNTS)
        if getattr(module, 'needs_progress', False):
            module.set_progress(95, total=100, iters_per_pass=10)
        if hasattr(module, 'guided'):
            module.guided.fill_(1)
            module.saliency.updates.fill_(1)
    model.to('meta').train()
    model.data_preprocessor._device = torch.device('meta')
    return model


@pytest.mark.parametrize('name', LEAVES)
def test_a_training_step_waits_for_nothing_and_mixes_no_devices(
    name, gpu_like
):
    model = late_model(name)
    views = getattr(model.cls_head, 'num_views', 1)
    clips = torch.empty(8, views, 1, 52, 20, 3, device='meta')
    labels = torch.zeros(8, 1, dtype=torch.long, device='meta')
    samples = [ActionDataSample().set_gt_label(label) for label in labels]
    batch = dict(inputs=list(clips), data_samples=samples)
    with gpu_like():
        batch = model.data_preprocessor(batch, True)
        loss, _ = model.parse_losses(model(**batch, mode='loss'))
        loss.backward()
    learning = [p for p in model.parameters() if p.requires_grad]
    assert learning and all(p.grad.is_meta for p in learning)
