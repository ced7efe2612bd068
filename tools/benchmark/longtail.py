"""Train all runs of a suite, and compare its methods."""

from __future__ import annotations

import argparse
import shlex
import signal
import sys
from pathlib import Path
from typing import Any

import shapmix_mm  # noqa: F401  (registers modules, cures stock wheels)
from shapmix_mm.runs.listing import list_known
from shapmix_mm.runs.plan import check_data, plan_suite
from shapmix_mm.runs.queue import run_tasks
from shapmix_mm.runs.report_failure import ReportError
from shapmix_mm.runs.results import collect
from shapmix_mm.runs.slots import find_slots
from shapmix_mm.runs.suite import find_suite, read_suite
from shapmix_mm.runs.suite_failure import SuiteError
from shapmix_mm.runs.suite_report import write_comparison

TOOLS = Path(__file__).resolve().parents[1]
SUITES = TOOLS / 'benchmark' / 'suites'
CONFIGS = TOOLS.parent / 'configs'


def parse_args() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        epilog='Each run is tools/train.py in its own folder, '
        'ROOT/DATASET/METHOD/SEED (DATASET_RECOGNISER for other recognisers '
        'than CTR-GCN). The command can be stopped and given again at any '
        'time, and on several machines that share ROOT at once: finished '
        'runs are kept, the others go on from their last checkpoint.',
    )
    add = parser.add_argument
    add('suite', nargs='?', help='name of a suite, or a YAML file')
    add('--list', action='store_true', help='methods, datasets and suites')
    add('--report', action='store_true', help='compare the finished runs')
    add('--root', type=Path, help='folder of the runs (work_dirs/SUITE)')
    add(
        '--workers',
        type=int,
        help='runs at a time on this machine (one per GPU; without a GPU, '
        'one per core)',
    )
    add(
        '--trainer',
        type=Path,
        default=TOOLS / 'train.py',
        metavar='SCRIPT',
        help='script that trains, with the arguments of tools/train.py',
    )
    add('--out', type=Path, help='folder of the report (ROOT/report)')
    add('--baseline', help='method to test the others against')
    add(
        '--best',
        action='store_true',
        help='report the epoch that is best on the test set, labelled so, '
        'in place of the last',
    )
    add(
        '--ece',
        action='store_true',
        help='test last checkpoints for the calibration error; the scores '
        'are kept, and a later report takes them without asking',
    )
    args = parser.parse_args()
    if args.suite is None and not args.list:
        parser.error('a suite is needed; --list shows those that there are')
    if args.workers is not None and args.workers < 1:
        parser.error('--workers must be at least 1')
    return args


def train(args: argparse.Namespace, tasks: list, root: Path) -> int:
    """Do the runs and say what came of them.

    Args:
        args (argparse.Namespace): Parsed arguments.
        tasks (list): Runs.
        root (Path): Folder of all runs.

    Returns:
        int: Exit status.
    """
    check_data(tasks)
    slots = find_slots(args.workers, len(tasks))
    print(f'{len(tasks)} runs in {root}, {len(slots)} at a time', flush=True)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, interrupt)
    trainer = [sys.executable, str(args.trainer)]
    try:
        outcome = run_tasks(tasks, root, slots, trainer)
    except KeyboardInterrupt:
        print('stopped; the same command goes on from here', flush=True)
        return 130
    print(f'{len(outcome.done)} of {len(tasks)} runs are finished', flush=True)
    for name, what in outcome.failed.items():
        print(f'\nfailed: {name}, {what}', flush=True)
    return 1 if outcome.failed else 0


def interrupt(number: int, frame: Any) -> None:
    """Take a request to end like Ctrl-C."""
    raise KeyboardInterrupt


def report(args: argparse.Namespace, suite: Any, tasks: list) -> int:
    """Write the comparison.

    Args:
        args (argparse.Namespace): Parsed arguments.
        suite (Suite): The suite.
        tasks (list): Its runs.

    Returns:
        int: Exit status.
    """
    names = [method.name for method in suite.methods]
    if args.baseline is not None and args.baseline not in names:
        raise SuiteError(
            f'--baseline {args.baseline}: the suite has the methods '
            f'{", ".join(names)}'
        )
    results = collect(tasks, best=args.best, ece=args.ece)
    if all(result.epoch is None for result in results):
        raise SuiteError('no run of the suite is finished yet')
    command = ['python', 'tools/benchmark/longtail.py', args.suite]
    paths = write_comparison(
        suite,
        results,
        args.out or args.root / ('report_best' if args.best else 'report'),
        baseline=args.baseline,
        best=args.best,
        command=shlex.join(command),
    )
    print('\n'.join(f'report: {path}' for path in paths))
    return 0


def main() -> None:
    """Train, report or list."""
    args = parse_args()
    if args.list:
        print(list_known(SUITES, CONFIGS))
        return
    try:
        suite = read_suite(find_suite(args.suite, SUITES), CONFIGS)
        args.root = args.root or Path('work_dirs') / suite.name
        tasks = plan_suite(suite, args.root)
        if args.report:
            sys.exit(report(args, suite, tasks))
        sys.exit(train(args, tasks, args.root))
    except (SuiteError, ReportError) as error:
        sys.exit(f'error: {error}')


if __name__ == '__main__':
    main()
