"""The comparison against numbers worked out apart from it."""

import base64
import csv
import dataclasses
import io
import json
import re
import shutil
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from shapmix_mm.runs import comparison
from shapmix_mm.runs.comparison import (
    _all_seconds,
    _seconds,
    collect,
    read_known,
    summarize,
    untrained,
    write_comparison,
)
from shapmix_mm.runs.queue import run_tasks
from shapmix_mm.runs.run import RunError, RunLog, read_log
from shapmix_mm.visualization import plot_method_intervals


@pytest.fixture(scope='module')
def tasks_below(make_tasks):
    """Function that lists runs of two methods on two datasets."""

    def tasks(folder):
        return [
            *make_tasks(folder, seeds=(0, 1, 2)),
            *make_tasks(folder, seeds=(0, 1), dataset='flat'),
        ]

    return tasks


@pytest.fixture(scope='module')
def finished(tmp_path_factory, tasks_below, trainer, slots):
    """The runs, which nobody changes; one dataset has no few."""
    folder = tmp_path_factory.mktemp('finished')
    tasks = tasks_below(folder)
    run_tasks(tasks, folder, slots, trainer, poll=0.01)
    return tasks


@pytest.fixture
def ran(finished, tasks_below, tmp_path):
    """The same runs, for one test alone."""
    for setting in ('tail', 'flat'):
        kept = finished[0].folder.parents[2] / setting
        shutil.copytree(kept, tmp_path / setting)
    return tasks_below(tmp_path)


@pytest.fixture(scope='module')
def once():
    """What is written only once."""
    return {}


@pytest.fixture
def written(once, finished, make_suite, tmp_path_factory):
    """What is written of the runs as they are."""
    if not once:
        folder = tmp_path_factory.mktemp('written')
        once.update(write(make_suite, finished, folder))
    return once


def write(make_suite, tasks, out, best=False):
    runs = collect(tasks, best=best)
    paths = write_comparison(make_suite(tasks), runs, out)
    found = {
        p.name: p.read_bytes() if p.suffix == '.png' else p.read_text()
        for p in paths
    }
    # Cells of a Markdown table are padded.
    found['report.md'] = re.sub(' +', ' ', found['report.md'])
    return found


def planned(tasks, part, name, **update):
    """The tasks, their entry of a name changed."""
    for task in tasks:
        entry = getattr(task.plan, part)
        if entry.name == name:
            entry = entry.model_copy(update=update)
        plan = dataclasses.replace(task.plan, **{part: entry})
        yield dataclasses.replace(task, plan=plan)


def lines(text):
    return list(csv.DictReader(io.StringIO(text)))


def values(accuracy, dataset, method, seeds, metric, epoch=3):
    return 100 * np.array(
        [accuracy(f'{dataset}/{method}/{s}', epoch, metric) for s in seeds]
    )


def test_numbers_are_those_of_the_logs(written, accuracy):
    table = {
        (r['dataset'], r['method'], r['metric']): r
        for r in lines(written['summary.csv'])
    }
    own = values(accuracy, 'tail', 'mix', range(3), 'few')
    base = values(accuracy, 'tail', 'ce', range(3), 'few')
    row = table['tail', 'mix', 'few']
    # t of 2 degrees of freedom is 4.302653.
    half = 4.302653 * own.std(ddof=1) / np.sqrt(3)
    assert float(row['mean']) == pytest.approx(own.mean())
    assert float(row['half_width_95']) == pytest.approx(half, rel=1e-6)
    assert float(row['difference']) == pytest.approx((own - base).mean())
    assert (row['n'], row['paired_n'], row['baseline']) == ('3', '3', 'ce')
    t = abs((own - base).mean()) / ((own - base).std(ddof=1) / np.sqrt(3))
    p = 1 - t / np.sqrt(t * t + 2)
    assert float(row['p']) == pytest.approx(p)
    cell = f'{own.mean():.1f} ± {half:.1f}'
    assert cell in written['report.md'] and cell in written['report.html']
    # Both log the same time per iteration.
    assert table['tail', 'mix', 'cost']['mean'] == '1.0'
    assert len(lines(written['runs.csv'])) == 10


def test_a_group_without_classes_is_absent(written):
    assert ('flat', 'few') not in {
        (r['dataset'], r['metric']) for r in lines(written['summary.csv'])
    }
    flat = written['report.md'].split('## flat')[1].split('## Runs')[0]
    head, _, first = [x for x in flat.splitlines() if x[:1] == '|'][:3]
    cells = dict(zip(head.split('|'), first.split('|')))
    assert cells[' few '] == ' – ' and re.match(r' \d', cells[' many '])
    for run in lines(written['runs.csv']):
        assert (run['few'] == '') == (run['dataset'] == 'flat')


def test_datasets_together(written, accuracy):
    part = written['report.md'].split('## All datasets together')[1]
    rows = [
        [cell.strip() for cell in line.split('|')[1:-1]]
        for line in part.split('## Runs')[0].splitlines()
        if line.startswith('| ')
    ]
    means = {(row[0], row[1]): row[2:] for row in rows[1:]}
    differences = [
        values(accuracy, name, 'mix', range(n), 'overall')
        - values(accuracy, name, 'ce', range(n), 'overall')
        for name, n in (('tail', 3), ('flat', 2))
    ]
    mean = np.mean([d.mean() for d in differences])
    row = means[next(key for key in means if key[1] == 'overall')]
    assert row[:3] == ['2', '5', f'{mean:+.1f}']
    # One dataset has no few, so that nothing is said of it over both.
    assert not [key for key in means if key[1] == 'few']
    assert written['ranks.png']
    assert 'over 5 pairs of dataset and seed' in part
    assert 'id="together"' in written['report.html']


def test_the_picture_of_datasets_together(
    finished, make_suite, accuracy, tmp_path, monkeypatch
):
    drawn = {}

    def keep(numbers, path, **look):
        drawn[path.name] = numbers, look
        return plot_method_intervals(numbers, path, **look)

    monkeypatch.setattr(comparison, 'plot_method_intervals', keep)
    found = write(make_suite, finished, tmp_path)
    numbers, look = drawn['together.png']
    assert found['together.png'][:4] == b'\x89PNG' and len(numbers) == 1
    assert look['unit'].endswith('above ce') and look['reference']['few'] == 0
    (row,) = numbers.values()
    # One dataset has no few, so that nothing is said of it over both.
    assert 'few' not in row
    tail, flat = (
        values(accuracy, name, 'mix', range(n), 'overall')
        - values(accuracy, name, 'ce', range(n), 'overall')
        for name, n in (('tail', 3), ('flat', 2))
    )
    dots, mean, half = row['overall']
    assert sorted(dots) == pytest.approx(sorted([tail.mean(), flat.mean()]))
    assert mean == pytest.approx((tail.mean() + flat.mean()) / 2)
    # Half of a Welch interval of the difference of tail and minus flat.
    welch = stats.ttest_ind(tail, -flat, equal_var=False)
    interval = welch.confidence_interval()
    assert half == pytest.approx((interval.high - interval.low) / 4)


def test_what_only_trains_for_longer_is_no_method(
    finished, make_suite, tmp_path
):
    runs = collect(finished)
    before = lines(summarize(runs, 'ce').to_csv(index=False))
    runs['task'] = [*planned(runs.task, 'method', 'mix', times=2)]
    after = lines(summarize(runs, 'ce').to_csv(index=False))
    ps, corrected = (
        [[row[key] for row in part if row['p']] for part in (before, after)]
        for key in ('p', 'p_holm')
    )
    assert ps[0] == ps[1] and corrected[0] == ps[0]
    assert not any(corrected[1])
    write_comparison(make_suite(finished), runs, tmp_path)
    report = (tmp_path / 'report.md').read_text()
    table = report.split('datasets together')[1].split('## Runs')[0]
    told = re.findall(r'to \S+ +\| ([\d.]+) +\| +(\S+) +\|$', table, re.M)
    # Overall, many, medium and mean class.
    assert [corrected for _, corrected in told] == ['–'] * 4
    assert not (tmp_path / 'ranks.png').exists()


def test_folds_have_wider_intervals(finished, make_suite, accuracy, tmp_path):
    """The three seeds of one dataset are folds."""
    runs = collect(finished)
    runs['task'] = [*planned(runs.task, 'dataset', 'tail', folds=3)]
    paths = write_comparison(make_suite(finished), runs, tmp_path)
    written = {p.name: p.read_text() for p in paths if p.suffix != '.png'}
    table = {
        (r['dataset'], r['method'], r['metric']): r
        for r in lines(written['summary.csv'])
    }
    own, base = (
        values(accuracy, 'tail', name, range(3), 'few')
        for name in ('mix', 'ce')
    )
    row = table['tail', 'mix', 'few']
    for column, given in (
        ('half_width_95', own),
        ('difference_half_width_95', own - base),
    ):
        # 1 / 3 + 1 / 2, in place of 1 / 3.
        half = 4.302653 * given.std(ddof=1) * np.sqrt(5 / 6)
        assert float(row[column]) == pytest.approx(half, rel=1e-6)
    sections = written['report.md'].split('\n## ')
    said = [x.split('\n')[0] for x in sections if 'Folds share' in x]
    assert len(said) == 2 and said[1] == 'All datasets together'
    assert 'Folds share' in written['report.html']
    assert 'takes the pairs for independent; folds are not' in sections[-3]


def test_best_on_test_only_if_asked_and_labelled(
    written, finished, make_suite, accuracy, tmp_path
):
    best = write(make_suite, finished, tmp_path / 'best', best=True)
    assert 'test set' not in written['report.md'].lower()
    for name in ('report.md', 'report.html'):
        assert 'ON THE TEST SET' in best[name]
        assert (
            'best epoch on the test set'
            in best[name].split('\n\n')[0] + (best[name][:600])
        )
    run = lines(best['runs.csv'])[0]
    overall = [accuracy('tail/ce/0', epoch, 'overall') for epoch in (1, 2, 3)]
    assert int(run['epoch']) == 1 + int(np.argmax(overall))
    assert float(run['overall']) == max(overall)
    assert run['selection'] == 'best on test'
    few = accuracy('tail/ce/0', int(run['epoch']), 'few')
    assert float(run['few']) == few


def test_of_equally_good_epochs_the_first_counts(ran):
    (log,) = ran[0].folder.glob('*/vis_data/scalars.json')
    text = re.sub(r'(/overall"): [\d.]+', r'\1: 0.5', log.read_text())
    log.write_text(text)
    (row,) = collect(ran[:1], best=True).itertuples()
    assert (row.epoch, row.overall) == (1, 0.5)


def test_the_best_epoch_beside_the_last(
    finished, make_suite, accuracy, tmp_path
):
    """Both are whole comparisons of their own, and neither is unlabelled."""
    runs = collect(finished, best=[False, True])
    assert len(runs) == 2 * len(finished)
    paths = write_comparison(make_suite(finished), runs, tmp_path / 'out')
    found = {p.name: p.read_text() for p in paths if p.suffix != '.png'}
    rows = {
        row['selection']: row
        for row in lines(found['summary.csv'])
        if (row['dataset'], row['method'], row['metric'])
        == ('tail', 'mix', 'overall')
    }
    last = values(accuracy, 'tail', 'mix', range(3), 'overall')
    every = [
        values(accuracy, 'tail', 'mix', range(3), 'overall', epoch)
        for epoch in (1, 2, 3)
    ]
    assert float(rows['last epoch']['mean']) == pytest.approx(last.mean())
    assert float(rows['best on test']['mean']) == pytest.approx(
        np.max(every, axis=0).mean()
    )
    assert {r['selection'] for r in lines(found['runs.csv'])} == set(rows)
    for name in ('report.md', 'report.html'):
        text = found[name]
        assert 'last epoch and best epoch on the test set' in text[:700]
        for title in ('tail, CTR-GCN', 'flat, CTR-GCN'):
            assert f'{title} (last epoch)' in text
            assert f'{title} (best epoch ON THE TEST SET)' in text
        assert 'which flatters every method' in text
    # Figures of the two stand beside each other.
    assert {p.name for p in paths} >= {'tail.png', 'tail-best.png'}


def test_the_report_says_what_the_groups_are(ran, make_suite, tmp_path):
    for task in ran:
        task.plan.cfg.val_evaluator = dict(type='LongTailMetric', many=9)
    found = write(make_suite, ran, tmp_path / 'out')
    for name in ('report.md', 'report.html'):
        text = found[name].replace('&gt;', '>').replace('&lt;', '<')
        assert 'Groups: many > 9 training samples, few < 20.' in text


def test_unfinished_runs_are_named_and_left_out(
    ran, make_suite, make_tasks, tmp_path
):
    folder = ran[0].folder
    (folder / 'epoch_3.pth').write_bytes(b'half a file')
    tasks = ran + make_tasks(tmp_path, methods=('new',), seeds=(0, 1, 2))
    begun = next(t for t in tasks if t.name == 'tail/new/1').folder
    begun.mkdir(parents=True)
    (begun / 'train.log').touch()
    found = write(make_suite, tasks, tmp_path / 'out')
    runs = {
        (r['dataset'], r['method'], r['seed']): r
        for r in lines(found['runs.csv'])
    }
    assert 'not finished' in runs['tail', 'ce', '0']['note']
    assert runs['tail', 'new', '0']['note'] == 'not started'
    assert runs['tail', 'new', '1']['note'] == 'ended before its first step'
    assert '4 of 13 runs are not finished' in found['report.md']
    assert 'over 4 pairs of dataset and seed' in found['report.md']
    row = next(
        r
        for r in lines(found['summary.csv'])
        if (r['dataset'], r['method']) == ('tail', 'mix')
    )
    assert (row['n'], row['paired_n']) == ('3', '2')
    assert '| new | 3 | N | 0 | – |' in found['report.md']


def test_runs_of_other_settings_are_marked(ran, make_suite, tmp_path):
    record = ran[0].folder / 'task.json'
    content = json.loads(record.read_text())
    content['config']['model']['dropout'] = 0.5
    record.write_text(json.dumps(content))
    found = write(make_suite, ran, tmp_path / 'out')
    note = 'other settings than the suite: config.model.dropout'
    assert note in found['report.md']


def test_cost_counts_steps_and_time_and_needs_cross_entropy(
    ran, make_suite, tmp_path
):
    for task in ran:
        if task.plan.method.name == 'mix':
            (log,) = task.folder.glob('*/vis_data/scalars.json')
            text = log.read_text().replace('"time": 0.5', '"time": 1.25')
            log.write_text(text)
    costs = {
        (r['dataset'], r['method']): float(r['mean'])
        for r in lines(write(make_suite, ran, tmp_path / 'a')['summary.csv'])
        if r['metric'] == 'cost'
    }
    assert costs == {
        (dataset, method): cost
        for dataset in ('tail', 'flat')
        for method, cost in (('ce', 1.0), ('mix', 2.5))
    }
    mixed = [task for task in ran if task.plan.method.name == 'mix']
    out = tmp_path / 'b'
    paths = write_comparison(make_suite(mixed, 'mix'), collect(mixed), out)
    assert 'cost' not in paths[2].read_text()


def rows_of(found, metric):
    return {
        (r['dataset'], r['method']): r
        for r in lines(found['summary.csv'])
        if r['metric'] == metric
    }


def rewrite(task, change):
    (log,) = task.folder.glob('*/vis_data/scalars.json')
    entries = [json.loads(line) for line in log.read_text().splitlines()]
    for entry in entries:
        if 'iter' in entry:
            change(entry)
    log.write_text('\n'.join(map(json.dumps, entries)))


def test_cost_has_an_interval_over_seeds(ran, make_suite, tmp_path):
    # Seconds per iteration of the three seeds, of ce and of mix.
    times = dict(ce=(0.5, 1.0, 2.0), mix=(1.0, 1.0, 5.0))
    for task in ran:
        time = times[task.plan.method.name][task.seed]
        rewrite(task, lambda entry, time=time: entry.update(time=time))
    found = write(make_suite, ran, tmp_path / 'out')
    row = rows_of(found, 'cost')['tail', 'mix']
    # Ratios of 2, 1 and 2.5.
    ratios = np.array([2.0, 1.0, 2.5])
    half = 4.302653 * ratios.std(ddof=1) / np.sqrt(3)
    assert float(row['mean']) == pytest.approx(ratios.mean())
    assert float(row['half_width_95']) == pytest.approx(half, rel=1e-6)
    assert f'| 1.83 ± {half:.2f} |' in found['report.md']
    assert 'Cost is the wall time' in found['report.md']
    assert 'no more than a hint' in found['report.html']


def test_processor_time_comes_first_where_all_have_it(
    ran, make_suite, tmp_path
):
    def log_cpu(tasks):
        for task in tasks:
            factor = 3 if task.plan.method.name == 'mix' else 1

            def change(entry, factor=factor):
                # Dear every third step: the mean counts, not the median.
                entry['cpu_time'] = factor * (1 + 3 * (entry['epoch'] == 3))
                # Of wall time the median counts, not the mean.
                entry['time'] = 0.5 + entry['epoch'] ** 2

            rewrite(task, change)

    tail = [task for task in ran if task.plan.setting == 'tail']
    log_cpu(tail[1:])
    found = write(make_suite, ran, tmp_path / 'a')
    assert float(rows_of(found, 'cost')['tail', 'mix']['mean']) != 3
    assert 'processor' not in found['report.md']
    log_cpu(tail[:1])
    found = write(make_suite, ran, tmp_path / 'b')
    costs = rows_of(found, 'cost')
    assert float(costs['tail', 'mix']['mean']) == pytest.approx(3)
    (first, *_) = lines(found['runs.csv'])
    # Nine steps, of 1, 1 and 4 seconds in the three epochs.
    assert float(first['train_cpu_seconds']) == pytest.approx(9 * 2)
    assert float(first['train_seconds']) == pytest.approx(9 * 4.5)
    text = found['report.md']
    assert text.count('Cost is the processor time') == 1
    # The other dataset has none, and says so.
    assert text.count('Cost is the wall time') == 1


def test_a_run_on_a_gpu_costs_wall_time(finished):
    log = read_log(finished[0].folder)
    log.steps = [dict(step=4, time=2.0, cpu_time=1.0)]
    assert _seconds(log, 'train_cpu_seconds') == 4
    log.environment = {'CUDA available': 'True'}
    assert _seconds(log, 'train_cpu_seconds') is None
    assert _seconds(log, 'train_seconds') == 8


def test_a_stage_without_steps_costs_what_the_first_one_did(finished):
    first = finished[0]
    plan = SimpleNamespace(takes_steps=False)
    second = SimpleNamespace(plan=plan, first=first)
    cost = _seconds(read_log(first.folder), 'train_seconds')
    assert _all_seconds(second, RunLog(), 'train_seconds') == cost > 0


def test_the_page_needs_nothing_but_itself(
    finished, make_suite, tmp_path, drawn
):
    page = write(make_suite, finished, tmp_path / 'out')['report.html']
    shown = re.findall(r'src="data:image/png;base64,([^"]+)"', page)
    # The figures that the page holds also lie beside it.
    kept = [p.read_bytes() for p in (tmp_path / 'out').glob('*.png')]
    assert len(shown) == 6
    assert sorted(map(base64.b64decode, shown)) == sorted(kept)
    assert not re.search(r'(?:src|href)="(?!data:|#)', page)
    assert '<script' not in page


def test_calibration_is_that_of_the_log(written, finished, accuracy):
    assert '| ECE |' in written['report.md']
    error = accuracy('tail/ce/0', 3, 'ece')
    assert float(lines(written['runs.csv'])[0]['ece']) == pytest.approx(error)
    best = collect(finished, best=True)
    assert best.ece[0] == accuracy('tail/ce/0', best.epoch[0], 'ece')


def test_the_report_names_the_seeds_of_each_dataset(
    written, finished, make_suite, tmp_path
):
    assert '- seeds: 0, 1, 2\n' in written['report.md']
    suite = make_suite(finished)
    tail, flat = suite.datasets
    some = flat.model_copy(update=dict(seeds=[0, 1]))
    part = suite.model_copy(update=dict(datasets=[tail, some]))
    write_comparison(part, collect(finished), tmp_path)
    told = f'seeds: {tail.title}: 0, 1, 2; {flat.title}: 0, 1'
    assert f'- {told}\n' in (tmp_path / 'report.md').read_text()


@pytest.fixture
def table(written, tmp_path):
    """The table of the runs as they are, where another machine left it."""
    path = tmp_path / 'out' / 'runs.csv'
    path.parent.mkdir()
    path.write_text(written['runs.csv'])
    return path


def test_runs_of_another_machine_stand_in(
    written, finished, table, make_suite, tasks_below, tmp_path
):
    known = read_known([table, table])
    # Nothing of the runs is on this machine but what was trained there.
    here = tasks_below(tmp_path / 'new')
    assert untrained(here, known) == []
    after = tmp_path / 'after'
    write_comparison(make_suite(here), collect(here, known=known), after)
    assert lines((after / 'summary.csv').read_text()) == lines(
        written['summary.csv']
    )
    # The table is the same, so that it may be known in its turn.
    assert (after / 'runs.csv').read_text() == written['runs.csv']
    told = f'finished, from {table.name}'
    assert (after / 'report.md').read_text().count(told) == 10
    # Whose speed is not known here.
    care = 'may be of faster or slower machines'
    assert care in (after / 'report.md').read_text()
    assert care not in written['report.md']
    # A run that is finished here is not asked for elsewhere.
    assert set(collect(finished, known=known).source) == {''}


@pytest.mark.parametrize('inside', [True, False])
def test_a_report_tells_no_path_of_one_machine(
    table, make_suite, make_tasks, tmp_path, monkeypatch, inside
):
    """It may be committed: a table is told as seen from where it was made."""
    (tmp_path / 'there').mkdir()
    monkeypatch.chdir(tmp_path if inside else tmp_path / 'there')
    tasks = make_tasks(tmp_path / 'new')
    runs = collect(tasks, known=read_known([table.resolve()]))
    paths = write_comparison(make_suite(tasks), runs, tmp_path / 'told')
    texts = [p.read_text() for p in paths if p.suffix in ('.md', '.csv')]
    told = table.relative_to(tmp_path) if inside else table.name
    assert f', from {told} ' in texts[0]
    assert not any(str(tmp_path) in text for text in texts)


def test_known_runs_of_other_settings_are_trained_and_marked(
    table, make_tasks, tmp_path
):
    known = read_known([table])
    tasks = make_tasks(tmp_path / 'new', methods=('ce',), epochs=4)
    mixed = make_tasks(tmp_path / 'new', methods=('mix',), seeds=(0, 5))
    assert untrained(tasks + mixed, known) == [*tasks, mixed[1]]
    notes = collect(tasks, known=known).note
    assert all('other settings than the suite' in note for note in notes)


def test_what_is_wrong_with_a_known_run_is_still_told(
    table, make_tasks, tmp_path
):
    known = read_known([table])
    known['tail', 'ctrgcn', 'ce', 0, 'last epoch']['note'] = 'damaged'
    notes = collect(make_tasks(tmp_path / 'new'), known=known).note
    assert notes.to_list().count('damaged') == 1


def test_the_first_stage_of_a_run_is_trained_though_known(
    table, make_tasks, tmp_path
):
    known = read_known([table])
    first, second = make_tasks(tmp_path / 'new', ('ce', 'late'), (0,))
    plan = dataclasses.replace(second.plan, first=first.plan)
    second = dataclasses.replace(second, plan=plan)
    assert untrained([first, second], known) == [first, second]


@pytest.mark.parametrize(
    ('text', 'what'),
    [
        ('', 'no table of runs'),
        ('dataset,seed\na,0\n', 'no column recognizer, method'),
        ('seed,overall\n0,high\n', 'no table of runs'),
    ],
)
def test_a_wrong_table_of_runs_is_named(tmp_path, text, what):
    path = tmp_path / 'runs.csv'
    path.write_text(text)
    with pytest.raises(RunError, match=what) as error:
        read_known([path])
    assert str(path) in str(error.value)


def test_two_tables_that_differ_in_a_run(table, tmp_path):
    two = tmp_path / 'two.csv'
    frame = pd.read_csv(table)
    frame.loc[0, 'overall'] = 0.125
    frame.to_csv(two, index=False)
    with pytest.raises(RunError, match='different rows of tail/ctrgcn/ce/0'):
        read_known([table, two])
