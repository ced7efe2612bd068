"""Find the config of a method on a dataset with a recogniser."""

from __future__ import annotations

from pathlib import Path

from shapmix_mm.compat.configs import leaf_file, leaf_files
from shapmix_mm.config.mixins import find_mixin

from .suite import Entry, Suite
from .suite_checks import guess
from .suite_failure import SuiteError

__all__ = ['find_leaf', 'known_datasets', 'known_methods']

_PLAIN = 'ce'


def find_leaf(
    suite: Suite, dataset: Entry, recogniser: Entry, method: Entry
) -> tuple[Path, tuple[str, ...]]:
    """Find the leaf of a method and the mixins to merge into it.

    ``RECOGNISER_METHOD_DATASET.py`` comes first. Where there is none, the
    mixin of the method's name is merged into the cross-entropy leaf.

    Args:
        suite (Suite): The suite.
        dataset (Entry): Dataset.
        recogniser (Entry): Recogniser.
        method (Entry): Method.

    Returns:
        tuple[Path, tuple[str, ...]]: The leaf, and its mixins.

    Raises:
        SuiteError: If a file is missing; it lists the known methods.
    """
    where = f'{suite.path}: methods: {method.name}'
    leaf = _leaf(suite, dataset, recogniser, method.leaf)
    if leaf.is_file():
        return leaf, tuple(
            _mixin(suite, name, where) for name in method.mixins
        )
    plain = _leaf(suite, dataset, recogniser, _PLAIN)
    if not plain.is_file():
        _miss_dataset(suite, dataset, recogniser, leaf, plain)
    if not method.mixins:
        own = suite.configs / '_base_' / f'{method.leaf}.py'
        if own.is_file():
            return plain, (str(own),)
    known = known_methods(suite.configs, recogniser.leaf, dataset.leaf)
    raise SuiteError(
        f'{where}: there is neither {leaf} nor a mixin {method.leaf!r}; '
        f'known for {recogniser.name} on {dataset.name} are '
        f'{", ".join(known)}{guess(method.leaf, known)}'
    )


def known_methods(configs: Path, recogniser: str, dataset: str) -> list[str]:
    """Methods with a leaf for a recogniser and a dataset, or a mixin.

    Args:
        configs (Path): Folder of the leaf configs.
        recogniser (str): Recogniser, as in the names of the files.
        dataset (str): Dataset, as in the names of the files.

    Returns:
        list[str]: Names, sorted.
    """
    head, tail = f'{recogniser}_', f'_{dataset}'
    found = {
        path.stem[len(head) : -len(tail)]
        for path in leaf_files(configs)
        if path.stem.startswith(head)
        and path.stem.endswith(tail)
        and len(path.stem) > len(head) + len(tail)
    }
    if _PLAIN in found:
        found |= {
            path.stem
            for path in (configs / '_base_').glob('*.py')
            if path.stem != 'default_runtime'
        }
    return sorted(found)


def known_datasets(configs: Path) -> dict[str, list[str]]:
    """Recognisers of each dataset that has a leaf config.

    Args:
        configs (Path): Folder of the leaf configs.

    Returns:
        dict[str, list[str]]: Recognisers by dataset, both sorted.
    """
    found: dict[str, set[str]] = {}
    for path in leaf_files(configs):
        parts = path.stem.split('_')
        if len(parts) > 2:
            found.setdefault(parts[-1], set()).add(parts[0])
    return {name: sorted(found[name]) for name in sorted(found)}


def _leaf(suite: Suite, dataset: Entry, recogniser: Entry, name: str) -> Path:
    file = f'{recogniser.leaf}_{name}_{dataset.leaf}.py'
    return leaf_file(suite.configs, file)


def _mixin(suite: Suite, name: str, where: str) -> str:
    own = suite.configs / '_base_' / f'{name}.py'
    try:
        return str(own) if own.is_file() else find_mixin(name)
    except FileNotFoundError as error:
        raise SuiteError(f'{where}: {error}') from error


def _miss_dataset(
    suite: Suite, dataset: Entry, recogniser: Entry, leaf: Path, plain: Path
) -> None:
    """Tell whether dataset, recogniser or method is what is missing."""
    known = known_datasets(suite.configs)
    if dataset.leaf not in known:
        raise SuiteError(
            f'{suite.path}: datasets: {dataset.name}: no config in '
            f'{suite.configs} ends in _{dataset.leaf}.py; known are '
            f'{", ".join(known)}{guess(dataset.leaf, known)}'
        )
    names = known[dataset.leaf]
    if recogniser.leaf not in names:
        raise SuiteError(
            f'{suite.path}: recognisers: {recogniser.name}: no config on '
            f'{dataset.name} begins with {recogniser.leaf}_; known are '
            f'{", ".join(names)}{guess(recogniser.leaf, names)}'
        )
    methods = known_methods(suite.configs, recogniser.leaf, dataset.leaf)
    raise SuiteError(
        f'{suite.path}: methods: there is neither {leaf} nor {plain}, to '
        f'which a mixin could be added; known are {", ".join(methods)}'
    )
