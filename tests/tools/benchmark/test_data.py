"""The data benchmark on a small set: the file it makes, and its rows."""

from __future__ import annotations

import importlib
import json
import mmap
import os
import pickle
from pathlib import Path

import numpy as np
import pytest

from shapmix_mm.datasets import LongTailedPoseDataset

FOLDER = Path(__file__).resolve().parents[3] / 'tools' / 'benchmark'


@pytest.fixture
def load(monkeypatch):
    """Function that imports a module of the benchmark."""
    monkeypatch.syspath_prepend(str(FOLDER))
    return importlib.import_module


@pytest.fixture
def sized(load):
    return load('ntu120_sized')


def test_the_file_is_like_the_set(sized, tmp_path):
    path = tmp_path / 'a.pkl'
    sized.write_ntu120_sized(path, 1200)
    content = pickle.loads(path.read_bytes())
    names = [a['frame_dir'] for a in content['annotations']]
    assert len(set(names)) == 1200
    assert sorted(sum(content['split'].values(), [])) == sorted(names)
    lengths = [a['total_frames'] for a in content['annotations']]
    assert min(lengths) >= 32 and max(lengths) <= 300
    assert 75 < np.mean(lengths) < 85
    paired = {
        a['label'] for a in content['annotations'] if len(a['keypoint']) == 2
    }
    assert len(paired) == 26 and {49, 59, 105, 119} <= paired
    assert content['annotations'][0]['keypoint'].dtype == np.float16
    dataset = LongTailedPoseDataset(
        str(path), [], split='xsub_train', layout='nturgb+d'
    )
    assert len(dataset.metainfo['class_counts']) == 120
    sized.write_ntu120_sized(tmp_path / 'b.pkl', 1200)
    assert (tmp_path / 'b.pkl').read_bytes() == path.read_bytes()


def test_names_stay_distinct(sized):
    names = {sized.clip_name(n) for n in range(0, 2_400_000, 1201)}
    assert len(names) == len(range(0, 2_400_000, 1201))
    assert sized.clip_name(120 * 106 * 6 + 121) == 'S002C001P002R001A002'


def test_a_rank_reads_everything_through_its_workers(
    load, tmp_path, monkeypatch
):
    probe, data = load('data_probe'), load('data')
    monkeypatch.setattr('mmengine.dataset.base_dataset.gc.collect', int)
    paths = data.prepare(tmp_path, 720)
    assert {path.name for path in tmp_path.iterdir()} == {
        'ntu120_sized_720.pkl',
        'ntu120_sized_720.cache',
    }
    assert data.prepare(tmp_path, 720) == paths
    for variant, path in paths.items():
        datasets = probe.build(variant, str(path), longtail=False)
        assert sum(map(len, datasets)) == 720
        assert type(datasets[0]).__name__ == probe.TYPES[variant]
        loader = probe.read_all(datasets, 2)
        pids = [worker.pid for worker in loader._iterator._workers]
        assert len(pids) == 2
        own = probe.memory(pids, probe.PRIVATE)
        assert 0 < own < probe.memory(pids, ('Rss',))
        del loader


def test_memory_that_is_added_is_seen(load):
    probe = load('data_probe')
    before = probe.memory([os.getpid()], probe.PRIVATE)
    with mmap.mmap(-1, 40_000_000) as held:
        held.write(bytes([1]) * 40_000_000)
        added = probe.memory([os.getpid()], probe.PRIVATE) - before
    assert added == pytest.approx(40, rel=0.1)


def test_rows(load, monkeypatch, tmp_path):
    data = load('data')
    told = []

    class Rank:
        def __init__(self, variant, path, *, longtail=False, workers=0):
            self.said = [workers and 'ready', '']
            scale = dict(stock=8, ours=4, cache=1)[variant]
            self.found = dict(
                seconds=2 * scale,
                cpu_seconds=scale + longtail,
                samples=7,
                added_mb=100.0 * scale,
                before_mb=1.0,
                file_mb=2.0,
            )

        def __enter__(self):
            return self

        def __exit__(self, *error):
            told.append('closed')

        def wait(self):
            told.append('closed')

    def answer(rank):
        return rank.said.pop(0) or json.dumps(rank.found)

    monkeypatch.setattr(data, 'start', Rank)
    monkeypatch.setattr(data, 'answer', answer)
    monkeypatch.setattr(data, 'tell', told.append)
    monkeypatch.setattr(
        data, 'prepare', lambda *a: dict.fromkeys(data.VARIANTS, tmp_path)
    )
    out = tmp_path / 'rows.json'
    args = ['--what', 'startup', 'memory', '--rounds', '3', '--json', str(out)]
    data.main(args)
    rows = json.loads(out.read_text())
    found = [
        (r['what'], r['variant'], r['value'], r['ratio_to_stock'])
        for r in rows
    ]
    assert found == [
        ('startup', 'stock', 8, 1),
        ('startup', 'ours', 4, 0.5),
        ('startup', 'cache', 1, 0.125),
        ('startup', 'ours', 5, 0.625),
        ('startup', 'cache', 2, 0.25),
        ('memory', 'stock', 800, 1),
        ('memory', 'ours', 400, 0.5),
        ('memory', 'cache', 100, 0.125),
    ]
    assert all(isinstance(row['unit'], str) for row in rows)
    # Every rank comes to its end.
    assert told.count('closed') == 3 * 5 + 3 * 2


def test_the_place_of_the_rows_is_settled_first(load, tmp_path, capsys):
    data = load('data')
    new = tmp_path / 'new' / 'deep' / 'rows.json'
    assert data.parse_args(['--json', str(new)]).json == new
    assert new.parent.is_dir() and not new.exists()
    (tmp_path / 'file').touch()
    for place, words in (
        (tmp_path / 'file' / 'rows.json', 'file takes no file'),
        (tmp_path / 'new', 'is a folder'),
    ):
        # No measurement begins.
        with pytest.raises(SystemExit):
            data.main(['--what', 'pipeline', '--json', str(place)])
        err = capsys.readouterr().err
        assert words in err and str(place) in err
