"""Config paths of the form ``shapmix_mm::name.py``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

__all__ = [
    'config_file',
    'cure_config_scope',
    'cure_config_text',
    'leaf_file',
    'leaf_files',
]

_SCOPE = 'shapmix_mm'


def cure_config_scope() -> bool:
    """Make MMEngine accept our configs as bases and in ``get_config``.

    Source: mmengine issue 1410, a closed list of packages. MMEngine also
    wants a ``/`` in the path, and looks beside the package's metadata,
    where an editable install has nothing. A base that is no file is looked
    for in the folders beside it, where the leaves of a dataset lie.

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
            found, scope = find(cfg_path, filename)
            whole = leaf_file(Path(found).parent, Path(found).name)
            return str(whole), scope
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


def cure_config_text() -> bool:
    """Lay out the text of a config once, not again for each checkpoint.

    Source: ``Config.pretty_text`` of mmengine 0.10, which runs yapf at each
    use: two seconds for a config whose layout, a dict, stands in each
    transform.

    Returns:
        bool: Whether it was needed.
    """
    from mmengine.config import config

    lay_out = config.FormatCode
    if hasattr(lay_out, 'last'):
        return False
    last: dict[str, Any] = {}

    def once(text: str, **options: Any) -> Any:
        key = f'{options}\n{text}'
        if key not in last:
            found = lay_out(text, **options)
            last.clear()
            last[key] = found
        return last[key]

    once.last = last  # type: ignore[attr-defined]
    config.FormatCode = once
    return True


def config_file(name: str) -> Path:
    """Find a config that this package ships.

    Args:
        name (str): Path below ``configs/``, or the mere name of a leaf, with
            or without ``shapmix_mm::`` before it.

    Returns:
        Path: The file, in the wheel's ``.mim`` or in the source checkout.

    Raises:
        FileNotFoundError: If there is no such config.
    """
    inside = name.rpartition('::')[2]
    package = Path(__file__).resolve().parents[1]
    roots = [package / '.mim' / 'configs', package.parent / 'configs']
    for root in roots:
        if (path := leaf_file(root, inside)).is_file():
            return path
    raise FileNotFoundError(
        f'{name}: no such config in {" or ".join(map(str, roots))}'
    )


def leaf_file(configs: Path, name: str) -> Path:
    """Find a leaf by its name, whichever folder it lies in.

    Args:
        configs (Path): Folder of configs.
        name (str): Path below it.

    Returns:
        Path: That path; where it is no file, the file of that name in a
        folder beside it, if there is one.
    """
    path = configs / name
    if not path.is_file():
        for found in sorted(path.parent.glob(f'*/{path.name}')):
            if found.parent.name != '_base_':
                return found
    return path


def leaf_files(configs: Path) -> list[Path]:
    """All leaves of a folder of configs, those in its folders too.

    Args:
        configs (Path): Folder of configs.

    Returns:
        list[Path]: Files outside ``_base_``, by name.
    """
    found = [*configs.glob('*.py'), *configs.glob('*/*.py')]
    leaves = [path for path in found if path.parent.name != '_base_']
    return sorted(leaves, key=lambda path: path.name)
