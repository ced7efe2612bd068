"""Tables of the main rows on the pages are those of the committed runs."""

from __future__ import annotations

import csv
import itertools
import math
import re
import runpy
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

ROOT = Path(__file__).resolve().parents[2]
RUNS = sorted((ROOT / 'docs' / 'results').glob('*/runs.csv'))
PAGE = ROOT / 'docs' / 'longtail_results.md'
SETS = {
    'LT-MSRC-12': 'ltmsrc12',
    'LT-NW-UCLA by subject': 'ltnwucla-folds',
    'LT-UTD-MHAD': 'ltutdmhad',
    'LT-Penn-Action': 'ltpennaction',
    'LT-SBU by pair': 'ltsbu',
}
PAGES = {
    **SETS,
    **dict.fromkeys(
        ['The demo set', 'Who is pasted', 'How much guidance can give'], 'demo'
    ),
}
# Folds share training clips: 1 / n + 1 / (folds - 1) in place of 1 / n.
OVERLAP = {'ltnwucla-folds': 1 / 9, 'ltsbu': 1 / 4}
METHODS = {
    'cross-entropy': 'ce',
    'Balanced Softmax (BS)': 'balsoftmax',
    'class-balanced sampling': 'sampling',
    'ST-Mix + BS': 'stmix',
    "Shap-Mix + BS, paper's rule": 'shapmix',
    'Shap-Mix + BS, released rule': 'shapmix_released',
    'Shap-Mix + BS, cheaper estimate': 'shapmix_fast',
    'BS, 2 x epochs': 'balsoftmax-2x',
    'ST-Mix + BS, persons in both': 'stmix-both',
    "Shap-Mix + BS, paper's rule, persons in both": 'shapmix-both',
    'released scale, label by its table': 'sharplabel',
    'true parts drawn, label by area': 'truedraw',
    'true parts drawn, label by them': 'trueboth',
}
BASELINES = {
    'BS': 'balsoftmax',
    'BS of 2 x epochs': 'balsoftmax-2x',
    'ST-Mix': 'stmix',
    'Shap-Mix': 'shapmix',
}
METRICS = {'mean class': 'mean_class', 'ECE': 'ece'}
COLUMNS = ('overall', 'many', 'medium', 'few', 'mean_class', 'ece')


def read_runs():
    """Value in percent by set, method, metric and seed."""
    found = defaultdict(dict)
    for path in RUNS:
        with open(path, newline='', encoding='utf-8') as stream:
            for run in csv.DictReader(stream):
                for metric in COLUMNS:
                    key = run['dataset'], run['method'], metric
                    found[key][int(run['seed'])] = 100 * float(run[metric])
    return found


def variance(values, dataset):
    """Of the mean over seeds or folds, after Nadeau and Bengio."""
    share = 1 / len(values) + OVERLAP.get(dataset, 0)
    return np.var(values, ddof=1) * share


def interval(values, dataset, sign=''):
    """Mean and half of its 95 % t interval."""
    half = stats.t.ppf(0.975, len(values) - 1)
    half *= math.sqrt(variance(values, dataset))
    return f'{np.mean(values):{sign}.1f} ± {half:.1f}'


def tables(text):
    """Header and rows of each Markdown table, cells stripped."""
    for block in re.findall(r'(?:^\|.*\|\n)+', text, re.MULTILINE):
        head, _, *rows = (
            [cell.strip() for cell in line.strip('|').split('|')]
            for line in block.splitlines()
        )
        yield head, rows


def sections():
    for part in re.split(r'^## ', PAGE.read_text('utf-8'), flags=re.MULTILINE):
        title, _, text = part.partition('\n')
        if title in PAGES:
            yield pytest.param(PAGES[title], text, id=title)
    readme = (ROOT / 'README.md').read_text('utf-8')
    yield pytest.param('ltmsrc12', readme, id='readme')


def test_no_set_lost_its_section():
    ids = {section.id for section in sections()}
    assert ids == {*PAGES, 'readme'}


def welch(differences, datasets):
    """Mean, half of its 95 % interval, p and pairs of sets that count alike.

    Of one set the t test; of several that of Welch and Satterthwaite.
    """
    errors = np.array(list(map(variance, differences, datasets)))
    freedom = np.array([len(values) - 1 for values in differences])
    together = errors.sum() ** 2 / (errors**2 / freedom).sum()
    scale = np.sqrt(errors.sum()) / len(datasets)
    mean = np.mean([np.mean(values) for values in differences])
    p = 2 * stats.t.sf(abs(mean) / scale, together)
    return mean, stats.t.ppf(0.975, together) * scale, p


def difference(runs, method, metric, baseline, datasets):
    """Of a method and a baseline, of equal seeds, and the sets with both."""
    pairs = {
        name: [
            own - other[seed] for seed, own in mine.items() if seed in other
        ]
        for name in datasets
        if (mine := runs[name, method, metric])
        and (other := runs[name, baseline, metric])
    }
    return (*welch([*pairs.values()], [*pairs]), pairs)


def clear(ps):
    """Whether each p is below 5 % after Holm, step by step."""
    order = sorted(ps, key=ps.get)
    found = dict.fromkeys(ps, False)
    for rank, name in enumerate(order):
        if ps[name] * (len(order) - rank) >= 0.05:
            break
        found[name] = True
    return found


def check_differences(rows, at, runs, metric, baseline, datasets):
    """Cells of a column, and which of them are bold."""
    ps = {}
    for row in rows:
        method = METHODS[row[0]]
        if method == baseline:
            assert not row[at]
            continue
        mean, half, p, pairs = difference(
            runs, method, metric, baseline, datasets
        )
        told = f'{mean:+.1f} ± {half:.1f}'
        if len(datasets) > 1:
            told = f'{mean:+.1f} ({mean - half:+.1f} to {mean + half:+.1f})'
        if len(pairs) < len(datasets):
            told += f', {len(pairs)} sets'
        assert row[at].strip('*') == told, (row[0], metric, baseline)
        # Training for longer is a control, and no method of the family.
        if not method.endswith('-2x'):
            ps[row[0]] = p
    bold = {row[0] for row in rows if row[at].startswith('**')}
    assert bold == {name for name, found in clear(ps).items() if found}


@pytest.mark.parametrize('dataset, text', sections())
def test_tables_of_accuracies_are_those_of_the_runs(dataset, text):
    runs = read_runs()
    own = re.split(r'^### ', text, flags=re.MULTILINE)[0]
    columns = [
        (rows, at, title)
        for head, rows in tables(own)
        for at, title in enumerate(head)
        if head[0] == 'method' and at
    ]
    assert columns
    for rows, at, title in columns:
        title, _, baseline = title.partition(' less ')
        metric = METRICS.get(title, title)
        if baseline:
            baseline = BASELINES[baseline]
            check_differences(rows, at, runs, metric, baseline, [dataset])
        elif title != 'cost':
            for row in rows:
                values = runs[dataset, METHODS[row[0]], metric]
                told = interval(list(values.values()), dataset)
                assert row[at] == told, (row[0], title)


@pytest.mark.parametrize('path', [PAGE, ROOT / 'README.md'])
@pytest.mark.parametrize('title', ['overall', 'few-shot'])
def test_the_joint_tables_are_those_of_the_runs(title, path):
    metric = title.removesuffix('-shot')
    head, rows = next(
        t for t in tables(path.read_text('utf-8')) if t[0][0] == title
    )
    baselines = [*BASELINES][:3]
    assert head[1:] == [f'less {name}' for name in baselines]
    assert [METHODS[row[0]] for row in rows] == [
        *('ce', 'balsoftmax', 'sampling', 'stmix'),
        *('shapmix', 'shapmix_released', 'shapmix_fast'),
    ]
    for at, name in enumerate(baselines, 1):
        baseline = BASELINES[name]
        check_differences(
            rows, at, read_runs(), metric, baseline, [*SETS.values()]
        )


def test_the_tool_that_fills_the_tables_changes_nothing():
    tool = ROOT / 'tools' / 'docs' / 'results_tables.py'
    subprocess.run([sys.executable, tool, '--check'], check=True)


def test_the_tool_mends_wrong_cells():
    file = ROOT / 'tools' / 'docs' / 'results_tables.py'
    text = PAGE.read_text('utf-8')
    wrong = re.sub(
        r'^(\| cross-entropy *\| *)\S+', r'\g<1>9', text, flags=re.MULTILINE
    )
    assert wrong != text
    runs = pd.concat(map(pd.read_csv, RUNS))
    assert runpy.run_path(str(file))['fill'](wrong, runs) == text


def test_the_draw_of_a_table_that_knows_the_truth():
    """Softmax of Eq. 3 for the parts in the mixin, without the blend."""
    scope = runpy.run_path(str(ROOT / 'configs' / '_base_' / 'trueparts.py'))
    table = scope['model']['data_preprocessor']['blending']['table']
    names = sorted({name for parts in table for name in parts})
    combinations = [
        set(c) for size in (2, 3) for c in itertools.combinations(names, size)
    ]
    assert (len(table), len(combinations)) == (16, 20)
    found = []
    for scale in ('any', 'l1', 'released'):
        chances = []
        for parts in map(set, table):
            value = np.array(
                [len(parts & c) / len(parts) for c in combinations]
            )
            logits = {
                'any': 0 * value,
                'l1': value / value.sum() / 0.2,
                'released': 10 * value / 0.2,
            }[scale]
            chance = np.exp(logits - logits.max())
            holds = np.array([parts <= c for c in combinations])
            chances.append(chance[holds].sum() / chance.sum())
        found.append(f'{100 * np.mean(chances):.0f} %')
    _, rows = next(
        t
        for t in tables(PAGE.read_text('utf-8'))
        if t[0][0] == 'combination drawn'
    )
    assert [row[1] for row in rows] == found
