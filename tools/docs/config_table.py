"""Write the table of all configs, docs/configs.md."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mmengine.config import Config

import shapmix_mm  # noqa: F401  (cures stock wheels)
from shapmix_mm.compat.configs import leaf_files
from shapmix_mm.config.data import innermost
from shapmix_mm.datasets.longtail_profile import exp_counts

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / 'docs' / 'configs.md'
MARK = '<!-- from here on written by tools/docs/config_table.py -->'
# Rows of the paper's tables; a config may stand in several.
TABLES = (
    (
        '1',
        r'ctrgcn_(ce|mixup|remixdrw|ce_ros|focal|cb|ldamdrw|balsoftmax|ib'
        r'|(balsoftmax_)?maxnorm|shapmix)_ltntu(60|120)',
    ),
    ('2', r'ctrgcn_(ce|shapmix)_k400'),
    ('3', r'ctrgcn_(ce|remixdrw|balsoftmax|shapmix)_ltntu120(-if(50|10))?'),
    (
        '4',
        r'ctrgcn_stmix_ntu(60(-xview)?|120(-xset)?)'
        r'(-(bone|jointmotion|bonemotion))?',
    ),
    ('5', r'(ctrgcn|agcn)_(ce|stmix)_ntu120(-xset)?'),
    ('6', r'ctrgcn_(ce|skelemix|tacnnmix|stmix(_mixup|_cutmix)?)_ntu60'),
    ('7', r'ctrgcn_stmix(_joint|_copy)?_ntu60'),
    ('8', r'ctrgcn_(stmix|shapmix(_gradcam)?)(_rs)?_ltntu60'),
)
SETS = dict(
    demo='Demo set',
    ltnwucla='LT-NW-UCLA',
    ltntu60='LT-NTU-60',
    ltntu120='LT-NTU-120',
    ntu60='NTU-60',
    ntu120='NTU-120',
    k400='Kinetics-400',
)
BACKBONES = dict(
    ctrgcn='CTR-GCN', stgcn='ST-GCN', stgcnpp='STGCN++', agcn='2s-AGCN'
)
STREAMS = dict(j='joint', b='bone', jm='joint motion', bm='bone motion')
HEADER = (
    *('config', 'paper', 'backbone', 'method', 'split', 'samples'),
    *('protocol', 'stream', 'epochs', 'batch'),
)


def parse_args() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        '--check',
        action='store_true',
        help='write nothing; 1 if the page is not what it should be',
    )
    return parser.parse_args()


def facts(path: Path) -> dict[str, str]:
    """What a config is, from its name and from what it loads to.

    Args:
        path (Path): Leaf config.

    Returns:
        dict[str, str]: A cell by column, and the ``set`` that it trains on.
    """
    cfg = Config.fromfile(path)
    backbone, *method, data = path.stem.split('_')
    name, *rest = data.split('-')
    (train,) = innermost(cfg.train_dataloader)
    repeated = cfg.train_dataloader.dataset.get('times', 1)
    effective = cfg.train_cfg.max_epochs * repeated
    (feats,) = (step.feats for step in train.pipeline if 'feats' in step)
    protocol = 'PYSKL' if 'pyskl' in rest else 'CTR-GCN'
    own = dict(ltnwucla='own', demo='own', k400='Kinetics')
    return dict(
        config=f'[`{path.stem}`](../{path.relative_to(ROOT).as_posix()})',
        paper=', '.join(t for t, p in TABLES if re.fullmatch(p, path.stem)),
        backbone=BACKBONES[backbone],
        method=' '.join(method),
        split=train.split.rpartition('_')[0] or '–',
        samples=samples(train),
        protocol=own.get(name, protocol),
        stream=' + '.join(STREAMS[feat] for feat in feats),
        epochs=str(effective),
        batch=str(cfg.train_dataloader.batch_size),
        set=SETS[name],
    )


def samples(train: Any) -> str:
    """How many training samples a dataset serves.

    Args:
        train (ConfigDict): Settings of the training set.

    Returns:
        str: Total, largest and smallest class where a rule gives them; the
        file that lists them; or that they are all.
    """
    longtail = train.get('longtail')
    if longtail is None:
        return 'all'
    if longtail.profile == 'list':
        return f'`{Path(longtail.file).name}`'
    counts = exp_counts(longtail.n_max, longtail.imbalance, train.num_classes)
    return f'{sum(counts):,} ({max(counts)}–{min(counts)})'


def table(configs: Path) -> Iterator[str]:
    """Lines of the tables, one for each training set.

    Args:
        configs (Path): Folder of the leaf configs.

    Yields:
        str: Lines of Markdown.
    """
    rows = [facts(path) for path in leaf_files(configs)]
    for title in SETS.values():
        own = [row for row in rows if row['set'] == title]
        if not own:
            continue
        yield from ('', f'## {title}', '', f'| {" | ".join(HEADER)} |')
        yield '|' + '---|' * len(HEADER)
        for row in own:
            yield '| ' + ' | '.join(row[key] for key in HEADER) + ' |'


def page(text: str) -> str:
    """The page with its tables made anew.

    Args:
        text (str): The page as it is.

    Returns:
        str: The page as it should be.

    Raises:
        ValueError: If it lacks the mark after which the tables come.
    """
    head, mark, _ = text.partition(MARK)
    if not mark:
        raise ValueError(f'{PAGE} lacks the line {MARK}')
    return '\n'.join([head + MARK, *table(ROOT / 'configs')]) + '\n'


def main() -> int:
    """Write the page, or compare it."""
    args = parse_args()
    old = PAGE.read_text(encoding='utf-8')
    new = page(old)
    if not args.check:
        PAGE.write_text(new, encoding='utf-8')
    elif old != new:
        print(f'{PAGE} is out of date: python tools/docs/config_table.py')
        return 1
    return 0


if __name__ == '__main__':
    sys.exit(main())
