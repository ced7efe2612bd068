"""Time recognizers against their textbook forms, at each one's own input.

The textbook form has the same weights and does operation after operation what
the authors state, on (N, C, T, V). Outputs are compared first. Both forms run
in turn, round after round, so that a busy machine slows both; a ratio is
taken within each round.
"""

from __future__ import annotations

import argparse
import copy

import torch
from backbone import MODES, measure, step
from backbone_models import load_textbook
from backbone_page import JOINTS, ROWS, Row, inputs
from mmaction.registry import MODELS
from timing import spread
from torch import nn

from shapmix_mm.arguments import PositiveInt, option
from shapmix_mm.skeletons import get_layout

LAYOUT = 'nturgb+d'
TITLES = (
    'CTR-GCN',
    'HD-GCN',
    'InfoGCN',
    'Stream-GCN',
    'MS-G3D',
    'MST-GCN',
    'Shift-GCN',
    'SGN',
    'EfficientGCN-B0',
)


def parse_args() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    add = parser.add_argument
    add('--models', nargs='+', default=TITLES, choices=TITLES)
    add('--rounds', type=option(PositiveInt), default=5)
    add('--batch', type=option(PositiveInt), default=2, help='samples N')
    return parser.parse_args()


def forms(row: Row) -> dict[str, nn.Module]:
    """Our form of a backbone and its textbook's, with equal weights."""
    # As a dict, so that both forms draw the same graph from it.
    graph = get_layout(LAYOUT).graph_layout()
    torch.manual_seed(0)
    ours = MODELS.build(
        dict(row.backbone, graph_cfg=dict(layout=graph, mode='spatial'))
    )
    for module in ours.modules():
        if hasattr(module, 'alpha'):
            # At zero, where it starts, nothing would be refined.
            nn.init.ones_(module.alpha)
    if row.title in ('CTR-GCN', 'Stream-GCN'):
        plain = load_textbook('textbook_ctrgcn').TextbookCTRGCN(
            graph, variant='authors'
        )
        if row.title == 'CTR-GCN':
            plain.load_state_dict(ours.state_dict())
            return dict(ours=ours, textbook=plain)
    else:
        plain = None
    textbook = load_textbook('textbook_recognizers').textbook_form
    return dict(ours=ours, textbook=textbook(ours, plain))


def difference(models: dict[str, nn.Module], row: Row, batch: int) -> float:
    """Largest difference of outputs in float64, relative to the largest.

    Untrained networks magnify what float32 rounds.
    """
    x = inputs(row, batch).double()
    with torch.no_grad():
        ours, textbook = (
            copy.deepcopy(model).double().eval()(x)
            for model in models.values()
        )
    return float((ours - textbook).abs().max() / textbook.abs().max())


def ratios(
    models: dict[str, nn.Module], row: Row, mode: str, args: argparse.Namespace
) -> str:
    """Line of our milliseconds and of the ratio, with its quartiles."""
    x = inputs(row, args.batch)
    for model in models.values():
        model.train(mode == 'forward_backward')
    times = measure(
        models,
        lambda model: step(model, x, mode, torch.float32),
        args.rounds + 1,
    )
    ours, textbook = (times[name][1:] for name in models)
    middle, low, high = spread(ours / textbook)
    return (
        f'  {mode:17} {spread(ours)[0]:9.1f} ms   '
        f'{middle:.2f} [{low:.2f}, {high:.2f}]'
    )


def main() -> None:
    """Print a line for each recognizer and mode."""
    args = parse_args()
    torch.set_num_threads(1)
    # Untrained attention is full of numbers just above zero, with which a
    # processor is slow: neither form should be timed by how it meets them.
    torch.set_flush_denormal(True)
    print(
        f'N={args.batch} V={JOINTS}, 1 CPU thread, torch {torch.__version__}, '
        f'{args.rounds} rounds after one; CPU time, ours / textbook'
    )
    for row in (row for row in ROWS if row.title in args.models):
        models = forms(row)
        off = difference(models, row, args.batch)
        print(f'{row.title}: outputs differ by {off:.1e} of the largest')
        for mode in MODES:
            print(ratios(models, row, mode, args), flush=True)


if __name__ == '__main__':
    main()
