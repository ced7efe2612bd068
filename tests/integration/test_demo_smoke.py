"""The suite that tells whether the harness works, from data to report."""

import csv
import re
from pathlib import Path

import pytest
import torch
import yaml

from shapmix_mm.datasets.demo import DemoSettings, make_demo, write_demo

SUITE = Path(__file__).parents[2] / 'tools/benchmark/suites/demo-smoke.yaml'
METHODS = ('ce', 'shapmix', 'crt')
ACCURACIES = ('overall', 'many', 'medium', 'few', 'mean_class')


@pytest.fixture
def suite(tmp_path):
    """The shipped suite on a demo set with fewer clips of each group."""
    data = tmp_path / 'demo.pkl'
    settings = DemoSettings(n_max=42, imbalance=42, test_per_class=2)
    write_demo(data, make_demo(settings))
    content = yaml.safe_load(SUITE.read_text())
    options = content['datasets'][0]['demo']['options']
    options['train_dataloader.dataset.dataset.ann_file'] = str(data)
    for part in ('val', 'test'):
        options[f'{part}_dataloader.dataset.ann_file'] = str(data)
    path = tmp_path / 'demo-smoke.yaml'
    path.write_text(yaml.safe_dump(content, sort_keys=False))
    return path


@pytest.mark.slow
def test_it_trains_and_every_cell_is_there(suite, tool, tmp_path):
    root = tmp_path / 'runs'
    result = tool(
        *('benchmark/longtail', suite, '--root', root, '--workers', 2),
        forks=True,
    )
    assert '6 of 6 runs are finished' in result.out
    # The second stage goes on from the checkpoint of its own seed.
    for seed in '01':
        log = (root / 'demo' / 'crt' / seed / 'train.log').read_text()
        first = root / 'demo' / 'ce' / seed / 'epoch_1.pth'
        assert f'Load checkpoint from {first}' in log

    tool('benchmark/longtail', suite, '--root', root, '--report')
    with open(root / 'report' / 'summary.csv', newline='') as stream:
        table = {(r['method'], r['metric']): r for r in csv.DictReader(stream)}
    assert set(table) == {
        (method, metric)
        for method in METHODS
        for metric in (*ACCURACIES, 'ece', 'cost')
    }
    for (method, metric), row in table.items():
        assert row['n'] == '2' and float(row['mean']) >= 0
        assert float(row['half_width_95']) >= 0
        if method != 'ce' and metric != 'cost':
            assert (row['baseline'], row['paired_n']) == ('ce', '2')
    text = (root / 'report' / 'report.md').read_text()
    means = text.split('## demo set')[1].split('Difference from')[0]
    means = re.sub(r' +', ' ', means)
    assert '| – |' not in means and '| 1 + 1 |' in means
    clock = 'wall' if torch.cuda.is_available() else 'processor'
    assert f'Cost is the {clock} time' in means
    for name in ('report.html', 'runs.csv'):
        assert (root / 'report' / name).stat().st_size > 500
