"""Trained recognizers leave for ONNX and for stock MMAction2 unchanged."""

from __future__ import annotations

import importlib.util
import os
import runpy
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from mmaction.registry import MODELS
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmengine.runner import load_checkpoint, save_checkpoint

import shapmix_mm

T, V = 16, 25
SIZE = dict(
    base_channels=16, num_stages=3, inflate_stages=[2], down_stages=[3]
)
HEAD = dict(type='GCNHead', num_classes=7, in_channels=32)
BACKBONES = {
    'ctrgcn': dict(
        type='CTRGCN',
        graph_cfg=dict(layout='nturgb+d', mode='spatial'),
        **SIZE,
    ),
    'stgcn': dict(
        type='STGCN',
        graph_cfg=dict(layout='nturgb+d', mode='stgcn_spatial'),
        **SIZE,
    ),
}


def _recognizer(backbone, **kwargs):
    return dict(
        type='RecognizerGCN', backbone=backbone, cls_head=HEAD, **kwargs
    )


def _trained(cfg):
    """A recognizer whose weights and statistics are not the initial ones."""
    init_default_scope('mmaction')
    torch.manual_seed(0)
    model = MODELS.build(Config(dict(model=cfg)).model)
    model.train()
    inputs = torch.randn(4, 1, 2, T, V, 3)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for _ in range(3):
        loss = model(inputs, mode='tensor', stage='head')[0].square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return model.eval()


def _scores(model, skeletons):
    with torch.no_grad():
        return model.cls_head(model.backbone(skeletons)).numpy()


def _script():
    mmaction = importlib.util.find_spec('mmaction')
    return (
        Path(mmaction.origin).parent
        / '.mim'
        / 'tools'
        / 'deployment'
        / 'export_onnx_gcn.py'
    )


def _words(folder, cfg, model):
    """Arguments of MMAction2's script: a config file and a checkpoint."""
    config, checkpoint = folder / 'config.py', folder / 'model.pth'
    Config(
        dict(
            custom_imports=dict(imports=['shapmix_mm']),
            default_scope='mmaction',
            model=cfg,
        )
    ).dump(config)
    save_checkpoint(
        dict(state_dict=model.state_dict(), meta={}), str(checkpoint)
    )
    words = (config, checkpoint, '--num_frames', T, '--output_file')
    return [str(_script()), *map(str, words), str(folder / 'model.onnx')]


def _command(folder, words):
    """Run the script as a process, which imports the package late."""
    root = str(Path(shapmix_mm.__file__).parents[1])
    path = os.pathsep.join([root, os.environ.get('PYTHONPATH', '')])
    done = subprocess.run(
        [sys.executable, *words],
        cwd=folder,
        env={**os.environ, 'PYTHONPATH': path},
        timeout=300,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-3000:]


@pytest.mark.slow
@pytest.mark.skipif(not _script().exists(), reason='mmaction2 without .mim')
@pytest.mark.parametrize('name', BACKBONES)
def test_onnx_export_by_the_stock_script_matches(name, tmp_path, monkeypatch):
    """Also for other batch sizes and clip lengths than were exported."""
    onnxruntime = pytest.importorskip('onnxruntime')
    pytest.importorskip('onnx')
    cfg = _recognizer(BACKBONES[name])
    model = _trained(cfg)
    words = _words(tmp_path, cfg, model)
    if name == 'ctrgcn':
        _command(tmp_path, words)
    else:
        monkeypatch.setattr('sys.argv', words)
        runpy.run_path(words[0], run_name='__main__')
    session = onnxruntime.InferenceSession(words[-1])
    generator = torch.Generator().manual_seed(1)
    for N, frames in ((1, T), (5, T), (2, T + 5)):
        x = torch.randn(N, 2, frames, V, 3, generator=generator)
        (scores,) = session.run(['cls_score'], {'input_tensor': x.numpy()})
        expected = _scores(model, x)
        assert np.ptp(expected) > 1e-2
        np.testing.assert_allclose(scores, expected, rtol=0, atol=1e-4)


@pytest.mark.parametrize('name', BACKBONES)
def test_blend_state_in_a_checkpoint_does_not_disturb_a_stock_model(
    name, tmp_path
):
    """A stock recognizer ignores the table and gives the same scores."""
    ours = _trained(
        _recognizer(
            BACKBONES[name],
            data_preprocessor=dict(type='ActionDataPreprocessor'),
        )
    )
    state = dict(ours.state_dict())
    for key, shape in (
        ('table.values', (7, 20)),
        ('table.updates', (7, 20)),
        ('mean_pose', (V, 3)),
    ):
        state[f'data_preprocessor.blending.{key}'] = torch.rand(shape)
    path = str(tmp_path / 'epoch_1.pth')
    save_checkpoint(dict(state_dict=state, meta=dict(epoch=1)), path)

    stock = MODELS.build(
        Config(dict(model=_recognizer(BACKBONES[name]))).model
    )
    load_checkpoint(stock, path, map_location='cpu')
    x = torch.randn(3, 2, T, V, 3)
    np.testing.assert_array_equal(_scores(stock.eval(), x), _scores(ours, x))
