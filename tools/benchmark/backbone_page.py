"""Print the table of all recognizers: size, work, speed, source.

Parameters and multiply-adds are counted on the networks as they are built
here, for one sample at the input of each one's own recipe; the time is that
of a training step on one CPU thread, relative to the authors' CTR-GCN at the
same number of samples, round after round in turn.
"""

from __future__ import annotations

import argparse
from typing import Any, NamedTuple

import numpy as np
import torch
from mmaction.registry import MODELS
from mmengine.logging import MMLogger
from mmengine.registry import DefaultScope
from timing import Clock
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

import shapmix_mm  # noqa: F401  (registers the recognizers)
from shapmix_mm.arguments import PositiveInt, option

CLASSES = 120
JOINTS = 25


class Row(NamedTuple):
    """A recognizer and what its page says of it.

    Args:
        title (str): Its name.
        backbone (dict): Config, without the graph.
        frames (int): Frames of its own input.
        persons (int): Persons of its own input.
        licence (str): Of the authors' code.
        accuracy (str): Percent that the authors report on NTU-120, cross-
            subject / cross-setup, and how many streams are fused.
        loads (str): Checkpoints that load.
        head (str): Type of its head.
    """

    title: str
    backbone: dict[str, Any]
    frames: int
    persons: int
    licence: str
    accuracy: str
    loads: str
    head: str = 'GCNHead'


OWN = 'authors, converted'
ROWS = (
    Row(
        'CTR-GCN',
        dict(type='CTRGCN', variant='authors'),
        64,
        2,
        'CC BY-NC 4.0',
        '88.9 / 90.6 (4)',
        OWN,
    ),
    Row(
        'CTR-GCN, MMAction2',
        dict(type='CTRGCN'),
        100,
        2,
        'Apache-2.0',
        '–',
        'MMAction2, as they are',
    ),
    Row('HD-GCN', dict(type='HDGCN'), 64, 2, 'MIT', '89.8 / 91.2 (4)', OWN),
    Row(
        'InfoGCN',
        dict(type='InfoGCN'),
        64,
        2,
        'none',
        '89.8 / 91.2 (6)',
        OWN,
        'InformationHead',
    ),
    Row(
        'Stream-GCN',
        dict(type='StreamGCN'),
        64,
        2,
        'none',
        '89.7 / 91.0 (6)',
        OWN,
        'StreamHead',
    ),
    Row('MS-G3D', dict(type='MSG3D'), 300, 2, 'MIT', '86.9 / 88.4 (2)', OWN),
    Row(
        'MS-G3D, MMAction2',
        dict(type='MSG3D', variant='mmaction'),
        100,
        2,
        'Apache-2.0',
        '–',
        'MMAction2, as they are',
    ),
    Row('MST-GCN', dict(type='MSTGCN'), 300, 2, 'MIT', '87.5 / 88.8 (4)', OWN),
    Row(
        'Shift-GCN',
        dict(type='ShiftGCN'),
        300,
        2,
        'CC BY-NC 4.0',
        '85.9 / 87.6 (4)',
        OWN,
    ),
    Row('SGN', dict(type='SGN'), 20, 1, 'MIT', '79.2 / 81.5 (2)', OWN),
    *(
        Row(
            f'EfficientGCN-B{scale}',
            dict(type='EfficientGCN', scale=scale),
            288,
            2,
            'MIT',
            '88.3 / 89.1 (1, Sep)' if scale == 4 else '–',
            OWN,
        )
        for scale in (0, 2, 4)
    ),
)


def parse_args() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument(
        '--time', action='store_true', help='time training steps as well'
    )
    parser.add_argument('--rounds', type=option(PositiveInt), default=3)
    parser.add_argument(
        '--batch', type=option(PositiveInt), default=2, help='samples N'
    )
    return parser.parse_args()


def build(row: Row) -> nn.Module:
    """Build the recognizer of a row for NTU-120.

    Args:
        row (Row): Which.
    """
    graph = dict(layout='nturgb+d', mode='spatial')
    backbone = dict(row.backbone, graph_cfg=graph)
    with DefaultScope.overwrite_default_scope('mmaction'):
        probe = MODELS.build(backbone).to('meta').eval()
        with torch.no_grad():
            channels = probe(inputs(row, 1, 'meta')).size(2)
        head = dict(type=row.head, num_classes=CLASSES, in_channels=channels)
        return MODELS.build(
            dict(type='RecognizerGCN', backbone=backbone, cls_head=head)
        )


def inputs(row: Row, samples: int, device: str = 'cpu') -> Tensor:
    """Skeletons of the row's own input.

    Args:
        row (Row): Which.
        samples (int): Number of samples N.
        device (str): Where. Defaults to 'cpu'.
    """
    shape = (samples, row.persons, row.frames, JOINTS, 3)
    return torch.randn(shape, device=device)


def scores(model: Any, x: Tensor) -> Tensor:
    """Scores of skeletons."""
    return model.cls_head(model.backbone(x))


def counted(row: Row) -> tuple[int, int]:
    """Parameters, and multiply-adds of one sample at inference."""
    model = build(row).eval()
    parameters = sum(p.numel() for p in model.parameters())
    x = inputs(row, 1, 'meta')
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        scores(model.to('meta'), x)
    return parameters, counter.get_total_flops() // 2


def timed(rows: tuple[Row, ...], rounds: int, batch: int) -> list[float]:
    """Median ratio of a training step's time to that of the first row."""
    models = [build(row).train() for row in rows]
    clock = Clock(torch.device('cpu'))
    times = np.empty((rounds + 1, len(rows)))
    for number in range(rounds + 1):
        for column, (row, model) in enumerate(zip(rows, models)):
            x = inputs(row, batch)
            begin = clock.mark()
            scores(model, x).square().mean().backward()
            end = clock.mark()
            clock.finish()
            times[number, column] = clock.between(begin, end)
            model.zero_grad(set_to_none=True)
    # The first round warms up.
    return list(np.median(times[1:] / times[1:, :1], axis=0))


def main() -> None:
    """Print the table."""
    args = parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    MMLogger.get_instance('mmengine', log_level='WARNING')
    print(*table(args.time, args.rounds, args.batch), sep='\n')


def table(time: bool, rounds: int = 3, batch: int = 2) -> list[str]:
    """Lines of the table.

    Args:
        time (bool): Whether training steps are timed.
        rounds (int): Rounds that count. Defaults to 3.
        batch (int): Samples of a step. Defaults to 2.
    """
    heads = ['recognizer', 'input (T, M)', 'parameters', 'multiply-adds']
    heads += ['training step'] * time
    heads += ['licence of the code', 'reported NTU-120', 'checkpoints']
    ratios = timed(ROWS, rounds, batch) if time else []
    lines = [heads, ['---'] * len(heads)]
    for number, row in enumerate(ROWS):
        parameters, work = counted(row)
        cells = [
            row.title,
            f'{row.frames}, {row.persons}',
            f'{parameters:,}',
            f'{work / 1e9:.2f} G',
        ]
        if time:
            cells.append(f'{ratios[number]:.2f}')
        lines.append([*cells, row.licence, row.accuracy, row.loads])
    return [f'| {" | ".join(line)} |' for line in lines]


if __name__ == '__main__':
    main()
