"""The console script ``shapmix``: every tool by one name.

A command runs the file of ``tools/`` that it stands for, with the same
options; the files are those of the checkout, or of an installed package.
"""

from __future__ import annotations

import importlib.util
import runpy
import sys
from collections.abc import Sequence
from pathlib import Path

from . import doctor
from .compat.configs import config_file, leaf_files
from .version import __version__

__all__ = ['main', 'tool_file']

# Command, file below tools/, and what it does.
TOOLS = {
    'train': ('train.py', 'train a recognizer'),
    'test': ('test.py', 'test a checkpoint'),
    'predict': ('predict.py', 'name and explain the actions of clips'),
    'from-arrays': (
        'data/from_arrays.py',
        'CSV or arrays to an annotation file',
    ),
    'new-dataset': (
        'data/new_dataset.py',
        'write layout, base and leaves for an annotation file',
    ),
    'inspect': ('data/inspect.py', 'show what an annotation file holds'),
    'split': ('data/make_longtail_split.py', 'draw a long-tailed list'),
    'cache': ('data/build_cache.py', 'make an annotation file memory-mapped'),
    'make-demo': ('data/make_demo.py', 'make the demo set'),
    'prepare-json': ('data/prepare_json.py', 'poses in JSON files'),
    'prepare-k400': ('data/prepare_k400.py', 'prepare Kinetics-400'),
    'prepare-msrc12': ('data/prepare_msrc12.py', 'prepare MSRC-12'),
    'prepare-ntu': ('data/prepare_ntu.py', 'prepare NTU RGB+D 60 or 120'),
    'prepare-nw-ucla': ('data/prepare_nw_ucla.py', 'prepare NW-UCLA'),
    'prepare-penn-action': ('data/prepare_penn_action.py', 'Penn Action'),
    'prepare-sbu': ('data/prepare_sbu.py', 'prepare SBU'),
    'prepare-utd-mhad': ('data/prepare_utd_mhad.py', 'prepare UTD-MHAD'),
    'exact-saliency': (
        'analysis/exact_saliency.py',
        'exact Shapley values of the body parts for a checkpoint',
    ),
    'saliency-agreement': (
        'analysis/saliency_agreement.py',
        'how far the tables of several trainings agree',
    ),
    'show-mixing': ('analysis/show_mixing.py', 'draw what a blend makes'),
    'fuse': ('analysis/fuse_scores.py', 'fuse the scores of streams'),
    'report': ('analysis/report.py', 'write an HTML page about a run'),
    'summarize': ('analysis/summarize_runs.py', 'tabulate finished runs'),
    'bench': ('benchmark/longtail.py', 'train and compare whole suites'),
    'convert-checkpoint': (
        'convert_checkpoint.py',
        "take over the weights of a recognizer's authors",
    ),
    'export': (
        'deployment/export_onnx_gcn.py',
        "export a checkpoint to ONNX by MMAction2's own script",
    ),
}
OWN = {
    'doctor': 'say what is installed and what is missing',
    'config list': 'list the configs and mixins that are shipped',
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command.

    Args:
        argv (Sequence[str], optional): Command and its options. Defaults to
            None: those of the process.

    Returns:
        int: Exit status.

    Example:
        >>> main(['--version'])  # doctest: +SKIP
        0
    """
    given = list(sys.argv[1:] if argv is None else argv)
    command, rest = (given[0], given[1:]) if given else ('--help', [])
    if command in ('-h', '--help', '--version'):
        print(__version__ if command == '--version' else _help())
        return 0
    if command == 'doctor' and not rest:
        return doctor.main()
    if command == 'config' and rest[:1] == ['list']:
        return _list_configs(rest[1:])
    if command in TOOLS:
        return _run(tool_file(command), rest)
    known = ', '.join([*TOOLS, *OWN])
    shown = ' '.join(given) if command in ('doctor', 'config') else command
    print(f'shapmix: no command {shown!r}; known are {known}', file=sys.stderr)
    return 2


def tool_file(command: str) -> Path:
    """Find the file that a command runs.

    Args:
        command (str): Such as ``'train'``.

    Returns:
        Path: The file.

    Raises:
        FileNotFoundError: If the tools are not there, as when the package
            was copied without them.
    """
    package = Path(__file__).resolve().parent
    roots = [package / '.mim', package.parent]
    if command == 'export':
        spec = importlib.util.find_spec('mmaction')
        assert spec is not None and spec.origin is not None
        roots = [Path(spec.origin).parent / '.mim']
    for root in roots:
        path = root / 'tools' / TOOLS[command][0]
        if path.is_file():
            return path
    raise FileNotFoundError(
        f'tools/{TOOLS[command][0]} is in none of {", ".join(map(str, roots))}'
    )


def _run(tool: Path, options: Sequence[str]) -> int:
    """Run a tool as Python runs a script, save for its folder's place.

    The folder comes last on the path: ``inspect.py`` in it must not take the
    place of the standard module.
    """
    before = sys.argv, list(sys.path)
    sys.argv = [str(tool), *options]
    sys.path.append(str(tool.parent))
    try:
        runpy.run_path(str(tool), run_name='__main__')
    except SystemExit as ended:
        if isinstance(ended.code, str):
            print(ended.code, file=sys.stderr)
            return 1
        return ended.code or 0
    finally:
        sys.argv, sys.path[:] = before
    return 0


def _list_configs(words: Sequence[str]) -> int:
    """Print the shipped configs and mixins whose names hold all words."""
    base = config_file('_base_/shapmix.py').parent
    for path in leaf_files(base.parent):
        name = path.relative_to(base.parent).as_posix()
        if all(word in name for word in words):
            print(f'shapmix_mm::{name}')
    for path in sorted(base.glob('*.py')):
        name = f'--with {path.stem}'
        is_mixin = path.stem != 'default_runtime'
        if is_mixin and all(word in name for word in words):
            print(name)
    return 0


def _help() -> str:
    """What is printed without a command."""
    shown = {**{name: what for name, (_, what) in TOOLS.items()}, **OWN}
    width = max(map(len, shown))
    lines = [f'  {name:{width}}  {what}' for name, what in shown.items()]
    return '\n'.join(
        [
            'usage: shapmix COMMAND [options]; shapmix COMMAND --help',
            '',
            *lines,
        ]
    )
