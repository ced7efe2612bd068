"""A conversion that goes on where it was stopped."""

from __future__ import annotations

import os
import pickle
import signal
import time
from dataclasses import dataclass

import pytest

from shapmix_mm.datasets.prepare.annotation_file import (
    write_report,
    write_samples,
)
from shapmix_mm.datasets.prepare.shards import (
    DamagedShard,
    ShardRun,
    default_workers,
    run_with_progress,
)
from shapmix_mm.datasets.prepare.skipped import Skipped, UnusableFile
from shapmix_mm.serialization import load_annotations

WHOLE = dict(frame_dir='2', source='2')


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


@dataclass(frozen=True)
class Even:
    """Takes even numbers, and writes down every number it sees."""

    log: str

    def __call__(self, item):
        with open(self.log, 'a') as stream:
            stream.write(f'{item} ')
        if item % 2:
            raise UnusableFile('odd')
        return dict(frame_dir=str(item))

    def name(self, item):
        return str(item)

    def fingerprint(self, item):
        return str(item)


@pytest.fixture
def start(tmp_path):
    """Starter of one run of three chunks: 0 1, 2 3 and 4 5."""
    convert = Even(str(tmp_path / 'log'))
    return lambda: ShardRun(range(6), convert, tmp_path / 'w', chunk_size=2)


def pickled(samples, skipped):
    return lambda _: pickle.dumps(dict(samples=samples, skipped=skipped))


DAMAGES = dict(
    cut=lambda content: content[:-9],
    empty=lambda content: b'',
    text=lambda content: b'hello',
    list=lambda content: pickle.dumps([1]),
    code=lambda content: pickle.dumps(print),
    keys=lambda content: pickle.dumps(dict(samples=[WHOLE])),
    fewer=pickled([WHOLE], []),
    samples=pickled([1], [('3', 'odd', '')]),
    nameless=pickled([dict(source='2')], [('3', 'odd', '')]),
    skipped=pickled([WHOLE], [('3', 'odd', '', 'x')]),
    numbers=pickled([WHOLE], [(3, 'odd', '')]),
)


@pytest.mark.parametrize('workers', [1, 2])
@pytest.mark.parametrize('damage', DAMAGES)
def test_what_is_damaged_is_told_and_made_again(
    start, tmp_path, capsys, damage, workers
):
    list(start().run())
    path = start().chunks[1].path
    whole = path.read_bytes()
    path.write_bytes(DAMAGES[damage](whole))
    (tmp_path / 'log').unlink()
    run = start()
    run_with_progress(run, workers=workers, quiet=True)
    (line,) = capsys.readouterr().err.splitlines()
    assert f'work file {path} is damaged' in line
    assert line.endswith('thrown away, made again')
    assert (tmp_path / 'log').read_text() == '2 3 '
    assert path.read_bytes() == whole
    skipped = []
    names = [sample['frame_dir'] for sample in run.samples(skipped)]
    assert names == ['0', '2', '4']
    assert skipped == [Skipped(name, 'odd') for name in '135']


def test_what_is_damaged_is_not_counted(start):
    list(start().run())
    path = start().chunks[1].path
    path.write_bytes(b'')
    run = start()
    assert run.finished() == 4 and not path.exists()
    assert len(run.discarded) == 1
    assert list(run.run()) == [2] and run.finished() == 6
    assert len(run.discarded) == 1


def test_damage_while_joining_says_how_to_go_on(start):
    run = start()
    list(run.run())
    run.chunks[2].path.write_bytes(pickle.dumps([1]))
    with pytest.raises(DamagedShard, match='the same command makes it anew'):
        list(run.samples([]))
    assert start().finished() == 4


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
