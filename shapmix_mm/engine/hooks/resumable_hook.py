"""A training that goes on is the training that was interrupted."""

from __future__ import annotations

import os
import shlex
import signal
import sys
import threading
from pathlib import Path
from types import FrameType
from typing import Any, Iterator, NamedTuple, Sequence

import torch
from mmaction.registry import HOOKS
from mmengine import dist
from mmengine.hooks import CheckpointHook, EMAHook, Hook
from mmengine.runner import EpochBasedTrainLoop, Runner
from mmengine.runner.base_loop import BaseLoop
from torch.utils.data import DataLoader, get_worker_info

from shapmix_mm.randomness import seed_streams
from shapmix_mm.serialization import write_whole

from ...config.launch import bare_model

__all__ = ['ResumableHook', 'resume_command']

# First numbers of the keys of random streams.
_EPOCH, _BATCH, _STEP, _VALIDATION = range(4)
# Entries of a checkpoint that was saved within an epoch, or between two steps
# of the optimizer.
_WITHIN, _GRADIENTS = 'within_epoch', 'waiting_gradients'
# What a signal has saved; CheckpointHook gives this name to no file.
_STOPPED = 'stopped_iter_{}.pth'


class _Position(NamedTuple):
    """Where within its epoch a training stopped."""

    batches: int
    of: int
    buffers: list[dict[str, torch.Tensor]]


@HOOKS.register_module()
class ResumableHook(Hook):
    """Makes a resumed training bit-equal to one that never stopped.

    Works for any training by MMEngine, by epochs or by iterations.

    - What is random depends on the run's seed, the rank and the position in
      the training alone: the streams of Python, numpy and torch are seeded
      before each batch that is loaded, whoever loads it, and before each
      step and validation. Nothing has to be saved for it, and the number of
      loader processes changes nothing.
    - A validation that was due at the checkpoint, and that it does not know
      of, is made before the training goes on.
    - SIGTERM, which clusters send before they kill, saves a checkpoint after
      the step under way, or the batch of a validation, and ends the process
      with code 143 and a line that names the command to go on with. It is
      enough that one rank receives it. Such a checkpoint may lie before a
      validation, which is then made from its beginning. It is
      ``stopped_iter_*.pth``, unless CheckpointHook has just saved the same
      state, and goes when a later one is saved. A second SIGTERM ends the
      process at once.
    - An epoch within which a signal, or CheckpointHook by iterations, has
      saved goes on with the next batch.
    - Gradients that wait for more of their kind (gradient accumulation)
      travel in the checkpoint; with several ranks, each of which has its own,
      they are lost, and a line says so.

    On a GPU some kernels of torch add in no fixed order, so that there equal
    draws do not make equal bits.
    """

    # After all else, the checkpoint of the step or epoch included.
    priority = 'LOWEST'

    def __init__(self) -> None:
        self._key: tuple[int, ...] | None = None
        self._stop = False
        self._resumed: _Position | None = None
        self._saving: _Position | None = None
        # CheckpointHook's newest file, and the iterations that it holds.
        self._kept: tuple[str | None, int] = (None, -1)
        self._gradients: dict[str, torch.Tensor] = {}

    # What is random.

    def before_train(self, runner: Runner) -> None:
        """Take over the random streams; make up for a validation.

        Args:
            runner (Runner): The runner, its checkpoint loaded.
        """
        self._key = (int(runner.seed), dist.get_rank())
        loop: Any = runner.train_loop
        self._agree_on_sampler(runner)
        self._batches = _count_batches(loop.dataloader, self._key)
        if isinstance(runner._val_loop, BaseLoop):
            self._val_batches = _count_batches(
                runner.val_loop.dataloader, (*self._key, _VALIDATION)
            )
        self._group = _host_group()
        self._listen()
        self._gather_for_saves(runner)
        self._kept = _last_saved(runner), self._held_by_pointer(runner)
        _drop_stopped(runner)
        if runner.iter:
            # As the step before has left it: no step may follow.
            runner.message_hub.update_info('iter', runner.iter - 1)
        self._wait_again(runner)
        if self._lacks_validation(runner):
            runner.logger.info(
                f'{runner._load_from} holds no validation of its state; it '
                'is made before the training goes on'
            )
            runner.val_loop.run()

    def before_train_epoch(self, runner: Runner) -> None:
        """Seed what is drawn when an epoch begins; go on within it.

        Args:
            runner (Runner): The runner.
        """
        assert self._key is not None
        seed_streams(*self._key, _EPOCH, runner.epoch)
        self._batches.epoch = runner.epoch
        loop: Any = runner.train_loop
        if hasattr(loop, 'dataloader_iterator'):
            # It began to load before any hook was called.
            loop.dataloader_iterator = type(loop.dataloader_iterator)(
                loop.dataloader
            )
        if self._resumed is not None:
            self._skip(runner, self._resumed)
            self._resumed = None

    def before_train_iter(
        self, runner: Runner, batch_idx: int, data_batch: Any = None
    ) -> None:
        """Seed the step.

        Args:
            runner (Runner): The runner.
            batch_idx (int): Index of the batch in the epoch.
            data_batch (dict): The batch.
        """
        assert self._key is not None
        seed_streams(*self._key, _STEP, runner.iter)
        self._place(runner, batch_idx + 1)

    def before_val_epoch(self, runner: Runner) -> None:
        """Seed the validation, and note that it is made.

        Args:
            runner (Runner): The runner.
        """
        if self._key is None:  # nothing is trained
            return
        seed_streams(*self._key, _VALIDATION, runner.iter)
        self._val_batches.epoch = runner.iter
        # Ranks without padding may have one batch more than others.
        steps = torch.tensor(float(len(self._val_batches)))
        self._val_steps = int(self._agree(steps, 'MIN'))
        # Until it is over nothing is saved, and then its figures are as well.
        done, _ = _done(runner)
        runner.message_hub.update_info('resumable_validation', done)

    def _agree_on_sampler(self, runner: Runner) -> None:
        """A sampler that chose a seed by itself keeps it for the run."""
        sampler = _sampler_of(runner.train_dataloader)
        if not hasattr(sampler, 'seed'):
            return
        hub = runner.message_hub
        if runner._resume and 'sampler_seed' in hub.runtime_info:
            sampler.seed = hub.get_info('sampler_seed')
        hub.update_info('sampler_seed', sampler.seed)
        if hasattr(sampler, '_indices_of_rank'):
            # MMEngine's InfiniteSampler draws from one endless generator.
            sampler.indices = sampler._indices_of_rank()

    # The validation that a kill has prevented.

    def _lacks_validation(self, runner: Runner) -> bool:
        loop: Any = runner.train_loop
        within = self._resumed is not None and self._resumed.batches > 0
        if not runner._resume or runner._val_loop is None or within:
            return False
        done, last = _done(runner)
        loop._decide_current_val_interval()
        due = done >= loop.val_begin and (
            done % loop.val_interval == 0 or done == last
        )
        known = runner.message_hub.runtime_info.get('resumable_validation')
        return due and done > 0 and known != done

    # The checkpoint that a signal asks for.

    def after_train_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: Any = None,
        outputs: dict | None = None,
    ) -> None:
        """Stop after this step if any rank is asked to.

        Args:
            runner (Runner): The runner.
            batch_idx (int): Index of the batch in the epoch.
            data_batch (dict): The batch.
            outputs (dict): Losses of the step.

        Raises:
            SystemExit: With code 143, on all ranks, when all is saved.
        """
        self._note_saved(runner, runner.iter + 1)
        if self._may_stop(runner) and self._agreed():
            self._stop_here(runner, runner.iter + 1)
        # What is saved after the last step of an epoch has all of it.
        self._saving = None

    def after_val_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: Any = None,
        outputs: Any = None,
    ) -> None:
        """Stop within a validation of the training if any rank is asked to.

        Args:
            runner (Runner): The runner.
            batch_idx (int): Index of the batch.
            data_batch (dict): The batch.
            outputs (Sequence): What the model found.

        Raises:
            SystemExit: With code 143, on all ranks, when all is saved.
        """
        training = self._key is not None and batch_idx < self._val_steps
        if training and self._may_stop(runner) and self._agreed():
            runner.message_hub.update_info('resumable_validation', None)
            for hook in runner.hooks:
                if isinstance(hook, EMAHook):
                    # A validation has the averages in the weights' place.
                    hook.after_val_epoch(runner)
            self._place(runner, 0)
            self._stop_here(runner, runner.iter)

    def after_train_epoch(self, runner: Runner) -> None:
        """Drop the checkpoint within an epoch that is now over.

        Args:
            runner (Runner): The runner.
        """
        vars(runner.train_loop).pop('run_iter', None)
        self._note_saved(runner, runner.iter)

    def after_train(self, runner: Runner) -> None:
        """Let go of the signal.

        Args:
            runner (Runner): The runner.
        """
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, self._previous)

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Say where within its epoch the training stops.

        Args:
            runner (Runner): The runner.
            checkpoint (dict): What will be saved, changed in place.
        """
        if self._saving is not None:
            checkpoint[_WITHIN] = self._saving._asdict()
        if not _waits(runner):
            return
        if not _is_alone():
            runner.logger.warning(
                f'a checkpoint is saved at iteration {runner.iter + 1}, '
                'between two steps of the optimizer: the gradients since the '
                'last are not in it; make accumulative_counts divide the '
                'number of batches, and the interval of saves by iterations'
            )
            return
        checkpoint[_GRADIENTS] = {
            name: value.grad.cpu()
            for name, value in bare_model(runner).named_parameters()
            if value.grad is not None
        }

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Read where within its epoch the training stopped.

        Args:
            runner (Runner): The runner.
            checkpoint (dict): What was loaded; buffers of this rank that
                were not yet averaged over the ranks are put back.
        """
        if not runner._resume:
            return
        self._gradients = checkpoint.get(_GRADIENTS, {})
        if _WITHIN not in checkpoint:
            return
        self._resumed = _Position(**checkpoint[_WITHIN])
        if len(self._resumed.buffers) == dist.get_world_size():
            own = self._resumed.buffers[dist.get_rank()]
            checkpoint['state_dict'].update(own)

    def _listen(self) -> None:
        owner, self._stop = os.getpid(), False

        def note(number: int, frame: FrameType | None) -> None:
            signal.signal(number, signal.SIG_DFL)
            if os.getpid() == owner:
                self._stop = True
            else:  # a process forked from this one
                os.kill(os.getpid(), number)

        if threading.current_thread() is threading.main_thread():
            self._previous = signal.signal(signal.SIGTERM, note)

    def _may_stop(self, runner: Runner) -> bool:
        """Whether nothing would be lost."""
        return _is_alone() or not _waits(runner)

    def _agreed(self) -> bool:
        """Whether any rank is asked to stop; ranks learn it together."""
        return bool(self._agree(torch.tensor(float(self._stop)), 'MAX'))

    def _agree(self, number: torch.Tensor, how: str) -> torch.Tensor:
        """Largest or smallest number of all ranks."""
        if dist.get_world_size() > 1:
            torch.distributed.all_reduce(
                number,
                getattr(torch.distributed.ReduceOp, how),
                group=self._group,
            )
        return number

    def _wait_again(self, runner: Runner) -> None:
        """Sum gradients as the run that goes on would have."""
        wrapper: Any = runner.optim_wrapper
        if hasattr(wrapper, '_remainder_counts'):
            # MMEngine counts from where a resumed run begins.
            wrapper._remainder_counts = (
                runner.max_iters % wrapper._accumulative_counts
            )
        for name, value in bare_model(runner).named_parameters():
            if name in self._gradients:
                value.grad = self._gradients[name].to(value.device)
        self._gradients = {}

    def _note_saved(self, runner: Runner, done: int) -> None:
        """Note after how many iterations CheckpointHook has saved."""
        last = _last_saved(runner)
        if last != self._kept[0]:
            self._kept = (last, done)
            _drop_stopped(runner)

    def _stop_here(self, runner: Runner, done: int) -> None:
        held = dist.is_main_process() and self._kept[1] == done
        if not self._agree(torch.tensor(float(held)), 'MAX'):
            self._save(runner, done)
        # Other nodes may not see the folder.
        if dist.is_main_process():
            runner.logger.info(
                f'stopped by SIGTERM after iteration {done}, saved as '
                f'{_pointer(runner).read_text()}; go on with: '
                f'{resume_command()}'
            )
        raise SystemExit(128 + signal.SIGTERM)

    def _held_by_pointer(self, runner: Runner) -> int:
        """Iterations of the file that names itself as the newest, or -1."""
        if not runner._resume or not _pointer(runner).is_file():
            return -1
        named = Path(_pointer(runner).read_text().strip())
        return runner.iter if named == Path(runner._load_from) else -1

    def _place(self, runner: Runner, batches: int) -> None:
        """Note how much of its epoch a checkpoint would hold."""
        loop: Any = runner.train_loop
        if isinstance(loop, EpochBasedTrainLoop):
            self._saving = _Position(batches, len(loop.dataloader), [])

    def _gather(self, runner: Runner) -> None:
        """Take along the buffers of all ranks, alike after an epoch only."""
        if self._saving is not None:
            model = bare_model(runner)
            kept = model.state_dict()
            buffers = {
                name: value.detach().cpu().clone()
                for name, value in model.named_buffers()
                if name in kept
            }
            self._saving = self._saving._replace(
                buffers=dist.all_gather_object(buffers)
            )

    def _gather_for_saves(self, runner: Runner) -> None:
        """Have all ranks at hand when CheckpointHook saves by iterations."""
        for hook in runner.hooks:
            if isinstance(hook, CheckpointHook) and not hook.by_epoch:

                def save(
                    runner: Runner, own: Any = hook._save_checkpoint
                ) -> None:
                    if not _is_alone():
                        self._gather(runner)
                    own(runner)

                hook._save_checkpoint = save

    def _save(self, runner: Runner, done: int) -> None:
        self._gather(runner)
        path = _checkpoint_folder(runner) / _STOPPED.format(done)
        runner.save_checkpoint(
            str(path.parent), path.name, by_epoch=False, meta={'iter': done}
        )
        if dist.is_main_process():
            write_whole(_pointer(runner), str(path))
        _drop_stopped(runner)
        # A rank that ends early makes the launcher kill the one that saves.
        dist.barrier()

    def _skip(self, runner: Runner, position: _Position) -> None:
        """Begin an epoch behind the batches that are done."""
        loop: Any = runner.train_loop
        if position.of != len(loop.dataloader):
            raise ValueError(
                f'{runner._load_from} was saved within an epoch of '
                f'{position.of} batches, the epoch now has '
                f'{len(loop.dataloader)}; resume from the epoch before, by '
                '--resume CHECKPOINT'
            )
        self._batches.skip = position.batches
        run_iter = loop.run_iter

        def shifted(idx: int, data_batch: Sequence[dict]) -> None:
            run_iter(idx + position.batches, data_batch)

        loop.run_iter = shifted


def _is_alone() -> bool:
    return dist.get_world_size() == 1


def _last_saved(runner: Runner) -> str | None:
    """CheckpointHook's newest file, as a checkpoint tells it after years."""
    return runner.message_hub.runtime_info.get('last_ckpt')


def _pointer(runner: Runner) -> Path:
    """File that names the checkpoint to go on from. Source: mmengine."""
    return Path(runner.work_dir, 'last_checkpoint')


def _checkpoint_folder(runner: Runner) -> Path:
    hooks = [h for h in runner.hooks if isinstance(h, CheckpointHook)]
    return Path(hooks[0].out_dir if hooks else runner.work_dir)


def _drop_stopped(runner: Runner) -> None:
    """Remove what signals have saved, but for where the training is."""
    if dist.is_main_process() and _pointer(runner).is_file():
        kept = Path(_pointer(runner).read_text().strip()).name
        for path in _checkpoint_folder(runner).glob(_STOPPED.format('*')):
            if kept and path.name != kept:
                path.unlink(missing_ok=True)


def _waits(runner: Runner) -> bool:
    """Whether gradients wait for more of their kind, before a step."""
    complete = getattr(runner.optim_wrapper, 'should_update', None)
    return complete is not None and not complete()


class _KeyedBatch(list):
    """Indices of a batch, with the key of its random streams."""

    key: tuple[int, ...] = ()


class _CountedBatches:
    """A batch sampler that tells each batch its place in the training.

    Args:
        batches (Iterable[list[int]]): The batch sampler.
        key (tuple[int]): Key of the streams, to which epoch and number of
            the batch are added.
    """

    def __init__(self, batches: Any, key: tuple[int, ...]) -> None:
        self.batches, self.key = batches, key
        self.epoch = self.skip = 0

    def __iter__(self) -> Iterator[_KeyedBatch]:
        epoch, skip = self.epoch, self.skip
        self.epoch, self.skip = epoch + 1, 0
        for number, indices in enumerate(self.batches):
            if number >= skip:
                batch = _KeyedBatch(indices)
                batch.key = (*self.key, _BATCH, epoch, number)
                yield batch

    def __len__(self) -> int:
        return len(self.batches)

    def __getattr__(self, name: str) -> Any:
        return getattr(vars(self)['batches'], name)


class _SeededItems:
    """``dataset.__getitems__`` with streams by the batch's key."""

    def __init__(self, dataset: Any) -> None:
        self.dataset = dataset
        self.original = getattr(dataset, '__getitems__', None)
        self._guarded = False

    def __call__(self, indices: Sequence[int]) -> list[Any]:
        if not self._guarded and get_worker_info() is not None:
            _obey_the_training_alone()
            self._guarded = True
        key = getattr(indices, 'key', ())
        if key:
            seed_streams(*key)
        if self.original is not None:
            return self.original(list(indices))
        return [self.dataset[index] for index in indices]


def _obey_the_training_alone() -> None:
    """Let a loader process end at its training's word only.

    A cluster sends SIGTERM to all processes of a training, which needs its
    loaders for the step under way. Source: signal(7); macOS cannot tell who
    has sent a signal, there they end with the rest.
    """
    if not hasattr(signal, 'sigwaitinfo'):
        return
    training = os.getppid()
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})

    def wait() -> None:
        while signal.sigwaitinfo({signal.SIGTERM}).si_pid != training:
            pass
        os._exit(0)

    threading.Thread(target=wait, daemon=True).start()


def _count_batches(
    loader: DataLoader, key: tuple[int, ...]
) -> _CountedBatches:
    """Make a loader's draws depend on the place of each batch alone."""
    found: Any = loader.batch_sampler
    if isinstance(found, _CountedBatches):
        return found
    counted = _CountedBatches(found, key)
    # torch forbids to exchange it, since its own loader reads some of its
    # settings when it is built; those stay.
    object.__setattr__(loader, 'batch_sampler', counted)
    dataset: Any = loader.dataset
    dataset.__getitems__ = _SeededItems(dataset)
    return counted


def _sampler_of(loader: DataLoader) -> Any:
    batches: Any = loader.batch_sampler
    own = loader.sampler
    return own if hasattr(own, 'seed') else getattr(batches, 'sampler', own)


def _done(runner: Runner) -> tuple[int, int]:
    """How far the training is and how far it goes, in its own unit."""
    if isinstance(runner.train_loop, EpochBasedTrainLoop):
        return runner.epoch, runner.max_epochs
    return runner.iter, runner.max_iters


def _host_group() -> Any:
    """Group of all ranks that needs no GPU; None for the default one."""
    if not dist.is_distributed() or dist.get_backend() == 'gloo':
        return None
    return torch.distributed.new_group(backend='gloo')


def resume_command() -> str:
    """Command line that goes on with this process's training.

    Returns:
        str: The one it was started with, with ``--resume`` and no checkpoint
        of its own; a launcher's part is not known here.
    """
    given, words = list(sys.argv), []
    while given:
        word = given.pop(0)
        if word == '--resume':
            if given and not given[0].startswith('-'):
                given.pop(0)
        elif not word.startswith('--resume='):
            words.append(word)
    launched = int(os.environ.get('WORLD_SIZE', 1)) > 1
    return ('your launcher and ' if launched else '') + shlex.join(
        ['python', *words, '--resume']
    )
