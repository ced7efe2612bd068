"""Cures for what the stock wheels lack on a current Python and torch.

Each cure is one function. It looks first whether upstream is fine, then does
nothing and returns False. :func:`apply` runs them all once, before anything
of MMAction2 is imported, and ``python -m shapmix_mm.doctor`` lists them.
"""

from __future__ import annotations

from typing import Callable

from .checkpoints import cure_checkpoints
from .configs import config_file, cure_config_scope, cure_config_text
from .exporters import cure_onnx_export
from .failure import explain_failure
from .imports import (
    cure_deformable_warning,
    cure_importlib_metadata,
    cure_localizers,
    cure_numpy_inf,
    deferred_statistics,
)
from .packages import cure_pkg_resources

__all__ = [
    'CURES',
    'applied',
    'apply',
    'config_file',
    'cure_checkpoints',
    'cure_config_scope',
    'cure_config_text',
    'cure_deformable_warning',
    'cure_importlib_metadata',
    'cure_localizers',
    'cure_numpy_inf',
    'cure_onnx_export',
    'cure_pkg_resources',
    'deferred_statistics',
    'explain_failure',
]

CURES: dict[str, Callable[[], bool]] = {
    'mmaction.models.localizers.drn': cure_localizers,
    'importlib_metadata': cure_importlib_metadata,
    'pkg_resources': cure_pkg_resources,
    'configs of shapmix_mm::': cure_config_scope,
    'text of configs': cure_config_text,
    'checkpoint loading': cure_checkpoints,
    'numpy.Inf': cure_numpy_inf,
    'warning of mmcv-lite': cure_deformable_warning,
    'ONNX export': cure_onnx_export,
}
_APPLIED: dict[str, bool] = {}


def apply() -> None:
    """Run every cure that has not been run in this process."""
    for name, cure in CURES.items():
        if name not in _APPLIED:
            _APPLIED[name] = cure()


def applied() -> dict[str, bool]:
    """Return which cures have run, and whether each was needed."""
    return dict(_APPLIED)
