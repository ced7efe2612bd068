"""The table fits a terminal and the CSV file is whole."""

import csv

import numpy as np
import pytest

from shapmix_mm.evaluation import (
    accuracy_table,
    grouped_accuracy,
    write_per_class,
)

COUNTS = [300, 101, 50, 5, 19]
LABELS = [0, 0, 0, 0, 1, 2, 2, 4]
PREDICTIONS = [0, 0, 1, 3, 1, 0, 4, 4]


@pytest.fixture
def result():
    return grouped_accuracy(PREDICTIONS, LABELS, COUNTS)


def test_table_by_hand(result):
    assert accuracy_table(result).splitlines() == [
        'group       training samples  classes  test samples  accuracy',
        '----------  ----------------  -------  ------------  --------',
        'many                   > 100        2             5   75.00 %',
        'medium             20 to 100        1             2    0.00 %',
        'few                     < 20   1 of 2             1  100.00 %',
        '----------  ----------------  -------  ------------  --------',
        'mean class                          4             8   62.50 %',
        'overall                             4             8   50.00 %',
    ]


def test_table_of_many_samples_fits_80_columns():
    rng = np.random.default_rng(0)
    scores, labels = rng.random((50919, 120)), rng.integers(0, 120, 50919)
    counts = [int(600 * 0.01 ** (k / 119)) for k in range(120)]
    table = accuracy_table(grouped_accuracy(scores, labels, counts))
    assert max(map(len, table.splitlines())) < 80
    assert 'overall top-5' in table


def test_empty_group_shows_a_dash():
    table = accuracy_table(grouped_accuracy([0, 1], [0, 1], [50, 50]))
    few = next(r for r in table.splitlines() if r.startswith('few'))
    assert few.split() == ['few', '<', '20', '0', '0', '-']


def test_table_without_groups():
    table = accuracy_table(grouped_accuracy(np.eye(3), [0, 1, 1]))
    assert 'many' not in table and table.count('----  ') > 0


def test_csv_by_hand(result, tmp_path):
    path = write_per_class(
        result,
        tmp_path / 'new' / 'classes.csv',
        class_counts=COUNTS,
        classes=['wave', 'a, b', 'sit', 'fall', 'jump'],
    )
    with open(path, newline='') as stream:
        rows = list(csv.reader(stream))
    assert rows == [
        ['class', 'name', 'training_count', 'group', 'test_support']
        + ['accuracy'],
        ['0', 'wave', '300', 'many', '4', '0.500000'],
        ['1', 'a, b', '101', 'many', '1', '1.000000'],
        ['2', 'sit', '50', 'medium', '2', '0.000000'],
        ['3', 'fall', '5', 'few', '0', ''],
        ['4', 'jump', '19', 'few', '1', '1.000000'],
    ]


def test_csv_without_counts_and_names(result, tmp_path):
    path = write_per_class(result, tmp_path / 'classes.csv')
    assert path.read_text().splitlines()[1] == '0,,,,4,0.500000'


def test_failed_write_keeps_the_old_file(result, tmp_path, monkeypatch):
    path = tmp_path / 'classes.csv'
    path.write_text('old')

    def fail(*_):
        raise OSError('no space left')

    monkeypatch.setattr('os.replace', fail)
    with pytest.raises(OSError, match='no space'):
        write_per_class(result, path)
    assert [p.name for p in tmp_path.iterdir()] == ['classes.csv']
    assert path.read_text() == 'old'
