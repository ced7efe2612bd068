"""The dump for fusion: the stock form, smaller, with names."""

import errno
import os
import pickle

import pytest
import torch
from mmengine.evaluator import DumpResults

from shapmix_mm.evaluation.metrics.dump_scores import DumpScores


def dumped(metric, path):
    batch = torch.rand(64, 60, generator=torch.Generator().manual_seed(0))
    for _ in range(2):
        metric.process(
            None,
            [
                dict(
                    pred_score=row,
                    gt_label=torch.tensor([i]),
                    frame_dir=f'clip{i}',
                    pred_label=row.argmax(),
                )
                for i, row in enumerate(batch)
            ],
        )
    metric.evaluate(128)
    with open(path, 'rb') as stream:
        return pickle.load(stream), path.stat().st_size


def test_the_same_scores_in_less_space(tmp_path):
    stock = tmp_path / 'stock.pkl'
    own = tmp_path / 'own.pkl'
    wanted, large = dumped(DumpResults(str(stock)), stock)
    found, small = dumped(DumpScores(str(own)), own)
    assert len(found) == 128
    for sample, other in zip(found, wanted):
        assert sample.keys() == {'pred_score', 'gt_label', 'frame_dir'}
        assert torch.equal(sample['pred_score'], other['pred_score'])
        assert sample['gt_label'] == other['gt_label']
        assert sample['frame_dir'] == other['frame_dir']
    assert small < large / 15


def test_a_pipeline_without_names_dumps_none(tmp_path):
    path = tmp_path / 'own.pkl'
    metric = DumpScores(str(path))
    metric.process(None, [dict(pred_score=torch.rand(3))])
    metric.evaluate(1)
    assert list(pickle.loads(path.read_bytes())[0]) == ['pred_score']


def test_a_file_that_cannot_be_written_is_told_before_the_test(tmp_path):
    (tmp_path / 'file').touch()
    (tmp_path / 'folder.pkl').mkdir()
    for path in ('file/out.pkl', 'folder.pkl'):
        with pytest.raises(ValueError, match=path.split('/')[0]):
            DumpScores(str(tmp_path / path))


def test_a_full_disk_leaves_nothing_half_written(tmp_path, monkeypatch):
    path = tmp_path / 'out.pkl'
    metric = DumpScores(str(path))
    metric.process(None, [dict(pred_score=torch.rand(3))])

    def full(descriptor):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr('os.fsync', full)
    with pytest.raises(OSError, match=f'no room left for {path} .*GB free'):
        metric.evaluate(1)
    assert list(tmp_path.iterdir()) == []
