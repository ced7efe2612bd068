"""A suite: which methods are compared on which data, with which seeds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from .suite_checks import (
    check_keys,
    read_number,
    read_options,
    read_text,
    read_words,
)
from .suite_failure import SuiteError

__all__ = ['Entry', 'Suite', 'find_suite', 'read_suite']

_SUITE_KEYS = (
    'about',
    'baseline',
    'configs',
    'datasets',
    'epochs',
    'methods',
    'recognisers',
    'seeds',
)
_ENTRY_KEYS = {
    'datasets': ('leaf', 'options', 'title'),
    'recognisers': ('leaf', 'options', 'title'),
    'methods': ('after', 'epochs', 'leaf', 'options', 'title', 'with'),
}
# The recogniser of the published comparison.
_RECOGNISER = 'ctrgcn'


@dataclass(frozen=True)
class Entry:
    """A dataset, a recogniser or a method of a suite.

    Attributes:
        name (str): Name, which names its folder too.
        leaf (str): What stands for it in the names of config files.
        title (str): Name in tables and figures.
        options (dict): Settings that it overrides, by dotted key.
        mixins (tuple[str, ...]): Mixins that a method adds to its leaf.
        epochs (int, optional): Effective epochs of a method's own.
        after (str): Method, named before it, from whose last checkpoint a
            method starts; empty for none.
    """

    name: str
    leaf: str
    title: str
    options: Mapping[str, Any] = field(default_factory=dict)
    mixins: tuple[str, ...] = ()
    epochs: int | None = None
    after: str = ''


@dataclass(frozen=True)
class Suite:
    """What a suite file says.

    Attributes:
        name (str): Name of the file without its ending.
        path (Path): The file.
        about (str): One sentence on what it is for.
        configs (Path): Folder of the leaf configs.
        datasets (list[Entry]): Datasets.
        recognisers (list[Entry]): Recognisers.
        methods (list[Entry]): Methods.
        seeds (list[int]): Seeds.
        epochs (int, optional): Effective epochs of all methods that start
            from nothing; None leaves those of the configs. A second stage
            keeps those of its config, or has its own.
        baseline (str): Method that the others are tested against.
    """

    name: str
    path: Path
    about: str
    configs: Path
    datasets: list[Entry]
    recognisers: list[Entry]
    methods: list[Entry]
    seeds: list[int]
    epochs: int | None
    baseline: str


def find_suite(name: str, folder: Path) -> Path:
    """Find the file of a suite.

    Args:
        name (str): A file, or the name of a shipped suite.
        folder (Path): Folder of the shipped suites.

    Returns:
        Path: The file.

    Raises:
        SuiteError: If there is none; it lists the known.
    """
    if name.endswith(('.yaml', '.yml')) and Path(name).is_file():
        return Path(name)
    if (folder / f'{name}.yaml').is_file():
        return folder / f'{name}.yaml'
    known = ', '.join(sorted(path.stem for path in folder.glob('*.yaml')))
    raise SuiteError(
        f'suite {name}: no such file, and no suite of that name; '
        f'known are {known}'
    )


def read_suite(path: Path, configs: Path) -> Suite:
    """Read a suite file.

    Args:
        path (Path): The YAML file.
        configs (Path): Folder of the leaf configs, where the suite names
            none of its own.

    Returns:
        Suite: The suite.

    Raises:
        SuiteError: If a key or a value makes no sense.
    """
    try:
        content = yaml.safe_load(path.read_text(encoding='utf-8'))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        what = ' '.join(str(error).split())
        raise SuiteError(f'{path} is no YAML file: {what}') from error
    where = str(path)
    check_keys(where, content, _SUITE_KEYS, ('datasets', 'methods', 'seeds'))
    methods = _entries(where, content, 'methods')
    names = [method.name for method in methods]
    baseline = read_text(where, content, 'baseline', names[0])
    if baseline not in names:
        raise SuiteError(
            f'{where}: baseline {baseline!r} is none of the methods '
            f'{", ".join(names)}'
        )
    own = read_text(where, content, 'configs', '')
    content.setdefault('recognisers', [_RECOGNISER])
    return Suite(
        name=path.stem,
        path=path,
        about=' '.join(read_text(where, content, 'about', '').split()),
        configs=path.parent / own if own else configs,
        datasets=_entries(where, content, 'datasets'),
        recognisers=_entries(where, content, 'recognisers'),
        methods=methods,
        seeds=_seeds(where, content['seeds']),
        epochs=read_number(where, content, 'epochs'),
        baseline=baseline,
    )


def _entries(where: str, content: Mapping[str, Any], key: str) -> list[Entry]:
    items = content[key]
    if not isinstance(items, list) or not items:
        raise SuiteError(
            f'{where}: {key} must be a list with at least one name, '
            f'got {items!r}'
        )
    found = [_entry(f'{where}: {key}', item, key) for item in items]
    names = [entry.name for entry in found]
    for name in names:
        if names.count(name) > 1:
            raise SuiteError(f'{where}: {key} names {name!r} twice')
    for place, entry in enumerate(found):
        if entry.after and entry.after not in names[:place]:
            raise SuiteError(
                f'{where}: {key}: {entry.name}: after names '
                f'{entry.after!r}, which is none of those before it: '
                f'{", ".join(names[:place])}'
            )
    return found


def _entry(where: str, item: Any, key: str) -> Entry:
    if isinstance(item, str):
        item = {item: {}}
    if not isinstance(item, dict) or len(item) != 1:
        raise SuiteError(
            f'{where}: expected a name, or a name with its keys below it, '
            f'got {item!r}'
        )
    ((name, content),) = item.items()
    if not isinstance(name, str) or not name.replace('-', '_').isidentifier():
        raise SuiteError(
            f'{where}: {name!r} is no name; it takes letters, digits, '
            'underscores and hyphens'
        )
    where = f'{where}: {name}'
    content = {} if content is None else content
    check_keys(where, content, _ENTRY_KEYS[key], ())
    mixins = read_words(where, content, 'with')
    leaf = read_text(where, content, 'leaf', 'ce' if mixins else name)
    return Entry(
        name=name,
        leaf=leaf,
        title=read_text(where, content, 'title', name),
        options=read_options(where, content),
        mixins=mixins,
        epochs=read_number(where, content, 'epochs'),
        after=read_text(where, content, 'after', ''),
    )


def _seeds(where: str, seeds: Any) -> list[int]:
    if (
        not isinstance(seeds, list)
        or not seeds
        or not all(type(seed) is int and seed >= 0 for seed in seeds)
        or len(set(seeds)) < len(seeds)
    ):
        raise SuiteError(
            f'{where}: seeds must be a list of different whole numbers, '
            f'got {seeds!r}'
        )
    return seeds
