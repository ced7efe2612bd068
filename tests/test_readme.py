"""The README's own joints work as they stand there."""

import re
from pathlib import Path

import torch
from mmaction.registry import MODELS

import shapmix_mm  # noqa: F401

README = Path(__file__).resolve().parents[1] / 'README.md'


def test_the_layout_of_the_readme_builds_a_blend_and_a_backbone():
    text = README.read_text(encoding='utf-8')
    code = re.search(r'```python\n(layout = dict\(.*?)```', text, re.S)[1]
    shown = {}
    exec(code, shown)
    model = shown['model']
    blend = MODELS.build(
        dict(
            type='ShapMixBlending',
            num_classes=3,
            **model['data_preprocessor']['blending'],
        )
    )
    assert blend.layout.num_parts == 5
    backbone = MODELS.build(
        dict(type='CTRGCN', base_channels=8, num_stages=2, **model['backbone'])
    )
    assert backbone(torch.rand(2, 2, 8, 9, 3)).shape == (2, 2, 8, 8, 9)
