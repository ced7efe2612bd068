"""Training runs that stand still between steps, on a synthetic batch."""

from __future__ import annotations

import io
import math
import tempfile
import time
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any, Callable, Sequence

import numpy as np
import torch
from mmengine.config import Config
from mmengine.dataset import pseudo_collate
from mmengine.runner import EpochBasedTrainLoop, Runner
from synthetic_clips import Shape, SyntheticClips
from timing import Clock, peak_bytes
from torch.utils.data import DataLoader, RandomSampler

from shapmix_mm.config.data import innermost
from shapmix_mm.config.mixins import apply_mixin, find_mixin, load_config
from shapmix_mm.engine import SaliencyHook

__all__ = ['BRANCHES', 'VARIANTS', 'Variant', 'build', 'cycle_of']

#: Methods of several branches or views.
BRANCHES = ('ride', 'paco', 'bcl', 'glmc', 'brl')
#: The mixins of each variant.
VARIANTS: dict[str, tuple[str, ...]] = dict(
    plain_n=('balsoftmax',),
    plain_2n=('balsoftmax',),
    stmix=('balsoftmax', 'stmix'),
    shapmix_faithful=('shapmix',),
    shapmix_fast=('shapmix_fast',),
    shapmix_realistic=('shapmix', 'realistic'),
    **{name: (name,) for name in BRANCHES},
)


class PausedLoop(EpochBasedTrainLoop):
    """Gets ready to train and leaves the iterations to the benchmark."""

    def run(self) -> torch.nn.Module:
        """Do what comes before the first iteration."""
        self.runner.call_hook('before_train')
        self.runner.call_hook('before_train_epoch')
        self.runner.model.train()
        return self.runner.model


class Variant:
    """A training run that takes a step on demand and notes how long it took.

    Args:
        name (str): A key of ``VARIANTS``.
        path (str): Config file.
        shape (Shape): Sizes of the batch; ``plain_2n`` doubles N.
        clock (Clock): Clock of the device.
        folder (str): Where the run may write.
    """

    def __init__(
        self, name: str, path: str, shape: Shape, clock: Clock, folder: str
    ) -> None:
        self.name, self.clock, self.steps = name, clock, 0
        cfg = _config(name, path)
        num = shape.batch * (1 + (name == 'plain_2n'))
        # GLMC takes as many partners beside the batch.
        usual = Config.fromfile(path).train_dataloader.batch_size
        num = num * cfg.train_dataloader.batch_size // usual
        clips = SyntheticClips(shape, _views(cfg))
        order = torch.Generator().manual_seed(0)
        loader = DataLoader(
            clips,
            num,
            sampler=RandomSampler(clips, True, num, order),
            collate_fn=pseudo_collate,
        )
        self.batch = next(iter(loader))
        self.runner = _runner(name, cfg, loader, folder)
        # The bars of the pass that measures the mean pose.
        with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
            self.runner.train()
        hooks = [h for h in self.runner.hooks if isinstance(h, SaliencyHook)]
        self.hook = hooks[0] if hooks else None
        self._whole: list[tuple[Any, Any, float]] = []
        self._phases: dict[str, list[tuple[Any, Any]]] = {}
        self._watch()

    @property
    def interval(self) -> int:
        """Steps after which the saliency schedule repeats."""
        return self.hook.interval if self.hook else 1

    def step(self) -> None:
        """Take one training step, to the end of its work on the device."""
        begin, wall = self.clock.mark(), time.perf_counter()
        self.runner.train_loop.run_iter(0, self.batch)
        end = self.clock.mark()
        self.clock.finish()
        wall = 1e3 * (time.perf_counter() - wall)
        self._whole.append((begin, end, wall))
        self.steps += 1

    def taken(self) -> dict[str, float]:
        """Milliseconds per step since the last call, in all and by phase."""
        between, num = self.clock.between, len(self._whole)
        times = dict(
            ms=sum(between(*marks[:2]) for marks in self._whole),
            wall=sum(marks[2] for marks in self._whole),
        )
        for phase, marks in self._phases.items():
            times[phase] = sum(between(*pair) for pair in marks)
            marks.clear()
        self._whole.clear()
        return {name: value / num for name, value in times.items()}

    def megabytes(self, steps: int) -> float:
        """Peak MiB in some steps, beyond weights and optimizer state."""
        device = next(self.runner.model.parameters()).device
        return peak_bytes(lambda: self._steps(steps), device) / 2**20

    def table_updates(self) -> int:
        """Updates of the saliency table so far; 0 where there is none."""
        return int(self.hook.table.steps) if self.hook else 0

    def saliency_passes(self) -> float:
        """Clips scored per step for the saliency, in batches of N."""
        scalars = self.runner.message_hub.log_scalars
        history = scalars.get('train/saliency_passes')
        return float(history.mean(self.steps)) if history else 0.0

    def _steps(self, num: int) -> None:
        for _ in range(num):
            self.step()
        self.taken()

    def _watch(self) -> None:
        model: Any = self.runner.model
        parts = [
            (model.data_preprocessor.blending, 'forward', 'blend'),
            (model, '_run_forward', 'forward'),
            (self.runner.optim_wrapper, 'update_params', 'backward'),
            (self.hook, 'after_train_iter', 'saliency'),
        ]
        for owner, method, phase in parts:
            self._phases[phase] = []
            if owner is not None:
                timed = self._timed(getattr(owner, method), phase)
                setattr(owner, method, timed)

    def _timed(
        self, method: Callable[..., Any], phase: str
    ) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            begin = self.clock.mark()
            result = method(*args, **kwargs)
            self._phases[phase].append((begin, self.clock.mark()))
            return result

        return call


def cycle_of(variants: Sequence[Variant]) -> int:
    """Steps after which the schedules of all variants repeat."""
    return math.lcm(*(variant.interval for variant in variants))


def _config(name: str, path: str) -> Config:
    """The config, its own method replaced by that of the variant."""
    cfg = load_config(path)
    (cfg.model.get('data_preprocessor') or {}).pop('blending', None)
    cfg.custom_hooks = []
    for mixin in VARIANTS[name]:
        apply_mixin(cfg, Config.fromfile(find_mixin(mixin)))
    for hook in cfg.custom_hooks:
        if hook['type'] == 'SaliencyHook':
            # Guided from the first step, as in most of a training.
            hook['warmup_epochs'] = 0
    return cfg


def _views(cfg: Config) -> int:
    """Views of a training sample."""
    steps = [
        step
        for data in innermost(cfg.train_dataloader)
        for step in data.pipeline
    ]
    found = [s['num_views'] for s in steps if s['type'] == 'MultiView']
    return found[0] if found else 1


def _runner(name: str, cfg: Config, loader: DataLoader, folder: str) -> Runner:
    return Runner(
        model=cfg.model,
        work_dir=str(Path(folder, name)),
        train_dataloader=loader,
        train_cfg=dict(type=PausedLoop, max_epochs=10**6),
        optim_wrapper=cfg.optim_wrapper,
        param_scheduler=cfg.get('param_scheduler'),
        # What logs and saves every so many steps is no part of a step.
        default_hooks=dict(logger=None, checkpoint=None),
        custom_hooks=cfg.custom_hooks,
        randomness=dict(seed=0),
        log_level='ERROR',
        default_scope='mmaction',
        experiment_name=f'{name}_{Path(folder).name}',
    )


def build(
    names: Sequence[str], path: str, shape: Shape, clock: Clock, folder: str
) -> list[Variant]:
    """Training runs of a config, its model changed to the sizes of a batch."""
    cfg = Config.fromfile(path)
    joints, parts = shape.joints, np.array_split(np.arange(shape.joints), 5)
    # A body of any number of joints: a chain, cut into five parts.
    cfg.model.backbone.graph_cfg.layout = dict(
        name=f'chain{joints}',
        num_node=joints,
        center=0,
        inward=[(joint, joint - 1) for joint in range(1, joints)],
        parts=[part.tolist() for part in parts],
    )
    cfg.model.backbone.num_person = shape.persons
    cfg.model.cls_head.num_classes = shape.classes
    leaf = Path(tempfile.mkdtemp(dir=folder), 'leaf.py')
    cfg.dump(leaf)
    return [
        Variant(name, str(leaf), shape, clock, str(leaf.parent))
        for name in names
    ]
