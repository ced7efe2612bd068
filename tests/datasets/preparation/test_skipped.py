"""The report of what was left out."""

from __future__ import annotations

import csv

from shapmix_mm.datasets.preparation import (
    Skipped,
    skipped_summary,
    write_skipped,
)


def test_every_name_survives_the_file(tmp_path):
    entries = [
        Skipped('a,"b"\nc.txt', 'truncated', 'line 3'),
        Skipped('d\udcff.txt', 'not a number'),
    ]
    write_skipped(entries, tmp_path / 'r.csv')
    with (tmp_path / 'r.csv').open(newline='', encoding='utf-8') as stream:
        rows = list(csv.reader(stream))
    assert rows == [
        ['file', 'reason', 'detail'],
        ['a,"b"\nc.txt', 'truncated', 'line 3'],
        ['d\\udcff.txt', 'not a number', ''],
    ]


def test_the_summary_is_one_line_with_the_commonest_first():
    entries = [Skipped('a', 'x'), Skipped('b', 'y'), Skipped('c', 'y')]
    line = skipped_summary(entries, 1000)
    assert line == 'skipped 3 of 1,000: 2 y, 1 x'
    assert skipped_summary([], 5) == 'skipped 0 of 5'
