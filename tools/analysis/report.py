"""Write one self-contained HTML page about a training run."""

from __future__ import annotations

import argparse
import sys

from mmengine.config import DictAction

import shapmix_mm  # noqa: F401  (registers modules, cures stock wheels)
from shapmix_mm.runs.report import write_report
from shapmix_mm.runs.run import RunError


def parse_args() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        epilog='The page opens offline in any browser. The checkpoint is '
        'tested once; its scores are kept in WORK_DIR/report for later '
        'reports.',
    )
    parser.add_argument('work_dir', help='work directory of a training')
    parser.add_argument(
        '--out',
        metavar='FILE.html',
        help='page to write; the default is report.html in the work directory',
    )
    parser.add_argument(
        '--checkpoint', help='checkpoint to test; the default is the last one'
    )
    parser.add_argument(
        '--no-test',
        action='store_true',
        help='leave out what needs a test: accuracy by class, confusion '
        'matrix, calibration',
    )
    parser.add_argument(
        '--config',
        help='config file that the run was started with, to compare it with '
        'its base; the default is the shipped one of the same name',
    )
    parser.add_argument(
        '--cfg-options',
        nargs='+',
        action=DictAction,
        metavar='KEY=VALUE',
        help='settings to override in the test, such as '
        'test_dataloader.dataset.ann_file=FILE.pkl',
    )
    return parser.parse_args()


def main() -> None:
    """Write the page."""
    args = parse_args()
    try:
        path = write_report(
            args.work_dir,
            args.out,
            checkpoint=args.checkpoint,
            test=not args.no_test,
            config=args.config,
            cfg_options=args.cfg_options,
        )
    except RunError as error:
        sys.exit(f'error: {error}')
    print(f'report: {path}')


if __name__ == '__main__':
    main()
