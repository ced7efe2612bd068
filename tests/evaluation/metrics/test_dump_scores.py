"""The dump for fusion: the stock form, smaller, with names."""

import pickle

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
