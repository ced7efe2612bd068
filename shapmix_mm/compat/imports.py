"""Modules and names that MMAction2 imports and that may be missing."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os.path as osp
import sys
import types
import warnings
from contextlib import contextmanager
from glob import glob
from typing import Any, Iterator

__all__ = [
    'cure_importlib_metadata',
    'cure_deformable_warning',
    'cure_localizers',
    'cure_numpy_inf',
    'deferred_statistics',
    'is_found',
]


def is_found(module: str) -> bool:
    """Tell whether a top-level module can be imported, without doing so."""
    if sys.modules.get(module) is not None:
        return True
    return importlib.util.find_spec(module) is not None


def cure_localizers() -> bool:
    """Put a stub where the mmaction2 1.2.0 wheel lost a folder.

    Source: mmaction2 issue 2714. ``mmaction.models`` imports
    ``localizers.drn``, which the wheel does not hold.

    Returns:
        bool: Whether it was needed.
    """
    spec = importlib.util.find_spec('mmaction')
    folders = list(spec.submodule_search_locations or []) if spec else []
    inside = osp.join('models', 'localizers', 'drn', 'drn.py')
    name = 'mmaction.models.localizers.drn'
    if not folders or any(osp.exists(osp.join(f, inside)) for f in folders):
        return False
    if name in sys.modules:
        return False
    package: Any = types.ModuleType(name)
    package.__path__ = []
    package.drn = types.ModuleType(f'{name}.drn')
    package.drn.DRN = _MissingDRN
    sys.modules[name] = package
    sys.modules[f'{name}.drn'] = package.drn
    return True


class _MissingDRN:
    """Stands for the localizer that the wheel lacks."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        raise ImportError(
            'DRN is not in the mmaction2 wheel (mmaction2 issue 2714); '
            'install mmaction2 from its source, in editable mode'
        )


def cure_importlib_metadata() -> bool:
    """Offer the standard library's module under the name of its backport.

    Source: ``mmaction/utils/dependency.py`` imports ``importlib_metadata``,
    which mmaction2 1.2.0 does not require.

    Returns:
        bool: Whether it was needed.
    """
    if is_found('importlib_metadata'):
        return False
    sys.modules['importlib_metadata'] = importlib.metadata
    return True


def cure_deformable_warning() -> bool:
    """Keep mmcv-lite from warning about an operator that no skeleton needs.

    Source: ``mmcv/cnn/bricks/transformer.py`` of mmcv 2.1 warns at
    import that ``MultiScaleDeformableAttention`` needs the full mmcv.

    Returns:
        bool: Whether it was needed.
    """
    spec = importlib.util.find_spec('mmcv')
    folders = list(spec.submodule_search_locations or []) if spec else []
    # The full mmcv has its compiled operators beside its modules.
    if not folders or any(glob(osp.join(f, '_ext*')) for f in folders):
        return False
    warnings.filterwarnings(
        'ignore', message='Fail to import ``MultiScaleDeformableAttention``'
    )
    return True


def cure_numpy_inf() -> bool:
    """Give numpy 2 back the ``Inf`` that MMAction2's PoseCompact reads.

    Source: numpy 2.0 removed it; mmaction2 1.2.0 is older.

    Returns:
        bool: Whether it was needed.
    """
    import numpy as np

    if hasattr(np, 'Inf'):
        return False
    setattr(np, 'Inf', np.inf)  # noqa: B010  (numpy's stubs lack the name)
    return True


@contextmanager
def deferred_statistics() -> Iterator[None]:
    """Let MMAction2 be imported without the half second of scipy.stats.

    Source: ``mmaction/datasets/transforms/pose_transforms.py`` imports
    ``scipy.stats.mode``, which one transform of pictures of poses calls. It
    gets a function that imports the real one when it is first called.
    """
    name = 'scipy.stats'
    if name in sys.modules:
        yield
        return
    stub: Any = types.ModuleType(name)
    stub.mode = _mode
    sys.modules[name] = stub
    try:
        yield
    finally:
        if sys.modules.get(name) is stub:
            del sys.modules[name]


def _mode(*args: Any, **kwargs: Any) -> Any:
    from scipy.stats import mode

    return mode(*args, **kwargs)
