"""Arguments and endings that the preparation commands have in common.

Nothing heavy is imported, so that --help answers at once.
"""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Callable
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Any


def make_parser(doc: str | None, examples: str) -> argparse.ArgumentParser:
    """Begin a command line.

    Args:
        doc (str, optional): Docstring of the command.
        examples (str): Shown below the arguments as they stand.

    Returns:
        argparse.ArgumentParser: With ``--out`` and ``--quiet``.
    """
    parser = argparse.ArgumentParser(
        description=doc,
        epilog=examples,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        '--out',
        metavar='FILE',
        type=Path,
        required=True,
        help='pickle to write; an old one stays until the new one is whole',
    )
    parser.add_argument(
        '--quiet', action='store_true', help='show no progress bar'
    )
    return parser


def add_resuming(parser: argparse.ArgumentParser, noun: str) -> None:
    """Add what a conversion takes that goes on where it was stopped.

    Args:
        parser (argparse.ArgumentParser): The parser.
        noun (str): What is converted, in the plural.
    """
    add = parser.add_argument
    add('--workers', type=int, help='processes (default: all processors)')
    add('--work-dir', metavar='DIR', type=Path, help='default: FILE.work')
    add(
        '--chunk-size',
        metavar='N',
        type=int,
        default=256,
        help=f'{noun} that a stopped run may have to redo (default: 256)',
    )


def ending(
    tool: str,
    prepare: Callable[[argparse.Namespace], None],
    args: argparse.Namespace,
) -> int:
    """Run a conversion, and say in one line why it ended early.

    Args:
        tool (str): Name of the command.
        prepare (Callable): The conversion.
        args (argparse.Namespace): What it is given.

    Returns:
        int: Exit code, 0 when the pickle was written.
    """
    try:
        prepare(args)
    except (ValueError, TypeError, KeyError, OSError, BrokenProcessPool) as e:
        message = e.args[0] if isinstance(e, KeyError) else e
        print(f'{tool}: {message}', file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(f'{tool}: stopped; start it again to go on', file=sys.stderr)
        return 130
    return 0


def small_set(
    name: str,
    doc: str | None,
    examples: str,
    files: str,
    argv: list[str] | None = None,
) -> int:
    """Do the whole work of a command for a set that is converted in one go.

    Args:
        name (str): Module of the set and end of its conversion's name.
        doc (str, optional): Docstring of the command.
        examples (str): Examples of it.
        files (str): What the files of the set are called.
        argv (list[str], optional): The arguments. None means those of the
            process. Defaults to None.

    Returns:
        int: Exit code, 1 if nothing was written.
    """
    parser = make_parser(doc, examples)
    parser.add_argument(
        'source',
        metavar='SRC',
        type=Path,
        help='folder or archive (.zip, .tar.xz, .tar.gz) of files '
        f'{files}; an archive is read in place',
    )
    args = parser.parse_args(argv)
    from shapmix_mm.datasets.prepare.command import prepare

    room = f'shapmix_mm.datasets.prepare.{name}'
    convert: Any = getattr(importlib.import_module(room), f'convert_{name}')
    return prepare(
        f'prepare_{name}', convert, args.source, args.out, quiet=args.quiet
    )
