"""How far the saliency tables of several Shap-Mix trainings agree."""

from __future__ import annotations

import argparse
import sys
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmaction.registry import MODELS

import shapmix_mm  # noqa: F401  (registers modules, cures stock wheels)
from shapmix_mm.evaluation import class_order
from shapmix_mm.models import ShapMixBlending
from shapmix_mm.runs.classes import known_classes
from shapmix_mm.runs.pages import ABSENT, markdown, needed
from shapmix_mm.runs.run import RunError, find_checkpoint, load_run_config
from shapmix_mm.visualization.history import rank_agreement

_PREFIX = 'data_preprocessor.blending.'


def parse_args() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        epilog='Agreement is the rank correlation of the saliency per joint '
        'of the part combinations within a class, the mean over all pairs of '
        'trainings; 1 for the same order, 0 for what has nothing in common. '
        'Less the mean over classes it leaves out what all classes share. '
        'Tables that were given in place of the learnt ones are left out. '
        'The last column is the exponential of the entropy of the draw, the '
        'number of combinations that it comes to: where that is nearly all, '
        'the table does not guide, however well it is learnt.',
    )
    parser.add_argument(
        'runs',
        type=Path,
        nargs='+',
        metavar='WORK_DIR',
        help='work directories of two or more trainings on the same classes',
    )
    args = parser.parse_args()
    if len(args.runs) < 2:
        parser.error('one training agrees with itself; give two or more')
    return args


def read_blend(work_dir: Path) -> tuple[ShapMixBlending, dict[str, Any]]:
    """Blend of the last checkpoint of a training, and that checkpoint.

    Args:
        work_dir (Path): Work directory.

    Returns:
        tuple[ShapMixBlending, dict]: The blend with what it has learnt, and
        the state dict.

    Raises:
        RunError: If there is none, or the training has no table.
    """
    _, cfg = load_run_config(work_dir)
    path, state = find_checkpoint(work_dir, None)
    setting = (cfg.model.get('data_preprocessor') or {}).get('blending')
    blend = setting and MODELS.build(setting)
    if not isinstance(blend, ShapMixBlending):
        raise RunError(f'{work_dir} is no training with ShapMixBlending')
    own = {
        key.removeprefix(_PREFIX): value
        for key, value in state.items()
        if key.startswith(_PREFIX)
    }
    try:
        blend.load_state_dict(own)
    except RuntimeError as error:
        raise RunError(f'{path}: {" ".join(str(error).split())}') from error
    return blend, state


def agreement(tables: np.ndarray) -> np.ndarray:
    """Rank correlation within a class of each pair of tables.

    Args:
        tables (np.ndarray): Shape (R, K, B).

    Returns:
        np.ndarray: Shape (pairs, K); NaN for a class whose values are alike.
    """
    pairs = combinations(range(len(tables)), 2)
    return np.array([rank_agreement(tables[list(p)])[0] for p in pairs])


def report(runs: list[Path]) -> str:
    """Write a row for each class, and one sentence on all.

    Args:
        runs (list[Path]): Work directories.

    Returns:
        str: The table in Markdown, and the sentence.

    Raises:
        RunError: If a table cannot be read, or they are of other classes.
    """
    blends, states = zip(*map(read_blend, runs))
    # What was learnt, even where a table was given in its place.
    learnt = [blend.saliency.filled() for blend in blends]
    shapes = [tuple(table.shape) for table in learnt]
    if len(set(shapes)) > 1:
        raise RunError(
            'the trainings have tables of different shapes (classes, '
            f'combinations): {", ".join(map(str, shapes))}'
        )
    density = torch.stack(learnt).numpy() / blends[0].joint_counts.numpy()
    whole = agreement(density)
    apart = agreement(density - density.mean(1, keepdims=True))
    choices = np.stack([blend.choices().numpy() for blend in blends]).mean(0)
    _, cfg = load_run_config(runs[0])
    counts, classes = known_classes(runs[0], cfg, states[0], None)
    counts = np.zeros(shapes[0][0]) if counts is None else counts
    rows = [
        (
            classes[k] if classes else str(k),
            f'{counts[k]:.0f}' if counts.any() else ABSENT,
            *(f'{values[:, k].mean():.2f}' for values in (whole, apart)),
            f'{choices[k]:.1f}',
        )
        for k in class_order(counts)
    ]
    columns = [
        *('class', 'training samples', 'agreement'),
        *('less the mean over classes', 'draws from'),
    ]
    pandas = needed('pandas')
    frame = pandas.DataFrame(rows, columns=columns)
    # A class without an order counts in no mean.
    pairs = [
        pandas.DataFrame(values).mean(axis=1) for values in (whole, apart)
    ]
    told = [f'{v.mean():.2f} ({v.min():.2f} to {v.max():.2f})' for v in pairs]
    return (
        f'{markdown(frame, "tnnnn")}\n{len(runs)} trainings, mean and range '
        f'over {len(whole)} pairs: agreement {told[0]}, less the mean over '
        f'classes {told[1]}; a class draws from {choices.mean():.1f} of '
        f'{shapes[0][1]} combinations'
    )


def main() -> None:
    """Print the report."""
    args = parse_args()
    try:
        with torch.no_grad():
            print(report(args.runs))
    except (RunError, ValueError) as error:
        sys.exit(f'error: {error}')


if __name__ == '__main__':
    main()
