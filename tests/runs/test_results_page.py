"""Tables of the main rows on the pages are those of the committed runs."""

from __future__ import annotations

import csv
import itertools
import math
import re
import runpy
from collections import defaultdict
from pathlib import Path

import numpy as np
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
    'LT-SBU': 'ltsbu',
}
PAGES = {**SETS, 'The demo set': 'demo'}
# Folds share training clips: 1 / n + 1 / (folds - 1) in place of 1 / n.
OVERLAP = {'ltnwucla-folds': 1 / 9, 'ltsbu': 1 / 4}
METHODS = {
    'cross-entropy': 'ce',
    'Balanced Softmax (BS)': 'balsoftmax',
    'ST-Mix + BS': 'stmix',
    'Shap-Mix + BS': 'shapmix',
    'Shap-Mix + BS, released rule': 'shapmix_released',
    'BS, 200 passes': 'balsoftmax-2x',
}
ORACLE = {
    'random mixing (ST-Mix)': 'stmix',
    "guided by what is learnt, paper's rule": 'shapmix',
    'the same, released scale, label by the table': 'sharplabel',
    'true parts drawn, label by area': 'truedraw',
    'true parts drawn, label by them': 'trueboth',
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
            yield pytest.param(PAGES[title], text, id=PAGES[title])
    readme = (ROOT / 'README.md').read_text('utf-8')
    yield pytest.param('ltmsrc12', readme, id='readme')


def test_no_set_lost_its_section():
    ids = {section.id for section in sections()}
    assert ids == {*PAGES.values(), 'readme'}


@pytest.mark.parametrize('dataset, text', sections())
def test_tables_of_accuracies_are_those_of_the_runs(dataset, text):
    runs = read_runs()
    head, rows = next(t for t in tables(text) if t[0][0] == 'method')
    names = [row[0] for row in rows]
    assert names[:4] == list(METHODS)[:4]
    for row in rows:
        for title, cell in zip(head[1:], row[1:]):
            if title == 'cost':
                continue
            metric = METRICS.get(title, title)
            values = runs[dataset, METHODS[row[0]], metric]
            told = interval(list(values.values()), dataset)
            assert cell == told, (row[0], title)


def joint(runs, method, metric, baseline, datasets):
    """Welch and Satterthwaite over sets that count alike, seed by seed."""
    sets = [
        np.array(
            [
                value - runs[name, baseline, metric][seed]
                for seed, value in runs[name, method, metric].items()
                if seed in runs[name, baseline, metric]
            ]
        )
        for name in datasets
    ]
    errors = np.array([variance(d, n) for d, n in zip(sets, datasets)])
    freedom = np.array([len(d) - 1 for d in sets])
    together = errors.sum() ** 2 / (errors**2 / freedom).sum()
    scale = np.sqrt(errors.sum()) / len(sets)
    mean = np.mean([d.mean() for d in sets])
    half = stats.t.ppf(0.975, together) * scale
    return sum(map(len, sets)), mean, mean - half, mean + half


def test_the_joint_table_is_that_of_the_runs():
    runs = read_runs()
    head, rows = next(
        t for t in tables(PAGE.read_text('utf-8')) if '95 % interval' in t[0]
    )
    assert head[:5] == ['method', 'metric', 'n', 'difference', '95 % interval']
    assert len(rows) == 12
    for row in rows:
        metric = METRICS.get(row[1], row[1])
        n, mean, low, high = joint(
            runs, METHODS[row[0]], metric, 'balsoftmax', SETS.values()
        )
        told = [str(n), f'{mean:+.1f}', f'{low:+.1f} to {high:+.1f}']
        assert row[2:5] == told, row[:2]


@pytest.mark.parametrize(
    'method, metric',
    [
        (m, k)
        for m in ('stmix', 'shapmix', 'shapmix_released')
        for k in ('overall', 'few')
    ],
)
def test_figures_at_equal_cost_are_those_of_the_runs(method, metric):
    _, mean, low, high = joint(
        read_runs(),
        method,
        metric,
        'balsoftmax-2x',
        ['ltmsrc12', 'ltpennaction'],
    )
    text = re.sub(r'\s+', ' ', PAGE.read_text('utf-8'))
    told = text.partition('**With as many clips**')[2].partition(' - **')[0]
    assert f'{mean:+.1f} ({low:+.1f} to {high:+.1f}, ' in told
    if metric == 'few':
        readme = re.sub(r'\s+', ' ', (ROOT / 'README.md').read_text('utf-8'))
        assert f'{mean:.1f} points ({low:.1f} to {high:.1f})' in readme or (
            f'{mean:.1f} ({low:.1f} to {high:.1f})' in readme
        )


def test_the_table_of_the_oracle_is_that_of_its_runs():
    runs = read_runs()
    text = PAGE.read_text('utf-8').partition('## How much guidance can')[2]
    head, rows = next(t for t in tables(text) if t[0][0] == 'method')
    assert [row[0] for row in rows] == list(ORACLE)
    for row in rows:
        for title, cell in zip(head[1:], row[1:]):
            less = title.removesuffix(' less ST-Mix')
            values = runs['demo', ORACLE[row[0]], METRICS.get(title, less)]
            assert list(values) == [0, 1, 2]
            told = interval(list(values.values()), 'demo')
            if title != less:
                other = runs['demo', 'stmix', less]
                pairs = [values[seed] - other[seed] for seed in values]
                told = interval(pairs, 'demo', sign='+')
                told = told if any(pairs) else ''
            assert cell == told, (row[0], title)


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
