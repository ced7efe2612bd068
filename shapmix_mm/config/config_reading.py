"""Read a config, and say which one cannot be read."""

from __future__ import annotations

import os.path as osp

from mmengine.config import Config
from mmengine.hub import get_config

__all__ = ['read_config']


def read_config(path: str) -> Config:
    """Read a config, which is Python of anyone and may fail in any way.

    Args:
        path (str): Config file, or ``package::path`` for a config that an
            OpenMMLab package ships.

    Returns:
        Config: The config.

    Raises:
        FileNotFoundError: If the file, or one that it builds on, does not
            exist.
        ValueError: If one of them is no config; mmengine does not tell which.
    """
    if '::' not in path and not osp.isfile(path):
        raise FileNotFoundError(f'config file {path} does not exist')
    try:
        return get_config(path) if '::' in path else Config.fromfile(path)
    except OSError:
        raise
    except SyntaxError as error:
        line = f'line {error.lineno}, {(error.text or "").strip()!r}'
        raise ValueError(
            f'config {path}, or a file that it builds on, is no valid Python '
            f'in {line}: {error.msg}'
        ) from error
    except Exception as error:
        why = ' '.join(str(error).split())
        raise ValueError(
            f'config {path} cannot be read: {type(error).__name__}: {why}'
        ) from error
