"""Conversions that go on where they were stopped."""

from __future__ import annotations

import os
import signal
import time
from dataclasses import dataclass

import pytest

from shapmix_mm.datasets.preparation import ShardRun, Skipped, UnusableFile


@dataclass(frozen=True)
class Double:
    """Doubles numbers, writes down each, dies or refuses where told."""

    log: str
    deadly: int = -1
    factor: int = 2

    def __call__(self, item):
        if item == self.deadly and os.path.exists(f'{self.log}.armed'):
            os.kill(os.getpid(), signal.SIGKILL)
        with open(self.log, 'a') as stream:
            stream.write(f'{item}\n')
        if item % 10 == 7:
            raise UnusableFile('seven', f'{item} ends in 7')
        if item == 13:
            raise MemoryError('huge')
        return dict(frame_dir=str(item), value=self.factor * item)

    def name(self, item):
        return f'item {item}'

    def fingerprint(self, item):
        return str(item)


def outcome(run):
    skipped = []
    return [s['value'] for s in run.samples(skipped)], skipped


@pytest.mark.parametrize('workers', [1, 3])
def test_samples_come_in_the_order_of_the_items(tmp_path, workers):
    run = ShardRun(
        range(25), Double(str(tmp_path / 'log')), tmp_path / 'w', chunk_size=4
    )
    assert sum(run.run(workers)) == 25
    values, skipped = outcome(run)
    kept = [i for i in range(25) if i not in (7, 13, 17)]
    assert values == [2 * i for i in kept]
    assert skipped == [
        Skipped('item 7', 'seven', '7 ends in 7'),
        Skipped('item 13', 'too large', 'huge'),
        Skipped('item 17', 'seven', '17 ends in 7'),
    ]
    run.clean()
    assert not (tmp_path / 'w').exists()


@pytest.mark.skipif(not hasattr(os, 'fork'), reason='needs fork')
def test_after_a_kill_nothing_is_done_twice(tmp_path):
    log = tmp_path / 'log'
    armed = tmp_path / 'log.armed'
    armed.touch()
    convert = Double(str(log), deadly=18)

    def start():
        return ShardRun(range(25), convert, tmp_path / 'w', chunk_size=4)

    child = os.fork()
    if child == 0:
        list(start().run())
        os._exit(0)
    assert os.waitpid(child, 0)[1] == signal.SIGKILL
    assert log.read_text().split() == [str(i) for i in range(18)]
    armed.unlink()
    log.unlink()
    run = start()
    assert run.finished() == 16
    assert sum(run.run()) == 9
    assert log.read_text().split() == [str(i) for i in range(16, 25)]
    assert outcome(run)[0][-1] == 48
    run.clean()
    assert not (tmp_path / 'w').exists()


def test_another_conversion_does_not_take_the_results(tmp_path):
    first = ShardRun(range(8), Double(str(tmp_path / 'log')), tmp_path / 'w')
    list(first.run())
    for run in (
        ShardRun(range(9), first.convert, tmp_path / 'w'),
        ShardRun(
            range(8), Double(str(tmp_path / 'log'), factor=3), tmp_path / 'w'
        ),
    ):
        assert run.finished() == 0
    assert ShardRun(range(8), first.convert, tmp_path / 'w').finished() == 8


def test_cleaning_leaves_what_it_did_not_make(tmp_path):
    run = ShardRun(range(3), Double(str(tmp_path / 'log')), tmp_path)
    list(run.run())
    stem = run.chunks[0].path.stem
    (tmp_path / f'.{stem}.0123abcd.part.pkl').touch()
    (tmp_path / 'mine.pkl').touch()
    run.clean()
    assert sorted(p.name for p in tmp_path.iterdir()) == ['log', 'mine.pkl']


@dataclass(frozen=True)
class Slow(Double):
    def __call__(self, item):
        time.sleep(0.02)
        return super().__call__(item)


def test_a_stopped_reader_stops_the_workers(tmp_path):
    run = ShardRun(
        range(40), Slow(str(tmp_path / 'log')), tmp_path / 'w', chunk_size=1
    )
    steps = run.run(2)
    next(steps)
    steps.close()
    done = run.finished()
    assert 1 <= done < 20
    # What was under way is whole, and the rest can be done later.
    assert sum(run.run(2)) == 40 - done
    assert len(outcome(run)[0]) == 35


def test_no_items_and_no_chunks(tmp_path):
    run = ShardRun([], Double('x'), tmp_path / 'w')
    assert list(run.run(2)) == [] and outcome(run) == ([], [])
    with pytest.raises(ValueError, match='chunk_size'):
        ShardRun([1], Double('x'), tmp_path, chunk_size=0)
