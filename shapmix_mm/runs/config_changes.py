"""What a run's config changed in the file that it was started with."""

from __future__ import annotations

import ast
import importlib.util
import inspect
import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mmengine.config import Config
from mmengine.runner import Runner

from shapmix_mm.compat import config_file

__all__ = [
    'Change',
    'difference',
    'find_source',
    'layouts_once',
    'load_base',
    'show_value',
]

_ABSENT = object()
# What every start of a run sets anew.
_OF_THE_START = {'work_dir', 'launcher', 'resume', 'experiment_name'}
_MORE = {'auto_scale_lr', 'custom_imports', 'find_unused_parameters'}


@dataclass(frozen=True)
class Change:
    """One setting that differs.

    Attributes:
        key (str): Dotted key; ``[Type]`` is the list item of that type.
        base (str): Value before, as text.
        run (str): Value in the run, as text.
        origin (str): ``'config file'`` or ``'command line'``.
    """

    key: str
    base: str
    run: str
    origin: str


def difference(base: Config | None, leaf: Config, run: Config) -> list[Change]:
    """Compare a run with what its config file is based on.

    Args:
        base (Config, optional): What the file is based on. None compares
            with the file itself.
        leaf (Config): The config file with its bases.
        run (Config): What the run was trained with.

    Returns:
        list[Change]: Settings that differ from the base, and those that the
        run changed in its file. Variables that only help to write a config,
        and what differs between any two runs, are left out; equal changes of
        validation and test are told once.
    """
    after = _settings(run)
    typed = _compare('', _settings(leaf), after)
    before = _settings(leaf if base is None else base)
    rows = {**typed, **_compare('', before, after)}
    changes = []
    for key, (old, new) in rows.items():
        own = any(
            key == k or key.startswith((f'{k}.', f'{k}['))
            or k.startswith((f'{key}.', f'{key}['))
            for k in typed
        )  # fmt: skip
        origin = 'command line' if own else 'config file'
        changes.append(Change(key, show_value(old), show_value(new), origin))
    return _told_once(sorted(changes, key=lambda change: change.key))


def _settings(cfg: Config) -> dict[str, Any]:
    known = set(inspect.signature(Runner.__init__).parameters) | _MORE
    return {
        key: value
        for key, value in cfg.to_dict().items()
        if key in known - _OF_THE_START
        # Absent and None are the same to a runner.
        and value is not None
    }


def _compare(key: str, old: Any, new: Any) -> dict[str, tuple[Any, Any]]:
    old, new = _by_type(old), _by_type(new)
    if not (isinstance(old, Mapping) and isinstance(new, Mapping)):
        same = type(old) is type(new) and old == new
        numbers = isinstance(old, (int, float)) and old == new
        return {} if same or numbers else {key: (old, new)}
    found: dict[str, tuple[Any, Any]] = {}
    for name in [*old, *[name for name in new if name not in old]]:
        joint = '.' if key and not name.startswith('[') else ''
        found.update(
            _compare(
                f'{key}{joint}{name}',
                old.get(name, _ABSENT),
                new.get(name, _ABSENT),
            )
        )
    return found


def _by_type(value: Any) -> Any:
    """Turn a list of items of different types into a mapping."""
    if not isinstance(value, (list, tuple)):
        return value
    value = list(value)
    types = [i.get('type') if isinstance(i, Mapping) else None for i in value]
    if value and None not in types and len(set(types)) == len(types):
        return {f'[{name}]': item for name, item in zip(types, value)}
    return value


def show_value(value: Any) -> str:
    """Write a value of a config as the call that it stands for.

    Args:
        value (Any): The value.

    Returns:
        str: Such as ``SGD(lr=0.1)``; a dash for no value.
    """
    if value is _ABSENT:
        return '–'
    if isinstance(value, Mapping):
        if value and all(str(key).startswith('[') for key in value):
            return show_value(list(value.values()))
        name = value.get('type', 'dict')
        inside = ', '.join(
            f'{key}={show_value(item)}'
            for key, item in value.items()
            if key != 'type'
        )
        return f'{name}({inside})'
    if isinstance(value, (list, tuple)):
        return '[' + ', '.join(map(show_value, value)) + ']'
    return repr(value)


def layouts_once(
    rows: Sequence[Sequence[str]], cfg: Config
) -> list[tuple[str, ...]]:
    """Write a layout, which backbone, blend and data share, out once.

    Args:
        rows (Sequence[Sequence[str]]): Cells of a table, in order.
        cfg (Config): Config whose layouts they may hold.

    Returns:
        list[tuple[str, ...]]: The same, with ``(layout above)`` for each
        layout that is there a second time.
    """
    found = [tuple(row) for row in rows]
    for text in dict.fromkeys(map(show_value, _layouts(cfg.to_dict()))):
        told = False
        for place, row in enumerate(found):
            cells = []
            for cell in row:
                if told:
                    cell = cell.replace(text, '(layout above)')
                elif text in cell:
                    first, _, rest = cell.partition(text)
                    rest = rest.replace(text, '(layout above)')
                    cell, told = first + text + rest, True
                cells.append(cell)
            found[place] = tuple(cells)
    return found


def _layouts(node: Any) -> Iterator[Mapping]:
    """Layouts of one's own, which configs write as dicts."""
    if isinstance(node, Mapping):
        for key, value in node.items():
            if key == 'layout' and isinstance(value, Mapping):
                yield value
            yield from _layouts(value)
    elif isinstance(node, (list, tuple)):
        for item in node:
            yield from _layouts(item)


def _told_once(changes: list[Change]) -> list[Change]:
    """Join the same change of validation and test."""
    tests = {
        (c.key[5:], c.base, c.run) for c in changes if c.key[:5] == 'test_'
    }
    vals = {(c.key[4:], c.base, c.run) for c in changes if c.key[:4] == 'val_'}
    joined = []
    for c in changes:
        if c.key[:5] == 'test_' and (c.key[5:], c.base, c.run) in vals:
            continue
        key = c.key
        if key[:4] == 'val_' and (key[4:], c.base, c.run) in tests:
            key = f'val_ and test_{key[4:]}'
        joined.append(Change(key, c.base, c.run, c.origin))
    return joined


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
    own = Path(config_file('ctrgcn_ce_demo.py')).parent
    roots = [own, Path('configs')]
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
