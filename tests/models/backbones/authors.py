"""The authors' networks: reference outputs, and our recognizers of them.

A reference file holds names and shapes of a state dict, which determine its
values, and what the network of the authors gave for an input.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any, NamedTuple

import torch
from mmaction.registry import MODELS
from torch import Tensor

from shapmix_mm.serialization import from_upstream


class Case(NamedTuple):
    """One configuration of a reference file and our config of it."""

    model: str
    name: str
    layout: str
    kind: str
    options: dict
    # Of the head, or None for one of MMAction2.
    head: str = 'GCNHead'
    file: str = ''
    # What upstream registers and never uses.
    unused: int = 0
    # Frames and multiply-adds of one sample of two persons (one for SGN).
    cost: tuple[int, int] = (0, 0)

    @property
    def id(self) -> str:
        """Readable name of the test."""
        return f'{self.file or self.model}-{self.name}'


def _case(model, name, kind, layout='nturgb+d', **kwargs):
    return Case(model, name, layout, kind, kwargs.pop('options', {}), **kwargs)


ONE = dict(num_person=1)
CASES = [
    _case(
        'ctrgcn',
        'ntu',
        'CTRGCN',
        cost=(64, 1939179520),
        file='ctrgcn_authors',
        options=dict(variant='authors'),
    ),
    _case(
        'ctrgcn',
        'ucla',
        'CTRGCN',
        'nw-ucla',
        file='ctrgcn_authors',
        options=dict(variant='authors', **ONE),
    ),
    _case('frhead', 'ntu', 'CTRGCN', options=dict(variant='authors')),
    _case(
        'frhead',
        'ucla',
        'CTRGCN',
        'nw-ucla',
        options=dict(variant='authors', **ONE),
    ),
    _case(
        'streamgcn',
        'ntu',
        'StreamGCN',
        cost=(64, 1939407760),
        head='StreamHead',
    ),
    _case(
        'streamgcn',
        'ucla',
        'StreamGCN',
        'nw-ucla',
        head='StreamHead',
        options=ONE,
    ),
    _case(
        'infogcn',
        'ntu',
        'InfoGCN',
        cost=(64, 1783532928),
        head='InformationHead',
    ),
    _case(
        'infogcn',
        'ntu_k8',
        'InfoGCN',
        head='InformationHead',
        options=dict(k=8),
    ),
    _case(
        'infogcn',
        'ucla',
        'InfoGCN',
        'nw-ucla',
        head='InformationHead',
        options=dict(relatives='children', root=2, **ONE),
    ),
    _case('hdgcn', 'ntu_com1', 'HDGCN', cost=(64, 1825099264)),
    _case('hdgcn', 'ntu_com2', 'HDGCN', options=dict(groups='com2')),
    _case('hdgcn', 'ntu_com21', 'HDGCN', options=dict(groups='com21')),
    _case('msg3d', 'ntu', 'MSG3D', cost=(300, 32772331080)),
    _case(
        'msg3d',
        'kinetics',
        'MSG3D',
        'openpose',
        options=dict(num_gcn_scales=8, num_g3d_scales=8),
    ),
    _case('mstgcn', 'ntu', 'MSTGCN', cost=(300, 17332613760), unused=4704),
    _case(
        'mstgcn',
        'ntu_sep_stcja',
        'MSTGCN',
        options=dict(
            separable=True, attention=True, act='swish', base_channels=32
        ),
        unused=1344,
    ),
    _case('shiftgcn', 'ntu', 'ShiftGCN', cost=(300, 3569310720)),
    _case('shiftgcn', 'ucla', 'ShiftGCN', 'nw-ucla', options=ONE),
    _case('sgn', 'ntu', 'SGN', cost=(20, 179639040)),
    _case('sgn', 'ucla', 'SGN', 'nw-ucla'),
    _case(
        'efficientgcn',
        'b4_sep',
        'EfficientGCN',
        cost=(288, 15780616064),
        options=dict(scale=4, layer='sep'),
    ),
    _case(
        'efficientgcn',
        'b2_sep',
        'EfficientGCN',
        cost=(288, 6644101632),
        options=dict(scale=2, layer='sep'),
    ),
    _case(
        'efficientgcn',
        'b4_sg',
        'EfficientGCN',
        cost=(288, 8981826688),
        options=dict(scale=4),
    ),
    _case(
        'efficientgcn', 'b0_sg_ucla', 'EfficientGCN', 'nw-ucla', options=ONE
    ),
]


def reference(shared: Path, name: str) -> Any:
    """Open ``NAME.npz`` with the reader that lies beside it."""
    folder = shared / 'reference' / 'recognisers'
    spec = importlib.util.spec_from_file_location(
        'refread', folder / 'refread.py'
    )
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.Reference(folder / f'{name}.npz')


def recognizer(case: Case, num_classes: int, channels: int) -> Any:
    """Our recognizer of a case, in evaluation mode."""
    model = dict(
        type='RecognizerGCN',
        backbone=dict(
            type=case.kind,
            graph_cfg=dict(layout=case.layout, mode='spatial'),
            **case.options,
        ),
        cls_head=dict(
            type=case.head, num_classes=num_classes, in_channels=channels
        ),
    )
    if case.model == 'frhead':
        model['type'] = 'RefinementRecognizerGCN'
        joints = 25 if case.layout == 'nturgb+d' else 20
        model['refinement'] = dict(
            type='FRHead',
            num_classes=num_classes,
            num_joints=joints,
            num_frames=16,
        )
    return MODELS.build(model).eval()


def loaded(case: Case, ref: Any) -> Any:
    """Our recognizer with the weights of a reference case."""
    state = from_upstream(case.model, ref.state_dict(case.name))
    weight = state['cls_head.fc.weight']
    model = recognizer(case, *weight.shape)
    missing, unexpected = model.load_state_dict(state, strict=False)
    assert unexpected == []
    # Graphs are no parameters upstream, and counters were not stored.
    constant = ('.A', '.memory', '.z_prior', '.num_batches_tracked')
    assert [key for key in missing if not key.endswith(constant)] == []
    return model


def scores(model: Any, x: Tensor) -> Tensor:
    """Scores of skeletons (N, M, T, V, C)."""
    with torch.no_grad():
        return model.cls_head(model.backbone(x))


def relative_error(found: Tensor, expected: Tensor) -> float:
    """Largest difference relative to the largest value."""
    scale = expected.abs().max()
    return ((found - expected).abs().max() / scale).item()
