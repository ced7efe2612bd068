"""Make the embedded demo set: synthetic skeleton motion, long-tailed."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

import numpy as np

from shapmix_mm.arguments import NonNegativeInt, PositiveInt, option
from shapmix_mm.datasets.demo import (
    ACTIONS,
    DemoSettings,
    is_current,
    make_demo,
    manifest_path,
    write_demo,
)
from shapmix_mm.datasets.longtail import Imbalance
from shapmix_mm.serialization import check_writable
from shapmix_mm.skeletons import get_layout

_COLORS = ('0.35', 'tab:blue', 'tab:red', 'tab:cyan', 'tab:orange')


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    default = DemoSettings()
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument(
        '--out', default='data/demo/demo.pkl', help='pickle to write'
    )
    parser.add_argument(
        '--seed',
        type=option(NonNegativeInt),
        default=default.seed,
        help='seed',
    )
    parser.add_argument(
        '--n-max',
        type=option(PositiveInt),
        default=default.n_max,
        help='training samples of the largest class',
    )
    parser.add_argument(
        '--imbalance',
        type=option(Imbalance),
        default=default.imbalance,
        help='largest over smallest class',
    )
    parser.add_argument(
        '--test-per-class',
        type=option(PositiveInt),
        default=default.test_per_class,
        help='test samples of each class',
    )
    parser.add_argument(
        '--overwrite',
        action='store_true',
        help='replace a file that was made otherwise',
    )
    parser.add_argument(
        '--preview',
        metavar='FILE.png',
        help='also draw two training clips of each class',
    )
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> int:
    """Make the demo set unless it is there already.

    Args:
        argv (list[str], optional): Arguments. Defaults to None, those of the
            process.

    Returns:
        int: Exit status, 2 where the arguments or the file are refused.
    """
    args = parse_args(argv)
    try:
        settings = DemoSettings(
            seed=args.seed,
            n_max=args.n_max,
            imbalance=args.imbalance,
            test_per_class=args.test_per_class,
        )
    except ValueError as error:
        print(f'make_demo.py: error: {error}', file=sys.stderr)
        return 2
    current = is_current(args.out, settings)
    if Path(args.out).exists() and not current and not args.overwrite:
        print(
            f'make_demo.py: error: {args.out} exists and is not the demo set '
            'of these settings; give another --out, or --overwrite to '
            'replace it',
            file=sys.stderr,
        )
        return 2
    if current and not args.preview:
        print(f'{args.out} is up to date')
        return 0
    try:
        for path in (args.out, args.preview):
            if path:
                check_writable(path)
        demo = make_demo(settings, progress=True)
        if not current:
            report(write_demo(args.out, demo), demo, settings)
        if args.preview:
            print(f'preview: {draw_preview(demo, args.preview)}')
    except (OSError, ValueError) as error:
        print(f'make_demo.py: error: {error}', file=sys.stderr)
        return 2
    return 0


def report(path: Path, demo: dict[str, Any], settings: DemoSettings) -> None:
    """Print what was written."""
    size = path.stat().st_size / 1e6
    counts = settings.train_counts()
    print(
        f'{path}: {len(demo["annotations"])} clips, {size:.1f} MB '
        f'(manifest {manifest_path(path).name})'
    )
    for action, count in zip(ACTIONS, counts):
        print(
            f'  {action.name:<22} train {count:>4}  test '
            f'{settings.test_per_class:>3}  '
            f'{", ".join(action.salient_parts)}'
        )


def draw_preview(demo: dict[str, Any], path: str, moments: int = 10) -> str:
    """Draw two training clips of each class as stick figures over time.

    Args:
        demo (dict): What ``make_demo`` returned.
        path (str): Image to write.
        moments (int): Figures per clip, three frames apart, from the middle
            of the clip. Defaults to 10.

    Returns:
        str: Path of the image.
    """
    import matplotlib

    matplotlib.use('Agg')
    import matplotlib.pyplot as plt

    train = set(demo['split']['train'])
    rows = len(demo['classes'])
    figure, axes = plt.subplots(
        rows, 2, figsize=(2.2 * moments, 2.2 * rows), squeeze=False
    )
    for label, name in enumerate(demo['classes']):
        clips = [
            a
            for a in demo['annotations']
            if a['label'] == label and a['frame_dir'] in train
        ]
        for axis, clip in zip(axes[label], clips):
            _draw_clip(axis, clip['keypoint'], moments)
            axis.set_title(f'{name}, {clip["frame_dir"]}')
    for axis in axes.flat:
        axis.set_aspect('equal')
        axis.axis('off')
    figure.tight_layout()
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=60)
    plt.close(figure)
    return path


def _draw_clip(axis: Any, keypoint: np.ndarray, moments: int) -> None:
    layout = get_layout('nturgb+d')
    part_of = layout.part_mask().argmax(0)
    points = _seen_by_viewer(keypoint)
    width = 1.1 if len(keypoint) == 1 else 2.2
    first = max(0, (keypoint.shape[1] - 3 * moments) // 2)
    for i, frame in enumerate(range(first, keypoint.shape[1], 3)[:moments]):
        for person in points[:, frame]:
            for child, parent in layout.bones:
                axis.plot(
                    person[[child, parent], 0] + width * i,
                    person[[child, parent], 1],
                    color=_COLORS[part_of[child]],
                    linewidth=1.5,
                )


def _seen_by_viewer(keypoint: np.ndarray) -> np.ndarray:
    """Look half sideways at one person, and across the line between two.

    The sensor's x grows to the right of a person who faces it, so figures
    look as in a mirror.

    Args:
        keypoint (np.ndarray): (M, T, 25, 3) positions.

    Returns:
        np.ndarray: (M, T, 25, 2) sideways and upwards positions.
    """
    points = keypoint - keypoint[:, :, :1].mean((0, 1))
    if len(keypoint) == 1:
        across = (points[0, :, 8] - points[0, :, 4]).mean(0)[[0, 2]]
        across = across + (across[1], -across[0])
    else:
        across = (points[1, :, 0] - points[0, :, 0]).mean(0)[[0, 2]]
    sideways = points[..., [0, 2]] @ (across / np.linalg.norm(across))
    return np.stack((sideways, points[..., 1]), -1)


if __name__ == '__main__':
    sys.exit(main())
