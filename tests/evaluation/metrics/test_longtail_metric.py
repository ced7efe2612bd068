"""LongTailMetric: counts, keys, logging, files, hooks and ranks."""

import csv
import json
import os

import numpy as np
import pytest
import torch
from mmaction.registry import METRICS
from mmengine.evaluator import Evaluator
from mmengine.hooks import CheckpointHook
from mmengine.logging import MMLogger
from mmengine.model import BaseModel
from mmengine.runner import Runner
from torch.utils._python_dispatch import TorchDispatchMode

from shapmix_mm.evaluation import (
    LongTailMetric,
    grouped_accuracy,
    metric_thresholds,
    thresholds_of,
)

COUNTS = [300, 101, 50, 20, 19, 5]


def sample(scores, label, dtype=torch.float32):
    return dict(
        pred_score=torch.tensor(scores, dtype=dtype),
        gt_label=torch.tensor([label]),
    )


def samples(size=40, num_classes=6, seed=0):
    rng = np.random.default_rng(seed)
    return [
        sample(rng.random(num_classes).tolist(), int(label))
        for label in rng.integers(0, num_classes, size)
    ]


def evaluate(metric, data):
    metric.process(None, data)
    return metric.evaluate(len(data))


@pytest.fixture
def logged(monkeypatch):
    """Lines that the metric logs, as (level, text)."""
    lines = []
    monkeypatch.setattr(
        'shapmix_mm.evaluation.metrics.longtail_metric.print_log',
        lambda text, logger=None, level=20: lines.append((level, text)),
    )
    return lines


def test_values_and_keys():
    data = samples()
    metric = METRICS.build(dict(type='LongTailMetric', class_counts=COUNTS))
    result = evaluate(metric, data)
    expected = grouped_accuracy(
        np.stack([d['pred_score'].numpy() for d in data]),
        [int(d['gt_label']) for d in data],
        COUNTS,
    )
    assert result == {
        'acc/overall': expected.overall,
        'acc/overall_top5': expected.topk[5],
        'acc/mean_class': expected.mean_class,
        'acc/many': expected.groups['many'].accuracy,
        'acc/medium': expected.groups['medium'].accuracy,
        'acc/few': expected.groups['few'].accuracy,
        'acc/ece': pytest.approx(calibration_error(data)),
        'acc/num_many': 2,
        'acc/num_medium': 2,
        'acc/num_few': 2,
    }
    assert all(type(v) in (int, float) for v in result.values())


def calibration_error(data):
    """By hand: 15 bins, each of the clips whose confidence lies in it."""
    chances = torch.stack([d['pred_score'] for d in data]).softmax(1)
    sure, guess = chances.max(1)
    right = guess == torch.tensor([int(d['gt_label']) for d in data])
    total = 0.0
    for number in range(15):
        inside = (sure > number / 15) & (sure <= (number + 1) / 15)
        if inside.any():
            gap = right[inside].double().mean() - sure[inside].double().mean()
            total += abs(gap.item()) * int(inside.sum()) / len(data)
    return total


class Waits(TorchDispatchMode):
    """Counts numbers that Python asks a tensor for; a GPU is waited for."""

    count = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        self.count += func is torch.ops.aten._local_scalar_dense.default
        return func(*args, **(kwargs or {}))


def test_no_label_is_waited_for_alone():
    data = samples()
    metric = LongTailMetric(class_counts=COUNTS)
    with Waits() as waits:
        metric.process(None, data)
        assert waits.count == 0
        int(data[0]['gt_label'])
    assert waits.count == 1
    labels = [label for _, label in metric.results]
    assert labels == [int(sample['gt_label']) for sample in data]
    assert all(type(label) is int for label in labels)


@pytest.mark.parametrize('topk', [[1, 2.5], 0, True, '5'])
def test_topk_is_checked_by_its_annotation(topk):
    with pytest.raises(ValueError, match='LongTailMetric: topk='):
        METRICS.build(dict(type='LongTailMetric', topk=topk))


@pytest.mark.parametrize(
    'settings', [dict(many='10'), dict(few=-1), dict(many=float('nan'))]
)
def test_thresholds_are_checked_by_their_annotations(settings):
    with pytest.raises(ValueError, match='LongTailMetric: (many|few)='):
        METRICS.build(dict(type='LongTailMetric', **settings))


@pytest.mark.parametrize(
    'kind',
    [
        'LongTailMetric',
        'mmaction.LongTailMetric',
        f'{LongTailMetric.__module__}.LongTailMetric',
        LongTailMetric,
    ],
)
def test_thresholds_have_one_source(kind):
    metric = dict(type=kind, few=4)
    other = dict(type='AccMetric')
    assert thresholds_of(dict(val_evaluator=metric)) == (4, 100)
    assert thresholds_of(dict(test_evaluator=[other, metric])) == (4, 100)
    assert thresholds_of(dict(val_evaluator=other)) == (20, 100)
    assert metric_thresholds(dict(val_evaluator=None)) is None


def test_agrees_with_accmetric():
    from mmaction.evaluation import AccMetric

    data = samples(200)
    other = evaluate(AccMetric(), data)
    ours = evaluate(LongTailMetric(class_counts=COUNTS), data)
    assert ours['acc/overall'] == pytest.approx(other['acc/top1'])
    assert ours['acc/overall_top5'] == pytest.approx(other['acc/top5'])
    assert ours['acc/mean_class'] == pytest.approx(other['acc/mean1'])


def test_empty_group_is_absent():
    metric = LongTailMetric(class_counts=[30] * 6)
    result = evaluate(metric, samples())
    assert {'acc/many', 'acc/few'}.isdisjoint(result)
    assert result['acc/num_few'] == 0 and result['acc/num_medium'] == 6


def test_order_of_the_sources_of_counts():
    meta, given = [200, 200, 200, 5, 5, 5], [5] * 6
    metric = LongTailMetric()
    assert metric.needs_class_counts and metric.class_counts() is None
    metric.set_class_counts(torch.tensor(given))
    np.testing.assert_array_equal(metric.class_counts(), given)
    metric.dataset_meta = dict(class_counts=meta)
    np.testing.assert_array_equal(metric.class_counts(), meta)
    metric = LongTailMetric(class_counts=COUNTS)
    metric.dataset_meta = dict(class_counts=meta)
    metric.set_class_counts(given)
    np.testing.assert_array_equal(metric.class_counts(), COUNTS)


def test_counts_through_an_evaluator():
    evaluator = Evaluator(METRICS.build(dict(type='LongTailMetric')))
    evaluator.dataset_meta = dict(class_counts=COUNTS)
    data = samples()
    evaluator.process(data_samples=data, data_batch=None)
    assert evaluator.evaluate(len(data))['acc/num_few'] == 2


def test_without_counts_it_warns_once(logged):
    metric = LongTailMetric()
    for _ in range(2):
        result = evaluate(metric, samples())
        assert set(result) == {
            'acc/overall',
            'acc/overall_top5',
            'acc/mean_class',
            'acc/ece',
        }
    warnings = [text for level, text in logged if level == 30]
    assert len(warnings) == 1 and 'ClassCountsHook' in warnings[0]


def test_logs_a_table_at_each_evaluation(logged):
    metric = LongTailMetric(class_counts=COUNTS, many=60, few=10)
    evaluate(metric, samples())
    evaluate(metric, samples())
    tables = [text for _, text in logged if '> 60' in text and '< 10' in text]
    assert len(tables) == 2
    assert max(len(line) for line in tables[0].splitlines()) < 80


def test_low_precision_scores_and_no_copy_of_the_sample():
    for dtype in (torch.float16, torch.bfloat16, torch.float64):
        data = [sample([0.1, 0.9, 0.0], 1, dtype), sample([0.9, 0, 0], 2)]
        data[1]['pred_score'] = data[1]['pred_score'].to(dtype)
        before = [d['pred_score'].clone() for d in data]
        result = evaluate(LongTailMetric(class_counts=[9, 9, 9]), data)
        assert result['acc/overall'] == 0.5
        for d, old in zip(data, before):
            assert torch.equal(d['pred_score'], old)


def test_scores_kept_do_not_follow_later_changes():
    metric = LongTailMetric(class_counts=[9, 9])
    data = [sample([0.1, 0.9], 1)]
    metric.process(None, data)
    data[0]['pred_score'].zero_()
    assert metric.evaluate(1)['acc/overall'] == 1


def test_scores_that_require_grad():
    data = [sample([0.1, 0.9], 1)]
    data[0]['pred_score'].requires_grad_()
    metric = LongTailMetric(class_counts=[9, 9])
    assert evaluate(metric, data)['acc/overall'] == 1


def test_save_best_finds_its_rule():
    for key in ('mean_class', 'overall', 'many', 'few'):
        hook = CheckpointHook(interval=1, save_best=f'acc/{key}')
        assert hook.rules == ['greater']


@pytest.mark.parametrize(
    'change, error, words',
    [
        (dict(gt_label=torch.tensor([0, 1])), TypeError, 'multi-label'),
        (dict(gt_label=torch.tensor([0.5])), TypeError, 'integer'),
        (dict(pred_score=dict(rgb=torch.ones(6))), TypeError, 'dict'),
        (dict(pred_score=torch.ones(2, 6)), TypeError, r'\(2, 6\)'),
        (dict(pred_score=torch.ones(4)), ValueError, '6 classes .* 4'),
    ],
)
def test_bad_samples(change, error, words):
    data = dict(samples(1)[0], **change)
    with pytest.raises(error, match=words):
        LongTailMetric(class_counts=COUNTS).process(None, [data])


@pytest.mark.parametrize('key', ['pred_score', 'gt_label'])
def test_missing_field(key):
    data = samples(1)[0]
    del data[key]
    with pytest.raises(KeyError, match=key):
        LongTailMetric().process(None, [data])


def test_non_finite_scores_are_an_error():
    data = samples(3)
    data[2]['pred_score'][0] = float('nan')
    with pytest.raises(ValueError, match='sample 2 are not finite'):
        evaluate(LongTailMetric(class_counts=COUNTS), data)


def test_no_samples():
    with pytest.raises(ValueError, match='no samples'):
        LongTailMetric().evaluate(0)


@pytest.mark.parametrize(
    'kwargs',
    [
        dict(many=5, few=20),
        dict(topk=()),
        dict(topk=(0, 5)),
        dict(class_counts=[1, -1]),
        dict(per_class_file='.'),
    ],
)
def test_bad_arguments(kwargs):
    with pytest.raises(ValueError):
        LongTailMetric(**kwargs)


def test_topk_and_prefix():
    metric = LongTailMetric(topk=3, class_counts=COUNTS, prefix='pose')
    result = evaluate(metric, samples())
    assert 'pose/overall_top3' in result and 'pose/overall' in result


def test_per_class_file(tmp_path):
    path = tmp_path / 'made' / 'classes.csv'
    metric = LongTailMetric(class_counts=COUNTS, per_class_file=str(path))
    metric.dataset_meta = dict(classes=list('abcdef'))
    result = evaluate(metric, samples())
    with open(path, newline='') as stream:
        rows = list(csv.DictReader(stream))
    assert [r['name'] for r in rows] == list('abcdef')
    mean = np.mean([float(r['accuracy']) for r in rows if r['accuracy']])
    assert mean == pytest.approx(result['acc/mean_class'], abs=1e-6)
    # Names of other classes are left out, and no class with them.
    metric.dataset_meta = dict(classes=list('abc'))
    evaluate(metric, samples())
    with open(path, newline='') as stream:
        assert [r['name'] for r in csv.DictReader(stream)] == [''] * 6


def test_relative_file_lies_in_the_work_dir(tmp_path, monkeypatch):
    (tmp_path / 'run' / '2024').mkdir(parents=True)
    logger = MMLogger.get_instance(
        f'runner-{os.getpid()}',
        log_file=str(tmp_path / 'run' / '2024' / '2024.log'),
    )
    monkeypatch.setattr(
        MMLogger, 'get_current_instance', classmethod(lambda cls: logger)
    )
    evaluate(LongTailMetric(per_class_file='classes.csv'), samples())
    assert (tmp_path / 'run' / 'classes.csv').is_file()


def test_relative_file_outside_a_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    logger = MMLogger.get_instance(f'alone-{os.getpid()}')
    monkeypatch.setattr(
        MMLogger, 'get_current_instance', classmethod(lambda cls: logger)
    )
    evaluate(LongTailMetric(per_class_file='classes.csv'), samples())
    assert (tmp_path / 'classes.csv').is_file()


def test_unwritable_file_does_not_end_the_run(tmp_path, logged):
    (tmp_path / 'file').write_text('')
    path = str(tmp_path / 'file' / 'classes.csv')
    metric = LongTailMetric(class_counts=COUNTS, per_class_file=path)
    assert 'acc/few' in evaluate(metric, samples())
    assert [text for level, text in logged if level == 30 and path in text]


def evaluate_share(rank, world_size, folder):
    """Evaluate one rank's share of a validation set, write the metrics."""
    torch.distributed.init_process_group(
        'gloo',
        init_method=f'file://{folder}/init{world_size}',
        rank=rank,
        world_size=world_size,
    )
    data = samples(23)
    metric = LongTailMetric(class_counts=COUNTS)
    # As DefaultSampler(round_up=True) deals them: strided, with the first
    # samples repeated until every rank has the same number.
    share = -(-len(data) // world_size)
    dealt = (data * 2)[: share * world_size]
    metric.process(None, dealt[rank::world_size])
    result = metric.evaluate(len(data))
    (folder / f'{world_size}_{rank}.json').write_text(json.dumps(result))
    # A rank that exits first may abort another that still listens to it.
    torch.distributed.barrier()
    torch.distributed.destroy_process_group()


def test_two_ranks_equal_one_on_an_odd_number_of_samples(tmp_path):
    for world_size in (1, 2):
        torch.multiprocessing.start_processes(
            evaluate_share,
            (world_size, tmp_path),
            nprocs=world_size,
            start_method='fork',
        )
    alone, *together = (
        json.loads((tmp_path / f'{name}.json').read_text())
        for name in ('1_0', '2_0', '2_1')
    )
    assert together == [alone] * 2
    assert {'acc/many', 'acc/medium', 'acc/few'} <= set(alone)


class Oracle(BaseModel):
    """Returns samples as a recognizer does in ``predict`` mode."""

    def __init__(self):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.zeros(1))

    def forward(self, scores, labels, mode='loss'):
        if mode == 'loss':
            return dict(loss=(self.weight - scores.mean()) ** 2)
        return [
            dict(pred_score=s, gt_label=label[None])
            for s, label in zip(scores, labels)
        ]


class Scores(torch.utils.data.Dataset):
    """Seeded scores as a data set."""

    metainfo = dict(class_counts=COUNTS)

    def __len__(self):
        return 13

    def __getitem__(self, index):
        data = samples(13)[index]
        return dict(scores=data['pred_score'], labels=int(data['gt_label']))


def test_in_a_runner(tmp_path):
    loader = dict(
        batch_size=4,
        dataset=Scores(),
        sampler=dict(type='DefaultSampler', shuffle=False),
        collate_fn=dict(type='default_collate'),
    )
    Runner(
        model=Oracle(),
        work_dir=str(tmp_path),
        train_dataloader=loader,
        val_dataloader=loader,
        train_cfg=dict(by_epoch=True, max_epochs=2),
        val_cfg=dict(),
        val_evaluator=dict(
            type='LongTailMetric', per_class_file='classes.csv'
        ),
        optim_wrapper=dict(optimizer=dict(type='SGD', lr=0.1)),
        default_hooks=dict(
            checkpoint=dict(type='CheckpointHook', save_best='acc/mean_class')
        ),
        default_scope='mmaction',
        experiment_name=f'longtail-metric-{os.getpid()}',
    ).train()
    assert (tmp_path / 'classes.csv').is_file()
    assert len(list(tmp_path.glob('best_acc_mean_class_epoch_1.pth'))) == 1
    log = next(tmp_path.glob('*/*.log')).read_text()
    assert log.count('mean class  ') == 2 and 'acc/num_few: 2' in log
