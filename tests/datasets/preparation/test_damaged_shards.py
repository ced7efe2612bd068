"""Results of an earlier run that are not as they were written."""

from __future__ import annotations

import pickle
from dataclasses import dataclass

import pytest

from shapmix_mm.datasets.preparation import (
    DamagedShard,
    ShardRun,
    Skipped,
    UnusableFile,
    run_with_progress,
)

WHOLE = dict(frame_dir='2', source='2')


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
