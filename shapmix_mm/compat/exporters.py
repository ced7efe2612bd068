"""Export to ONNX with the exporter that MMAction2's scripts were made for."""

from __future__ import annotations

import functools
import inspect
from typing import Any

__all__ = ['cure_onnx_export']


def cure_onnx_export() -> bool:
    """Let calls that name dynamic axes go to the exporter that takes them.

    Source: since torch 2.9 ``torch.onnx.export`` uses ``torch.export``, which
    needs the package onnxscript, does not reach the operator set 12 that
    MMAction2's ``export_onnx_gcn.py`` asks for, and refuses the dynamic
    ``num_person`` of a model with one batch norm channel per person.

    Returns:
        bool: Whether it was needed.
    """
    import torch

    export = torch.onnx.export
    dynamo = inspect.signature(export).parameters.get('dynamo')
    cured = hasattr(export, '__wrapped__')
    if dynamo is None or not dynamo.default or cured:
        return False

    @functools.wraps(export)
    def with_dynamic_axes(*args: Any, **kwargs: Any) -> Any:
        if kwargs.get('dynamic_axes'):
            kwargs.setdefault('dynamo', False)
        return export(*args, **kwargs)

    torch.onnx.export = with_dynamic_axes
    return True
