"""The backbones that ``backbone.py`` compares, in one size."""

from __future__ import annotations

import argparse
import importlib.util
from pathlib import Path
from typing import Any

import torch
from backbone_ideas import IDEAS, build_idea
from mmaction.registry import MODELS
from torch import nn

import shapmix_mm  # noqa: F401  (registers CTRGCN)
from shapmix_mm.skeletons import get_layout

__all__ = ['LADDER', 'NAMES', 'build', 'load_textbook']

LADDER = ('ctrgcn_textbook', *IDEAS, 'ctrgcn')
NAMES = ('ctrgcn', 'ctrgcn_authors', 'ctrgcn_textbook', 'stgcn', 'aagcn')
TEXTBOOKS = Path(__file__).resolve().parents[2] / 'tests/models/backbones'


def build(name: str, args: argparse.Namespace) -> nn.Module:
    """Build one of the models, all with the same stages and weights' seed."""
    if name in IDEAS:
        return build_idea(name, args, build)
    layout = get_layout(args.layout).graph_layout()
    size = dict(
        base_channels=args.base_channels,
        num_stages=args.stages,
        inflate_stages=args.inflate_stages,
        down_stages=args.down_stages,
        num_person=args.persons,
    )
    torch.manual_seed(0)
    if name == 'ctrgcn_textbook':
        return load_textbook('textbook_ctrgcn').TextbookCTRGCN(layout, **size)
    if name == 'ctrgcn_authors':
        name, size['variant'] = 'ctrgcn', 'authors'
    mode = 'stgcn_spatial' if name == 'stgcn' else 'spatial'
    return MODELS.build(
        dict(
            type=name.upper(), graph_cfg=dict(layout=layout, mode=mode), **size
        )
    )


def load_textbook(name: str) -> Any:
    """Load a file of reference forms, which live with the tests.

    Args:
        name (str): Its name without the ending.
    """
    path = TEXTBOOKS / f'{name}.py'
    if not path.is_file():
        raise FileNotFoundError(
            f'{path} is missing: run this script in a source checkout'
        )
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
