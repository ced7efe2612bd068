"""What there is to compare: methods, datasets and suites."""

from __future__ import annotations

from pathlib import Path

from .leaves import known_datasets, known_methods
from .suite import read_suite
from .suite_failure import SuiteError

__all__ = ['list_known']


def list_known(suites: Path, configs: Path) -> str:
    """List methods, datasets and suites.

    Args:
        suites (Path): Folder of the shipped suites.
        configs (Path): Folder of the leaf configs.

    Returns:
        str: Lines for a terminal.
    """
    lines = ['Methods, by dataset and recogniser:']
    for dataset, recognisers in known_datasets(configs).items():
        for recogniser in recognisers:
            methods = known_methods(configs, recogniser, dataset)
            lines.append(f'  {dataset}, {recogniser}: {", ".join(methods)}')
    lines.append('Suites:')
    for path in sorted(suites.glob('*.yaml')):
        try:
            suite = read_suite(path, configs)
        except SuiteError as error:
            lines.append(f'  {path.stem}: {error}')
            continue
        runs = len(suite.datasets) * len(suite.recognisers)
        runs *= len(suite.methods) * len(suite.seeds)
        lines.append(f'  {path.stem} ({runs} runs): {suite.about}')
        for key in ('datasets', 'recognisers', 'methods'):
            names = [entry.name for entry in getattr(suite, key)]
            lines.append(f'    {key}: {", ".join(names)}')
    return '\n'.join(lines)
