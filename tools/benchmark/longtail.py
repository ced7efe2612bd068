"""Train all runs of a suite, and compare its methods."""

from __future__ import annotations

import argparse
import shlex
import signal
import sys
from pathlib import Path
from typing import Any

from mmengine.config import DictAction

import shapmix_mm  # noqa: F401  (registers modules, cures stock wheels)
from shapmix_mm.arguments import NonNegativeInt, PositiveInt, option
from shapmix_mm.runs.comparison import (
    collect,
    read_known,
    untrained,
    write_comparison,
)
from shapmix_mm.runs.queue import Cluster, Slot, find_slots, run_tasks
from shapmix_mm.runs.run import RunError
from shapmix_mm.runs.suite import (
    check_tasks,
    find_suite,
    list_known,
    plan_suite,
    read_suite,
)

TOOLS = Path(__file__).resolve().parents[1]
SUITES = TOOLS / 'benchmark' / 'suites'
# Seconds between looks, here and at jobs of a cluster.
POLL, POLL_CLUSTER = 0.2, 2.0
# What a job asks for unless --job says otherwise.
DEFAULT_JOB = dict(timeout_min=24 * 60)
CONFIGS = TOOLS.parent / 'configs'


def parse_args() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        epilog='Each run is tools/train.py in its own folder, '
        'ROOT/DATASET/METHOD/SEED (DATASET_RECOGNIZER for other recognizers '
        'than CTR-GCN). The command can be stopped and given again at any '
        'time, and on several machines that share ROOT at once: finished '
        'runs are kept, the others go on from their last checkpoint.',
    )
    add = parser.add_argument
    add('suite', nargs='?', help='name of a suite, or a YAML file')
    add(
        '--list',
        action='store_true',
        help='methods, datasets and suites; with a suite, what it can name',
    )
    add('--report', action='store_true', help='compare the finished runs')
    add('--root', type=Path, help='folder of the runs (work_dirs/SUITE)')
    add(
        '--workers',
        type=option(PositiveInt),
        help='runs at a time on this machine (one per GPU; without a GPU, '
        'one per core)',
    )
    add(
        '--only',
        nargs='+',
        default=[],
        metavar='NAME',
        help='these datasets, recognizers and methods of the suite; a kind '
        'of which none is named is done whole',
    )
    add(
        '--seeds',
        nargs='+',
        type=option(NonNegativeInt),
        default=[],
        help='these of its seeds',
    )
    add(
        '--known',
        nargs='+',
        type=Path,
        default=[],
        metavar='RUNS.csv',
        help='tables of runs from reports of other machines; those runs are '
        'not trained here, and stand in the report',
    )
    add(
        '--cluster',
        metavar='KIND',
        help='send the runs through submitit: slurm, or local for processes '
        'of this machine; --workers is the number of jobs at a time',
    )
    add(
        '--job',
        nargs='+',
        action=DictAction,
        metavar='KEY=VALUE',
        help='what a job asks for, as submitit names it: timeout_min=600 '
        'gpus_per_node=1 slurm_partition=gpu',
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
        '--also-best',
        action='store_true',
        help='report it beside the last, as the paper counts, labelled so',
    )
    args = parser.parse_args()
    if args.suite is None and not args.list:
        parser.error('a suite is needed; --list shows those that there are')
    if args.best and args.also_best:
        parser.error('--best and --also-best exclude each other')
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
    check_tasks(tasks)
    cluster = None
    slots = find_slots(args.workers, len(tasks))
    if args.cluster:
        asked = {**DEFAULT_JOB, **(args.job or {})}
        cluster = Cluster(root, args.cluster, asked)
        jobs = args.workers or len(tasks)
        slots = [Slot(f'job{number}', {}) for number in range(jobs)]
    print(f'{len(tasks)} runs in {root}, {len(slots)} at a time', flush=True)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, interrupt)
    trainer = [sys.executable, str(args.trainer)]
    try:
        outcome = run_tasks(
            tasks,
            root,
            slots,
            trainer,
            cluster=cluster,
            poll=POLL_CLUSTER if cluster else POLL,
        )
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


def report(
    args: argparse.Namespace, suite: Any, tasks: list, known: dict
) -> int:
    """Write the comparison.

    Args:
        args (argparse.Namespace): Parsed arguments.
        suite (Suite): The suite.
        tasks (list): Its runs.
        known (dict): Rows of earlier reports.

    Returns:
        int: Exit status.
    """
    names = [method.name for method in suite.methods]
    if args.baseline is not None and args.baseline not in names:
        raise RunError(
            f'--baseline {args.baseline}: the suite has the methods '
            f'{", ".join(names)}'
        )
    choices = [False, True] if args.also_best else [args.best]
    runs = collect(tasks, best=choices, known=known)
    if runs.epoch.isna().all():
        raise RunError('no run of the suite is finished yet')
    command = ['python', 'tools/benchmark/longtail.py', args.suite]
    for name in ('only', 'seeds'):
        given = [str(value) for value in getattr(args, name)]
        command += [f'--{name}', *given] if given else []
    paths = write_comparison(
        suite,
        runs,
        args.out or args.root / ('report_best' if args.best else 'report'),
        baseline=args.baseline,
        command=shlex.join(command),
    )
    print('\n'.join(f'report: {path}' for path in paths))
    return 0


def main() -> None:
    """Train, report or list."""
    args = parse_args()
    try:
        if args.list:
            suites = sorted(SUITES.glob('*.yaml'))
            if args.suite is not None:
                suites = [find_suite(args.suite, SUITES)]
            print(list_known(suites, CONFIGS))
            return
        suite = read_suite(find_suite(args.suite, SUITES), CONFIGS)
        suite = suite.only(args.only, args.seeds)
        args.root = args.root or Path('work_dirs') / suite.name
        tasks = plan_suite(suite, args.root)
        known = read_known(args.known)
        if args.report:
            sys.exit(report(args, suite, tasks, known))
        sys.exit(train(args, untrained(tasks, known), args.root))
    except RunError as error:
        sys.exit(f'error: {error}')


if __name__ == '__main__':
    main()
