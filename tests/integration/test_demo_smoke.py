"""The suite of the main table, small enough for a test."""

import csv
import re
from pathlib import Path

import pytest
import torch
import yaml

from shapmix_mm.datasets.demo import DemoSettings, make_demo, write_demo

SUITES = Path(__file__).parents[2] / 'tools/benchmark/suites'
ACCURACIES = ('overall', 'many', 'medium', 'few', 'mean_class')


def read(name):
    return yaml.safe_load((SUITES / f'{name}.yaml').read_text())


@pytest.fixture
def suite(tmp_path):
    """Rows of `core` and a second stage, on the data of `demo-smoke`."""
    data = tmp_path / 'demo.pkl'
    settings = DemoSettings(n_max=42, imbalance=42, test_per_class=2)
    write_demo(data, make_demo(settings))
    core, content = read('core'), read('demo-smoke')
    options = content['datasets'][0]['demo']['options']
    options['train_dataloader.dataset.dataset.ann_file'] = str(data)
    for part in ('val', 'test'):
        options[f'{part}_dataloader.dataset.ann_file'] = str(data)
    own = {name: row for m in content['methods'] for name, row in m.items()}
    rows = {name: row for m in core['methods'] for name, row in m.items()}
    for name, row in rows.items():
        if name.startswith('shapmix'):
            # The leaf of the demo set draws figures, which takes its time.
            row.update({'leaf': 'ce', 'with': name})
            # So little training has no room for a warm-up.
            short = own['shapmix']['options']
            row['options'] = {**row.get('options', {}), **short}
    rows['crt'] = own['crt']
    content['methods'] = [{name: row} for name, row in rows.items()]
    content.update(baseline=core['baseline'], seeds=[3])
    path = tmp_path / 'core-smoke.yaml'
    path.write_text(yaml.safe_dump(content, sort_keys=False))
    return path, list(rows)


@pytest.mark.slow
def test_it_trains_and_every_cell_is_there(suite, tool, tmp_path):
    path, methods = suite
    root = tmp_path / 'runs'
    result = tool(
        *('benchmark/longtail', path, '--root', root, '--workers', 2),
        forks=True,
    )
    assert f'{len(methods)} of {len(methods)} runs are fin' in result.out
    # The second stage goes on from the checkpoint of its own seed.
    log = (root / 'demo' / 'crt' / '3' / 'train.log').read_text()
    first = root / 'demo' / 'ce' / '3' / 'epoch_1.pth'
    assert f'Load checkpoint from {first}' in log

    tool('benchmark/longtail', path, '--root', root, '--report')
    with open(root / 'report' / 'summary.csv', newline='') as stream:
        table = {(r['method'], r['metric']): r for r in csv.DictReader(stream)}
    assert set(table) == {
        (method, metric)
        for method in methods
        for metric in (*ACCURACIES, 'ece', 'cost')
    }
    for (method, metric), row in table.items():
        assert row['n'] == '1' and float(row['mean']) >= 0
        if method != 'balsoftmax' and metric != 'cost':
            assert (row['baseline'], row['paired_n']) == ('balsoftmax', '1')
    text = (root / 'report' / 'report.md').read_text()
    means = text.split('## demo set')[1].split('Difference from')[0]
    means = re.sub(r' +', ' ', means)
    for title, epochs, step in (
        ('BS, 2 x epochs', '2', 'N'),
        ('Shap-Mix + BS, released rule', '1', '2N'),
        ('classifier re-training (cRT)', '1 + 1', 'N'),
    ):
        assert f'| {title} | {epochs} | {step} | 1 |' in means
    assert '| – |' not in means
    clock = 'wall' if torch.cuda.is_available() else 'processor'
    assert f'Cost is the {clock} time' in means
    for name in ('report.html', 'runs.csv'):
        assert (root / 'report' / name).stat().st_size > 500
