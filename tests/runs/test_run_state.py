"""When a run is done, and where it goes on."""

import json
import math
import zipfile
from dataclasses import replace

import pytest

from shapmix_mm.runs.comparison import collect
from shapmix_mm.runs.queue import (
    epochs_done,
    find_slots,
    is_done,
    resume_arguments,
    time_left,
)
from shapmix_mm.runs.suite import Task


@pytest.fixture
def task(tmp_path, make_tasks):
    """A run of four epochs."""
    (one,) = make_tasks(tmp_path, methods=('ce',), seeds=(0,), epochs=4)
    one.folder.mkdir(parents=True)
    return one


def log(task, *entries):
    path = task.folder / '1' / 'vis_data' / 'scalars.json'
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text('\n'.join(map(json.dumps, entries)))


def step(epoch, iteration):
    return dict(loss=1.0, epoch=epoch, iter=iteration, step=iteration)


def checked(epoch):
    return {'acc/overall': 0.5, 'step': epoch}


def save(task, epoch, whole=True):
    path = task.folder / f'epoch_{epoch}.pth'
    with zipfile.ZipFile(path, 'w') as archive:
        archive.writestr('archive/data.pkl', b'x' * 100)
    if not whole:
        path.write_bytes(path.read_bytes()[:80])
    return str(path)


def test_done_takes_the_last_validation_and_a_whole_checkpoint(task):
    assert not is_done(task)
    log(task, step(4, 40))
    save(task, 4)
    assert not is_done(task)
    log(task, step(4, 40), checked(4))
    assert is_done(task)
    save(task, 4, whole=False)
    assert not is_done(task)
    save(task, 3)
    assert not is_done(task)


def test_it_goes_on_from_the_last_whole_checkpoint(task):
    """The training itself makes up for a validation that it lacks."""
    assert resume_arguments(task) == []
    first = save(task, 1)
    log(task, step(1, 10), checked(1), step(2, 20))
    assert resume_arguments(task) == ['--resume', first]
    second = save(task, 2)
    assert resume_arguments(task) == ['--resume', second]
    save(task, 2, whole=False)
    assert resume_arguments(task) == ['--resume', first]


@pytest.mark.parametrize('metric', ['acc/overall', 'acc/top1'])
def test_a_run_without_steps(task, tmp_path, make_tasks, metric):
    """It logs a validation and nothing else, and costs nothing."""
    plan = replace(task.plan, first=task.plan)
    second = Task(plan, 0, tmp_path / 'tail' / 'leveled' / '0')
    plan.cfg.train_cfg = dict(type='SteplessTrainLoop', max_epochs=1)
    second.folder.mkdir(parents=True)
    assert plan.epochs == 0 and plan.stages == [0, 0]
    assert epochs_done(second.folder) == 0 and not is_done(second)
    path = save(second, 1)
    assert resume_arguments(second) == ['--resume', path]
    log(second, {metric: 0.7, 'acc/few': 0.2, 'step': 1})
    assert is_done(second) and epochs_done(second.folder) == 1
    result = collect([second]).iloc[0]
    assert (result.overall, result.few) == (0.7, 0.2)
    assert math.isnan(result.many)
    # The first stage of this one costs nothing either, and is not there.
    assert math.isnan(result.train_seconds)
    log(task, {metric: 0.5, 'step': 1})
    result = collect([second]).iloc[0]
    assert result.train_seconds == result.train_cpu_seconds == 0
    with open(next(second.folder.glob('*/vis_data/*.json')), 'a') as stream:
        stream.write('\n{"acc/over')
    assert is_done(second)


def test_epochs_done(task):
    assert epochs_done(task.folder) == 0
    log(task, step(1, 5))
    assert epochs_done(task.folder) == 0
    log(task, step(1, 5), step(1, 10), step(2, 15))
    assert epochs_done(task.folder) == 1.5
    log(task, step(1, 10), step(2, 20), step(3, 30))
    assert epochs_done(task.folder) == 3


def test_time_left():
    assert time_left({'a': 3.0}, {}, 1) is None
    # b is not known yet and counts with the mean of the others.
    pace = dict(a=10.0, c=20.0)
    assert time_left(dict(a=3.0, b=2.0, c=1.0), pace, 2) == 40.0


def test_places_share_the_cores(monkeypatch):
    monkeypatch.delenv('OMP_NUM_THREADS', raising=False)
    monkeypatch.setattr('shapmix_mm.runs.queue._cores', lambda: 8)
    monkeypatch.setattr('torch.cuda.device_count', lambda: 0)
    threads = [
        (len(slots), slots[0].environment['OMP_NUM_THREADS'])
        for slots in (
            find_slots(None, 100),
            find_slots(None, 3),
            find_slots(4, 100),
        )
    ]
    assert threads == [(8, '1'), (3, '2'), (4, '2')]


def test_a_place_per_gpu_among_the_visible(monkeypatch):
    monkeypatch.setattr('torch.cuda.device_count', lambda: 2)
    monkeypatch.setenv('CUDA_VISIBLE_DEVICES', '1,3')
    assert [
        (slot.name, slot.environment['CUDA_VISIBLE_DEVICES'])
        for slot in find_slots(3, 100)
    ] == [('gpu1', '1'), ('gpu3', '3'), ('gpu1-1', '1')]
    monkeypatch.delenv('CUDA_VISIBLE_DEVICES')
    assert [slot.name for slot in find_slots(None, 9)] == ['gpu0', 'gpu1']
