"""Config paths of the form ``shapmix_mm::name.py``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

__all__ = ['config_file', 'cure_config_scope']

_SCOPE = 'shapmix_mm'


def cure_config_scope() -> bool:
    """Make MMEngine accept our configs as bases and in ``get_config``.

    Source: mmengine issue 1410, a closed list of packages. MMEngine also
    wants a ``/`` in the path, and looks beside the package's metadata,
    where an editable install has nothing.

    Returns:
        bool: Whether it was needed.
    """
    from mmengine import hub
    from mmengine.config import Config
    from mmengine.config import utils as config_utils

    if _SCOPE in config_utils.MODULE2PACKAGE:
        return False
    config_utils.MODULE2PACKAGE[_SCOPE] = _SCOPE
    find, get = Config._get_cfg_path, hub.get_config

    def _get_cfg_path(cfg_path: str, filename: str) -> Any:
        if not cfg_path.startswith(f'{_SCOPE}::'):
            return find(cfg_path, filename)
        # No scope: our modules live in MMAction2's registries.
        return str(config_file(cfg_path)), None

    def get_config(cfg_path: str, pretrained: bool = False) -> Any:
        if not cfg_path.startswith(f'{_SCOPE}::'):
            return get(cfg_path, pretrained)
        return Config.fromfile(config_file(cfg_path))

    Config._get_cfg_path = staticmethod(_get_cfg_path)
    for module in (hub, sys.modules['mmengine.hub.hub']):
        setattr(module, 'get_config', get_config)  # noqa: B010
    return True


def config_file(name: str) -> Path:
    """Find a config that this package ships.

    Args:
        name (str): Path below ``configs/``, with or without
            ``shapmix_mm::`` before it.

    Returns:
        Path: The file, in the wheel's ``.mim`` or in the source checkout.

    Raises:
        FileNotFoundError: If there is no such config.
    """
    inside = name.rpartition('::')[2]
    package = Path(__file__).resolve().parents[1]
    roots = [package / '.mim' / 'configs', package.parent / 'configs']
    for root in roots:
        if (root / inside).is_file():
            return root / inside
    raise FileNotFoundError(
        f'{name}: no such config in {" or ".join(map(str, roots))}'
    )
