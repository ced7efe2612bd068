"""Finding the config file of a run, and the config that it is based on."""

from __future__ import annotations

import ast
import importlib.util
import os
import tempfile
from pathlib import Path

from mmengine.config import Config

from shapmix_mm.compat import config_file

__all__ = ['find_source', 'load_base']


def find_source(name: str) -> Path | None:
    """Find the config file that a run was started with.

    MMEngine's copy in the work directory is flat; the file itself says what
    it is based on. It is looked for among the configs of this package, below
    ``configs/`` of the current directory and among MMAction2's.

    Args:
        name (str): Name of the file.

    Returns:
        Path | None: The file, or None if there is none of that name.
    """
    try:
        return config_file(name)
    except FileNotFoundError:
        pass
    roots = [Path('configs')]
    spec = importlib.util.find_spec('mmaction')
    if spec is not None and spec.origin:
        roots.append(Path(spec.origin).parent / '.mim' / 'configs')
    for root in roots:
        for path in sorted(root.rglob(name)):
            return path
    return None


def load_base(source: Path) -> tuple[str, Config] | None:
    """Load what a config file is based on, without its own settings.

    Args:
        source (Path): Config file.

    Returns:
        tuple[str, Config] | None: Names of the bases and what they make
        together, or None if the file has no base.
    """
    bases = _bases(source)
    if not bases:
        return None
    shown = [base.rpartition('::')[2] for base in bases]
    here = os.path.dirname(os.path.abspath(source))
    whole = [b if '::' in b else os.path.join(here, b) for b in bases]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / 'base.py'
        path.write_text(f'_base_ = {whole!r}\n')
        return ', '.join(shown), Config.fromfile(path)


def _bases(source: Path) -> list[str]:
    """Read the literal that ``_base_`` is set to."""
    for node in ast.parse(source.read_text(encoding='utf-8')).body:
        names = getattr(node, 'targets', [])
        if any(isinstance(n, ast.Name) and n.id == '_base_' for n in names):
            value = ast.literal_eval(getattr(node, 'value'))  # noqa: B009
            return [value] if isinstance(value, str) else list(value)
    return []
