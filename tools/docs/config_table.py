"""Write the tables of all configs, a README in each folder of configs."""

from __future__ import annotations

import argparse
import functools
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import yaml
from mmengine.config import Config

import shapmix_mm  # noqa: F401  (cures stock wheels)
from shapmix_mm.compat.configs import leaf_files
from shapmix_mm.config.data import innermost
from shapmix_mm.config.load import pipeline_steps
from shapmix_mm.datasets.longtail import exp_counts

sys.path.insert(0, str(Path(__file__).parent))
from make_leaf import recipe_of  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]
CONFIGS = ROOT / 'configs'
PAPER = Path(__file__).with_name('paper_figures.yml')
SETS = dict(
    demo='Demo set',
    ltmsrc12='LT-MSRC-12',
    ltnwucla='LT-NW-UCLA',
    ltutdmhad='LT-UTD-MHAD',
    ltpennaction='LT-Penn-Action',
    ltsbu='LT-SBU',
    ltntu60='LT-NTU-60',
    ltntu120='LT-NTU-120',
    ntu60='NTU-60',
    ntu120='NTU-120',
    k400='Kinetics-400',
)
BACKBONES = dict(
    ctrgcn='CTR-GCN',
    stgcn='ST-GCN',
    stgcnpp='STGCN++',
    agcn='2s-AGCN',
    hdgcn='HD-GCN',
    infogcn='InfoGCN',
    streamgcn='Stream-GCN',
    frhead='CTR-GCN with FR-Head',
    msg3d='MS-G3D',
    mstgcn='MST-GCN',
    shiftgcn='Shift-GCN',
    sgn='SGN',
    efficientgcn='EfficientGCN',
)
STREAMS = dict(
    **dict(j='joint', b='bone', k='skip'),
    **dict(jm='joint motion', bm='bone motion', km='skip motion'),
    **dict(ja='joint acceleration', ba='bone acceleration'),
)
HEADER = (
    *('config', 'base and mixins', 'paper', 'ours', 'training samples'),
    *('stream', 'epochs', 'batch', 'command'),
)
# What the paper reports of no single config, but of scores fused.
FUSED = dict(
    ntu60='Table 4 of the paper, fused: 2 streams 93.4 (xsub) and 96.8 '
    '(xview), 4 streams 93.7 and 97.1.',
    ntu120='Table 4 of the paper, fused: 2 streams 90.2 (xsub) and 91.6 '
    '(xset), 4 streams 90.4 and 91.7.',
)
INTRO = """\
<!-- Written by tools/docs/config_table.py -->

# {title}

*paper*: accuracy in percent that the Shap-Mix paper reports for this row, with
the number of its table; of a long-tailed set overall (many / medium / few). It
is no result of these configs. *ours*: measured with this version, overall
(few), from `configs/metafile.yml`; – where it has no figure of this version.
*epochs* are effective ones, passes over the data. What names and columns mean,
where the data come from, and how other combinations are trained:
[docs/configs.md]({up}docs/configs.md).
"""


def parse_args() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        '--check',
        action='store_true',
        help='write nothing; 1 if a page is not what it should be',
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
    (train,) = innermost(cfg.train_dataloader)
    repeated = cfg.train_dataloader.dataset.get('times', 1)
    stepless = cfg.train_cfg.type == 'SteplessTrainLoop'
    effective = 0 if stepless else cfg.train_cfg.max_epochs * repeated
    feats = next(s['feats'] for s in pipeline_steps(cfg) if 'feats' in s)
    inside = path.relative_to(ROOT).as_posix()
    second = 'SecondStageHook' in [hook.type for hook in cfg.custom_hooks]
    first = ' --cfg-options load_from=FIRST_STAGE.pth' if second else ''
    recipe = recipe_of(path)
    made = (
        ' + '.join([Path(recipe.base).stem, *recipe.mixins]) if recipe else ''
    )
    return dict(
        config=f'[`{path.stem}`]({path.name})',
        paper=paper(path.stem),
        ours=ours().get(path.stem, '–'),
        stream=' + '.join(STREAMS[feat] for feat in feats),
        epochs=str(effective),
        batch=str(cfg.train_dataloader.batch_size),
        command=f'`python tools/train.py {inside}{first}`',
        set=path.stem.rpartition('_')[2].split('-')[0],
        **{'base and mixins': made, 'training samples': samples(train)},
    )


def paper(name: str) -> str:
    """Figures of the paper for a config, table by table.

    Args:
        name (str): Config.

    Returns:
        str: A cell.
    """
    cells = []
    for table, (overall, *groups) in _figures().get(name, {}).items():
        inside = f' ({" / ".join(map(str, groups))})' if groups else ''
        cells.append(f'{overall}{inside}, Table {table}')
    return '; '.join(cells) or '–'


@functools.cache
def _figures() -> dict[str, dict[int, list[float]]]:
    return yaml.safe_load(PAPER.read_text(encoding='utf-8'))


@functools.cache
def ours() -> dict[str, str]:
    """Cells of the results that the model index has."""
    index = yaml.safe_load((ROOT / 'model-index.yml').read_text())
    cells = {}
    for file in index['Import']:
        for model in yaml.safe_load((ROOT / file).read_text())['Models']:
            for result in model.get('Results', []):
                metrics = result['Metrics']
                few = metrics.get('Few-shot Accuracy')
                cells[model['Name']] = f'{metrics["Top 1 Accuracy"]}' + (
                    '' if few is None else f' ({few})'
                )
    return cells


def samples(train: Any) -> str:
    """How many training samples a dataset serves.

    Args:
        train (ConfigDict): Settings of the training set.

    Returns:
        str: Split; total, largest and smallest class where a rule gives
        them; the file that lists them; or that they are all.
    """
    split = train.split.rpartition('_')[0]
    longtail = train.get('longtail')
    if longtail is None:
        text = 'all'
    elif longtail.profile == 'list':
        text = f'`{Path(longtail.file).name}`'
    else:
        counts = exp_counts(
            longtail.n_max, longtail.imbalance, train.num_classes
        )
        text = f'{sum(counts):,} ({max(counts)}–{min(counts)})'
    return f'{split}: {text}' if split else text


def page(folder: Path, rows: list[dict[str, str]]) -> str:
    """The README of a folder of configs.

    Args:
        folder (Path): The folder.
        rows (list[dict[str, str]]): What its configs are.

    Returns:
        str: The whole page.
    """
    top = folder == CONFIGS
    name = folder.name
    title = 'Quick start' if top else SETS.get(name, name)
    lines = [INTRO.format(title=title, up='../' if top else '../../')]
    if top:
        lines += ['More configs, by the set that they train on:', '']
        folders = sorted({path.parent for path in leaf_files(CONFIGS)})
        lines += [
            f'- [{SETS.get(other.name, other.name)}]({other.name}/README.md)'
            for other in folders
            if other != CONFIGS
        ] + ['']
    elif name in FUSED:
        lines += [FUSED[name], '']
    lines += [f'| {" | ".join(HEADER)} |', '|' + '---|' * len(HEADER)]
    lines += [f'| {" | ".join(row[k] for k in HEADER)} |' for row in rows]
    return '\n'.join(lines) + '\n'


def pages() -> Iterator[tuple[Path, str]]:
    """Every README and what it should say.

    Yields:
        tuple[Path, str]: File and text. A folder of a set lists the flat
        leaves of the set too.
    """
    rows = [(path, facts(path)) for path in leaf_files(CONFIGS)]
    for folder in sorted({path.parent for path, _ in rows}):
        own = []
        for path, row in rows:
            if path.parent == folder:
                own.append(row)
            elif path.parent == CONFIGS and row['set'] == folder.name:
                link = f'[`{path.stem}`](../{path.name})'
                own.append(dict(row, config=link))
        yield folder / 'README.md', page(folder, own)


def write_pages(
    pages: Iterable[tuple[Path, str]], check: bool, script: str
) -> int:
    """Write pages, or compare them.

    Args:
        pages (Iterable[tuple[Path, str]]): Files, and what they should say.
        check (bool): Whether to compare.
        script (str): What writes them, for the message.

    Returns:
        int: Exit code, 1 if a page that was compared is out of date.
    """
    stale = 0
    for path, text in pages:
        if path.is_file() and path.read_text(encoding='utf-8') == text:
            continue
        stale += 1
        if check:
            print(f'{path} is out of date: python {script}')
        else:
            path.write_text(text, encoding='utf-8')
    return 1 if check and stale else 0


def main() -> int:
    """Write the pages, or compare them."""
    return write_pages(pages(), parse_args().check, __file__)


if __name__ == '__main__':
    sys.exit(main())
