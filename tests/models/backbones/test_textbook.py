"""Fast forms of recognizers against their formulas, values and gradients."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest
import torch
from mmaction.registry import MODELS

from shapmix_mm.skeletons import get_layout

GRAPH = get_layout('nw-ucla').graph_layout()
SIZE = dict(
    base_channels=16, num_stages=3, inflate_stages=[2], down_stages=[3]
)
MODELS_OF = {
    'StreamGCN': SIZE,
    'HDGCN': SIZE,
    'InfoGCN': SIZE,
    'MSG3D': dict(base_channels=12, num_gcn_scales=4, num_g3d_scales=3),
    'MSTGCN': SIZE,
    'ShiftGCN': SIZE,
    # Dropout is drawn by each form for itself.
    'SGN': dict(num_frames=8, dropout=0.0),
    'EfficientGCN-sg': dict(scale=2),
    'EfficientGCN-sep': dict(scale=0, layer='sep'),
}


def load(name):
    """What a textbook beside this file defines, by name."""
    return runpy.run_path(str(Path(__file__).with_name(f'{name}.py')))


@pytest.fixture(params=MODELS_OF)
def pair(request):
    """Our form and the textbook's, with equal random weights."""
    torch.manual_seed(0)
    kind = request.param.partition('-')[0]
    ours = MODELS.build(
        dict(
            type=kind,
            graph_cfg=dict(layout=GRAPH, mode='spatial'),
            num_person=2,
            **MODELS_OF[request.param],
        )
    ).double()
    for parameter in ours.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    plain = None
    if kind == 'StreamGCN':
        build = load('textbook_ctrgcn')['TextbookCTRGCN']
        plain = build(GRAPH, num_person=2, variant='authors', **SIZE).double()
    textbook = load('textbook_recognizers')['textbook_form']
    return ours, textbook(ours, plain)


@pytest.mark.parametrize('training', [True, False])
def test_scores_gradients_and_statistics_are_those_of_the_formulas(
    pair, training
):
    torch.manual_seed(1)
    clips = torch.randn(3, 2, 8, 20, 3, dtype=torch.float64)
    seen = []
    for model in pair:
        model.train(training)
        x = clips.clone().requires_grad_()
        y = model(x)
        y.sin().sum().backward()
        grads = {k: p.grad for k, p in model.named_parameters()}
        seen.append((y, x.grad, grads, dict(model.named_buffers())))
    torch.testing.assert_close(*seen, rtol=1e-7, atol=1e-8)
