"""MMEngine's look-up of installed packages, without ``pkg_resources``."""

from __future__ import annotations

import importlib
import importlib.metadata
import importlib.util
import os.path as osp
import sys

from .imports import is_found

__all__ = ['cure_pkg_resources']


def cure_pkg_resources() -> bool:
    """Let MMEngine find packages by the standard library alone.

    Source: mmengine issue 1676; setuptools 82 removed ``pkg_resources``.
    Without it, every ``_base_ = 'mmaction::...'`` fails.

    Returns:
        bool: Whether it was needed.
    """
    if is_found('pkg_resources'):
        return False
    theirs = importlib.import_module('mmengine.utils.package_utils')
    replaced = {
        theirs.is_installed: is_installed,
        theirs.get_installed_path: get_installed_path,
        theirs.package2module: package_to_module,
    }
    # The two modules that import them by name.
    for name in ('mmengine.config.config', 'mmengine.hub.hub'):
        importlib.import_module(name)
    for name, module in list(sys.modules.items()):
        if module is None or name.partition('.')[0] != 'mmengine':
            continue
        for key, value in list(vars(module).items()):
            if isinstance(value, type(is_found)) and value in replaced:
                setattr(module, key, replaced[value])
    return True


def is_installed(package: str) -> bool:
    """Tell whether a package is installed or can be imported.

    Args:
        package (str): Name of a distribution or of a module.

    Returns:
        bool: False for a namespace package.
    """
    try:
        importlib.metadata.distribution(package)
    except importlib.metadata.PackageNotFoundError:
        spec = importlib.util.find_spec(package)
        return spec is not None and spec.origin is not None
    return True


def get_installed_path(package: str) -> str:
    """Return the folder of a package's modules.

    Args:
        package (str): Name of a distribution or of a module.

    Returns:
        str: Its folder.

    Raises:
        importlib.metadata.PackageNotFoundError: If it is not installed.
        RuntimeError: If it is a namespace package, which has no one folder.
    """
    try:
        found = importlib.metadata.distribution(package)
    except importlib.metadata.PackageNotFoundError:
        spec = importlib.util.find_spec(package)
        if spec is None:
            raise
        if spec.origin is None:
            raise RuntimeError(
                f'{package} is a namespace package, expected a package with '
                'one folder'
            ) from None
        return osp.dirname(spec.origin)
    path = str(found.locate_file(package))
    if osp.exists(path):
        return path
    return str(found.locate_file(package_to_module(package)))


def package_to_module(package: str) -> str:
    """Return the first module that a distribution installs.

    Args:
        package (str): Name of the distribution.

    Returns:
        str: Name of the module.

    Raises:
        ValueError: If the distribution does not tell.
    """
    found = importlib.metadata.distribution(package)
    names = (found.read_text('top_level.txt') or '').split()
    if not names:
        raise ValueError(f'cannot infer the module of package {package}')
    return names[0]
