"""From a run to a file."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from shapmix_mm.datasets.preparation import (
    ShardRun,
    Skipped,
    UnusableFile,
    default_workers,
    run_with_progress,
    write_report,
    write_samples,
)
from shapmix_mm.serialization import load_annotations


@dataclass(frozen=True)
class Named:
    def __call__(self, item):
        if item.endswith('bad'):
            raise UnusableFile('bad')
        return dict(frame_dir=item.rpartition('/')[2], label=0)

    def name(self, item):
        return item

    def fingerprint(self, item):
        return item


def started(tmp_path, items, quiet=True):
    run = ShardRun(items, Named(), tmp_path / 'w', chunk_size=2)
    run_with_progress(run, workers=1, quiet=quiet)
    return run


def test_the_first_usable_sample_of_a_name_stays(tmp_path):
    run = started(tmp_path, ['x/a', 'b', 'y/a', 'z/b', 'c/bad'])
    skipped = []
    out = tmp_path / 'out.pkl'
    split = write_samples(run, out, lambda n: dict(all=n), skipped)
    assert split == dict(all=['a', 'b'])
    assert load_annotations(out) == dict(
        annotations=[
            dict(frame_dir='a', label=0),
            dict(frame_dir='b', label=0),
        ],
        split=split,
    )
    assert skipped == [
        Skipped('y/a', 'duplicate', 'of x/a'),
        Skipped('z/b', 'duplicate', 'of b'),
        Skipped('c/bad', 'bad', ''),
    ]
    report = write_report(skipped, out)
    assert report == tmp_path / 'out.pkl.skipped.csv'
    assert report.read_text().splitlines()[1] == 'c/bad,bad,'


def test_nothing_usable_leaves_the_old_file(tmp_path):
    out = tmp_path / 'out.pkl'
    out.write_bytes(b'old')
    with pytest.raises(ValueError, match='nothing usable'):
        write_samples(started(tmp_path, ['bad']), out, dict, [])
    assert out.read_bytes() == b'old'


def test_the_bar_goes_to_the_error_stream(tmp_path, capsys):
    started(tmp_path, ['a', 'b', 'c'], quiet=False)
    shown = capsys.readouterr()
    assert '3/3' in shown.err and shown.out == ''
    started(tmp_path, ['a', 'b', 'c'])
    assert capsys.readouterr().err == ''
    assert default_workers() >= 1


@pytest.mark.parametrize('workers', [0, -3])
def test_a_number_of_processes_that_cannot_be(tmp_path, workers):
    run = ShardRun(['a'], Named(), tmp_path / 'w')
    with pytest.raises(ValueError, match=f'workers .* but got {workers}'):
        run_with_progress(run, workers=workers, quiet=True)
