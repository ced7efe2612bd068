from __future__ import annotations

import inspect

import torch

from shapmix_mm.compat.exporters import cure_onnx_export


def fake_export(calls, dynamo):

    def export(model, dynamo=dynamo, dynamic_axes=None):
        calls.append((model, dynamo, dynamic_axes))

    return export


def test_dynamic_axes_choose_the_exporter_that_takes_them(monkeypatch):
    calls = []
    monkeypatch.setattr(torch.onnx, 'export', fake_export(calls, True))
    assert cure_onnx_export()
    axes = {'x': {0: 'batch'}}
    torch.onnx.export(1, dynamic_axes=axes)
    torch.onnx.export(2)
    torch.onnx.export(3, dynamo=True, dynamic_axes=axes)
    assert calls == [(1, False, axes), (2, True, None), (3, True, axes)]
    assert not cure_onnx_export()


def test_an_upstream_that_defaults_to_it_is_left_alone(monkeypatch):
    export = fake_export([], False)
    monkeypatch.setattr(torch.onnx, 'export', export)
    assert not cure_onnx_export()
    assert torch.onnx.export is export


def test_torch_still_has_the_exporter_for_dynamic_axes():
    parameters = inspect.signature(torch.onnx.export).parameters
    assert {'dynamo', 'dynamic_axes'} <= set(parameters)
