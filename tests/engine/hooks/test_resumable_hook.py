"""A resumed run against one that was never stopped, bit by bit."""

import os
import signal
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.hooks import CheckpointHook, Hook

from shapmix_mm.engine.hooks.resumable_hook import resume_command


def plain(cfg):
    """Take out all that is ours."""
    del cfg.model.data_preprocessor
    cfg.model.cls_head.loss_cls = dict(type='CrossEntropyLoss')
    cfg.custom_hooks = []


def workers(cfg, persistent):
    for loader in (cfg.train_dataloader, cfg.val_dataloader):
        loader.update(num_workers=2, persistent_workers=persistent)


def by_iterations(cfg):
    cfg.train_dataloader.sampler = dict(type='InfiniteSampler')
    cfg.train_cfg = dict(
        type='IterBasedTrainLoop', max_iters=9, val_interval=3
    )
    cfg.default_hooks.checkpoint.update(interval=3, by_epoch=False)
    cfg.default_hooks.logger.log_metric_by_epoch = False
    cfg.log_processor = dict(by_epoch=False)


CASES = dict(
    shapmix=[],
    stock=[plain],
    workers=[plain, lambda cfg: workers(cfg, False)],
    persistent_workers=[lambda cfg: workers(cfg, True)],
    iterations=[plain, by_iterations],
    no_seed=[plain, lambda cfg: cfg.pop('randomness')],
    averaged=[
        plain,
        lambda cfg: cfg.custom_hooks.append(
            dict(type='EMAHook', momentum=0.1)
        ),
    ],
    seed_by_rank=[
        plain,
        lambda cfg: cfg.randomness.update(diff_rank_seed=True),
    ],
)


@pytest.fixture
def config(stick_config, tmp_path):
    """Function that makes the config of a resumable three-epoch run."""

    def make(case, name, resume=None):
        cfg = stick_config()
        cfg.train_cfg.max_epochs = 3
        cfg.default_hooks.resumable = dict(type='ResumableHook')
        cfg.val_dataloader.dataset.pipeline[0].test_mode = False
        for change in CASES[case]:
            change(cfg)
        cfg.work_dir = str(tmp_path / name)
        cfg.load_from, cfg.resume = resume, resume is not None
        return cfg

    return make


def state_of(runner):
    """All that must be equal: weights, momentum, metrics and losses."""
    hub = runner.message_hub
    optimizer = runner.optim_wrapper.state_dict()['state']
    return {
        **runner.model.state_dict(),
        **{
            f'momentum {k}': v['momentum_buffer'] for k, v in optimizer.items()
        },
        **{
            name: torch.from_numpy(scalar.data[0].astype(float))
            for name, scalar in hub.log_scalars.items()
            if not name.endswith('time')
        },
    }


def check_equal(one, other):
    one, other = state_of(one), state_of(other)
    assert set(one) == set(other) and len(one) > 20
    for name, value in one.items():
        assert torch.equal(value, other[name]), name


@pytest.mark.parametrize('case', CASES)
def test_a_resumed_run_is_the_run_that_it_continues(case, config, build):
    whole = build(config(case, 'whole'))
    whole.train()
    kind = 'iter_6' if case == 'iterations' else 'epoch_2'
    saved = f'{whole.work_dir}/{kind}.pth'
    again = build(config(case, 'again', saved))
    again.train()
    check_equal(whole, again)
    if case == 'shapmix':
        table = 'data_preprocessor.blending.saliency.updates'
        assert state_of(again)[table].sum() > 20


class Draws(Hook):
    """Notes what a step would draw."""

    def __init__(self):
        self.seen = []

    def after_train_iter(self, runner, batch_idx, data_batch, outputs):
        self.seen.append((float(torch.rand(())), float(np.random.rand())))


def test_no_two_steps_draw_the_same(config, build):
    runner = build(config('stock', 'run'))
    draws = Draws()
    runner.register_hook(draws)
    runner.train()
    assert len(set(draws.seen)) == len(draws.seen) == 9
    assert len({one for pair in draws.seen for one in pair}) == 18


def in_passes(cfg):
    """Count iterations of a sampler that ends, twice through the data."""
    by_iterations(cfg)
    cfg.train_dataloader.sampler = dict(type='DefaultSampler', shuffle=True)
    cfg.train_cfg.update(max_iters=6)


@pytest.mark.parametrize('change', [lambda cfg: None, in_passes])
def test_the_number_of_loader_processes_changes_nothing(change, config, build):
    runners = []
    for case in ('stock', 'workers'):
        cfg = config(case, case)
        change(cfg)
        runners.append(build(cfg))
        runners[-1].train()
    check_equal(*runners)


@pytest.mark.parametrize('epoch, due', [(1, False), (2, True), (3, True)])
def test_a_validation_that_a_kill_prevented_is_made_first(
    epoch, due, config, build
):
    """Also after the last epoch; not where none was due."""
    cfg = config('stock', 'whole')
    cfg.train_cfg.val_interval = 2
    build(cfg).train()
    cfg = config('stock', 'again', f'{cfg.work_dir}/epoch_{epoch}.pth')
    cfg.train_cfg.val_interval = 2
    runner, seen = build(cfg), []

    class Watch(Hook):
        def after_val_epoch(self, runner, metrics=None):
            seen.append((runner.epoch, runner.iter))

    runner.register_hook(Watch())
    runner.train()
    assert seen == [(2, 6)] * (epoch < 3) + [(3, 9)]


def test_a_checkpoint_that_holds_its_validation_needs_no_other(config, build):
    """CheckpointHook writes it again when it is the best."""
    cfg = config('stock', 'whole')
    cfg.default_hooks.checkpoint.update(save_best='acc/top1')
    build(cfg).train()
    best = next(Path(cfg.work_dir).glob('best_acc_top1_epoch_*.pth'))
    runner, seen = build(config('stock', 'again', str(best))), []

    class Watch(Hook):
        def before_train_epoch(self, runner):
            seen.append('epoch')

        def after_val_epoch(self, runner, metrics=None):
            seen.append('validation')

    runner.register_hook(Watch(), priority='LOWEST')
    runner.train()
    assert seen[:1] != ['validation']


class SendsTerm(Hook):
    """Asks to stop in the middle of a step."""

    def __init__(self, iteration):
        self.iteration = iteration

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        if runner.iter == self.iteration:
            os.kill(os.getpid(), signal.SIGTERM)


@pytest.mark.parametrize(
    'case, iteration',
    [
        ('shapmix', 0),
        ('persistent_workers', 4),
        ('stock', 5),
        ('iterations', 4),
    ],
)
def test_sigterm_saves_within_the_epoch_and_nothing_is_lost(
    case, iteration, config, build, monkeypatch
):
    whole = build(config(case, 'whole'))
    whole.train()
    cfg = config(case, 'stopped')
    runner = build(cfg)
    runner.register_hook(SendsTerm(iteration))
    said = []
    monkeypatch.setattr(runner.logger, 'info', said.append)
    with pytest.raises(SystemExit) as stop:
        runner.train()
    assert stop.value.code == 143
    assert said[-1].startswith(
        f'stopped by SIGTERM after iteration {iteration + 1}, saved as '
    )
    assert said[-1].endswith('--resume')
    saved = Path(cfg.work_dir, f'stopped_iter_{iteration + 1}.pth')
    pointer = Path(cfg.work_dir, 'last_checkpoint')
    assert pointer.read_text() == str(saved)
    again = build(config(case, 'stopped', str(saved)))
    again.train()
    check_equal(whole, again)
    assert pointer.read_text() != str(saved)
    assert not saved.exists()


class SendsTermInValidation(Hook):
    """Asks to stop in the middle of a validation."""

    def __init__(self, iteration=6):
        self.iteration = iteration

    def before_val_iter(self, runner, batch_idx, data_batch=None):
        if runner.iter == self.iteration and batch_idx == 0:
            os.kill(os.getpid(), signal.SIGTERM)


@pytest.mark.parametrize(
    'case', ['shapmix', 'stock', 'iterations', 'averaged']
)
def test_sigterm_within_a_validation_does_not_wait_for_its_end(
    case, config, build, monkeypatch
):
    whole = build(config(case, 'whole'))
    whole.train()
    cfg = config(case, 'stopped')
    cfg.default_hooks.checkpoint.interval = 9
    runner, batches = build(cfg), []
    runner.register_hook(SendsTermInValidation())

    class Counts(Hook):
        def after_val_iter(self, runner, *args, **kwargs):
            batches.append(runner.iter)

    runner.register_hook(Counts())
    with pytest.raises(SystemExit) as stop:
        runner.train()
    assert stop.value.code == 143
    # Of two batches each.
    assert batches == [3, 3, 6]
    saved = Path(cfg.work_dir, 'stopped_iter_6.pth')
    meta = torch.load(saved, weights_only=False)['meta']
    assert meta['iter'] == 6
    assert meta['epoch'] == (0 if case == 'iterations' else 2)
    again = build(config(case, 'stopped', str(saved)))
    again.train()
    check_equal(whole, again)


def run_until_stopped(runner, hook):
    """Path of the checkpoint that the stop leaves to go on from."""
    runner.register_hook(hook)
    with pytest.raises(SystemExit):
        runner.train()
    return Path(runner.work_dir, 'last_checkpoint').read_text()


@pytest.mark.parametrize('case', ['stock', 'iterations'])
def test_what_has_just_been_saved_is_not_saved_again(case, config, build):
    """Once and again in the last validation, after which nothing is saved."""
    saved = None
    for _ in range(2):
        cfg = config(case, 'run', saved)
        saved = run_until_stopped(build(cfg), SendsTermInValidation(9))
        assert Path(saved).name == (
            'iter_9.pth' if case == 'iterations' else 'epoch_3.pth'
        )
        assert not list(Path(cfg.work_dir).glob('stopped_*'))
    again = build(config(case, 'run', saved))
    again.train()
    assert again.message_hub.get_scalar('val/acc/top1').data[1].sum() == 3


class Course(Hook):
    """Notes steps and validations."""

    def __init__(self):
        self.steps, self.validated = [], []

    def before_train_iter(self, runner, *args, **kwargs):
        self.steps.append(runner.iter)

    def after_val_epoch(self, runner, metrics=None):
        self.validated.append(runner.iter)


@pytest.fixture
def within_epochs(config, build):
    """Function that builds an epoch-based run which saves by iterations."""

    def make(name, resume=None, case='stock', count=1, interval=2, **kwargs):
        cfg = config(case, name, resume)
        cfg.default_hooks.checkpoint.update(
            by_epoch=False, interval=interval, **kwargs
        )
        cfg.default_hooks.logger.interval = 20
        cfg.optim_wrapper.accumulative_counts = count
        cfg.param_scheduler = [dict(type='ExponentialLR', gamma=0.5)]
        runner, course = build(cfg), Course()
        runner.register_hook(course)
        return runner, course

    return make


@pytest.mark.parametrize('case, count', [('shapmix', 1), ('stock', 2)])
def test_an_epoch_goes_on_where_checkpointhook_has_saved(
    case, count, within_epochs
):
    """Within an epoch of three batches, at its end and after the last."""
    whole, _ = within_epochs('whole', case=case, count=count)
    whole.train()
    for done in (2, 4, 6, 8, 9):
        saved = f'{whole.work_dir}/iter_{done}.pth'
        again, course = within_epochs(f'again{done}', saved, case, count)
        again.train()
        assert course.steps == list(range(done, 9))
        assert course.validated == [n for n in (3, 6, 9) if n >= done]
        check_equal(whole, again)


def test_only_what_is_saved_within_an_epoch_says_where(within_epochs):
    """Not the same file after the validation, nor one saved by epochs."""
    whole, _ = within_epochs('whole', interval=3, save_best='acc/top1')
    whole.register_hook(CheckpointHook(interval=1))
    whole.train()
    folder = Path(whole.work_dir)
    files = [
        folder / 'iter_3.pth',
        *folder.glob('best_*.pth'),
        *folder.glob('epoch_*.pth'),
    ]
    assert len(files) == 5
    for path in files:
        assert 'within_epoch' not in torch.load(path, weights_only=False)
    again, course = within_epochs('again', f'{folder}/iter_3.pth')
    again.train()
    assert course.steps == list(range(3, 9)) and course.validated == [6, 9]
    check_equal(whole, again)


def test_sigterm_finds_an_epoch_saved_where_it_is(within_epochs):
    whole, _ = within_epochs('whole')
    whole.train()
    saved = run_until_stopped(within_epochs('run')[0], SendsTerm(3))
    assert Path(saved).name == 'iter_4.pth'
    again, course = within_epochs('run', saved)
    again.train()
    assert course.steps == list(range(4, 9))
    check_equal(whole, again)


@pytest.mark.parametrize('case', ['stock', 'iterations'])
def test_only_the_last_stop_is_kept(case, config, build):
    """Two stops between two checkpoints, and one that a kill left behind."""
    saved = None
    for iteration in (3, 4):
        cfg = config(case, 'run', saved)
        saved = run_until_stopped(build(cfg), SendsTerm(iteration))
        left = list(Path(cfg.work_dir).glob('stopped_*'))
        assert left == [Path(saved)]
    Path(cfg.work_dir, 'stopped_iter_2.pth').write_bytes(b'')
    seen = []

    class Watch(Hook):
        def before_train_iter(self, runner, *args, **kwargs):
            seen.append(list(Path(cfg.work_dir).glob('stopped_*')))

    runner = build(config(case, 'run', saved))
    runner.register_hook(Watch())
    runner.train()
    assert seen[0] == [Path(saved)]
    # Gone with the next checkpoint, not with the end of the training.
    assert seen[-1] == []
    assert not list(Path(cfg.work_dir).glob('stopped_*'))


def test_a_stop_at_the_end_of_an_epoch_leaves_no_trace(config, build):
    """The resumed run makes no step before it saves. Seen in killed runs."""
    whole = build(config('stock', 'whole'))
    whole.train()
    cfg = config('stock', 'run')
    saved = run_until_stopped(build(cfg), SendsTerm(8))
    build(config('stock', 'run', saved)).train()
    one, other = (
        torch.load(f'{folder}/epoch_3.pth', weights_only=False)
        for folder in (whole.work_dir, cfg.work_dir)
    )
    for key in ('iter', 'epoch'):
        assert one['meta'][key] == other['meta'][key]
        hubs = [kept['message_hub']['runtime_info'] for kept in (one, other)]
        assert hubs[0][key] == hubs[1][key]


@pytest.mark.parametrize('count', [2, 4])
def test_gradients_that_wait_at_a_checkpoint_are_gone_on_with(
    count, config, build
):
    """Three batches an epoch; the last sum of nine is of one gradient."""

    def accumulating(name, resume=None):
        cfg = config('stock', name, resume)
        cfg.optim_wrapper.accumulative_counts = count
        return build(cfg)

    whole = accumulating('whole')
    whole.train()
    for epoch in (1, 2):
        saved = f'{whole.work_dir}/epoch_{epoch}.pth'
        again = accumulating(f'again{epoch}', saved)
        again.train()
        check_equal(whole, again)


@pytest.mark.parametrize('alone, at', [(True, 3), (False, 4)])
def test_ranks_stop_when_no_gradient_waits(
    alone, at, config, build, monkeypatch
):
    """Beyond the epoch and its validation; one process has it saved."""
    monkeypatch.setattr(
        'shapmix_mm.engine.hooks.resumable_hook._is_alone', lambda: alone
    )
    cfg = config('stock', 'run')
    cfg.optim_wrapper.accumulative_counts = 2
    runner = build(cfg)
    runner.register_hook(SendsTerm(2))
    with pytest.raises(SystemExit):
        runner.train()
    saved = Path(cfg.work_dir, f'stopped_iter_{at}.pth')
    assert saved.exists()
    state = torch.load(saved, weights_only=False)
    assert bool(state.get('waiting_gradients')) == alone


def test_an_epoch_of_another_length_is_not_gone_on_with(config, build):
    cfg = config('stock', 'run')
    runner = build(cfg)
    runner.register_hook(SendsTerm(0))
    with pytest.raises(SystemExit):
        runner.train()
    cfg = config('stock', 'run', f'{cfg.work_dir}/stopped_iter_1.pth')
    cfg.train_dataloader.batch_size = 3
    with pytest.raises(ValueError, match='of 3 batches, the epoch now has 7'):
        build(cfg).train()


def test_the_hook_lets_go_of_the_signal(config, build):
    before = signal.getsignal(signal.SIGTERM)
    build(config('stock', 'run')).train()
    assert signal.getsignal(signal.SIGTERM) == before


@pytest.mark.parametrize(
    'given',
    [
        ['--resume', 'old file.pth', '--seed', '3'],
        ['--resume', '--seed', '3'],
        ['--resume=x.pth', '--seed', '3'],
        ['--seed', '3'],
    ],
)
def test_the_command_to_go_on_with(given, monkeypatch):
    monkeypatch.setattr('sys.argv', ['tools/train.py', 'a b.py', *given])
    monkeypatch.delenv('WORLD_SIZE', raising=False)
    assert resume_command() == (
        "python tools/train.py 'a b.py' --seed 3 --resume"
    )
