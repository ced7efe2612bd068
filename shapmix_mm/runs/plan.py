"""Runs that a suite asks for."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from mmaction.registry import MODELS
from mmengine.config import Config

from shapmix_mm.config.launch import check_annotations
from shapmix_mm.config.mixins import load_config
from shapmix_mm.models.blending.skeleton_blending import SkeletonBlending

from .leaves import find_leaf
from .settings import effective_passes, override, plain, stretch, takes_steps
from .suite import Entry, Suite
from .suite_failure import SuiteError

__all__ = ['Method', 'Task', 'check_data', 'plan_suite']


@dataclass(frozen=True)
class Method:
    """A method on a dataset with a recogniser: all that seeds share.

    Attributes:
        dataset (Entry): Dataset.
        recogniser (Entry): Recogniser.
        method (Entry): Method.
        config (Path): Leaf config.
        mixins (tuple[str, ...]): Mixins to merge into it.
        options (dict): Settings to override.
        cfg (Config): The complete config.
        setting (str): Folder of the dataset, and of the recogniser where it
            is not the usual one.
        first (Method, optional): Method whose last checkpoint it starts
            from.
    """

    dataset: Entry
    recogniser: Entry
    method: Entry
    config: Path
    mixins: tuple[str, ...]
    options: Mapping[str, Any]
    cfg: Config = field(repr=False)
    setting: str = ''
    first: Method | None = None

    @property
    def max_epochs(self) -> int:
        """Epochs as the log counts them."""
        return self.cfg.train_cfg.max_epochs

    @property
    def epochs(self) -> int:
        """Effective epochs: passes over the training data."""
        if not takes_steps(self.cfg):
            return 0
        return self.max_epochs * effective_passes(self.cfg)

    @property
    def stages(self) -> list[int]:
        """Effective epochs of the first stages and of its own."""
        before = self.first.stages if self.first else []
        return [*before, self.epochs]

    @property
    def samples(self) -> int:
        """Samples of a step for each sample drawn: 2 with a clean half."""
        before: Any = self.cfg.model.get('data_preprocessor') or {}
        blend: Any = before.get('blending')
        kind = MODELS.get(blend['type']) if blend else None
        # The stock blends put mixed samples in place of the originals.
        if kind is None or not issubclass(kind, SkeletonBlending):
            return 1
        return 2 if blend.get('keep_originals', True) else 1


@dataclass(frozen=True)
class Task:
    """One run.

    Attributes:
        plan (Method): What is trained.
        seed (int): Seed.
        folder (Path): Work directory.
    """

    plan: Method
    seed: int
    folder: Path

    @property
    def name(self) -> str:
        """Name for people: the folder without the root."""
        return '/'.join(self.folder.parts[-3:])

    @property
    def first(self) -> Task | None:
        """Run that has to be done before, or None."""
        if self.plan.first is None:
            return None
        method = self.plan.first.method.name
        folder = self.folder.parents[1] / method / str(self.seed)
        return Task(self.plan.first, self.seed, folder)

    @property
    def last_checkpoint(self) -> Path:
        """Checkpoint that the run ends with."""
        return self.folder / f'epoch_{self.plan.max_epochs}.pth'

    def arguments(self) -> list[str]:
        """Arguments of the training tool, all but ``--resume``."""
        found = [str(self.plan.config), '--seed', str(self.seed)]
        found += ['--work-dir', str(self.folder)]
        if self.plan.mixins:
            found += ['--with', *self.plan.mixins]
        options = dict(self.plan.options)
        if self.first is not None:
            options['load_from'] = self.first.last_checkpoint
        if options:
            found.append('--cfg-options')
            found += [
                f'{key.lstrip("+")}={_text(value)}'
                for key, value in options.items()
            ]
        return found

    def settings(self) -> dict[str, Any]:
        """The complete config and the seed, as plain data."""
        return dict(config=plain(self.plan.cfg), seed=self.seed)


def plan_suite(suite: Suite, root: Path) -> list[Task]:
    """List the runs of a suite, one seed after the other.

    Args:
        suite (Suite): The suite.
        root (Path): Folder of all runs.

    Returns:
        list[Task]: Runs; the folder of each is ``DATASET/METHOD/SEED``, with
        ``DATASET_RECOGNISER`` for other recognisers than CTR-GCN.

    Raises:
        SuiteError: If a config or a key is missing.
    """
    plans: list[Method] = []
    for dataset in suite.datasets:
        for recogniser in suite.recognisers:
            known: dict[str, Method] = {}
            for method in suite.methods:
                plan = _plan(suite, dataset, recogniser, method)
                if method.after:
                    plan = replace(plan, first=known[method.after])
                known[method.name] = plan
            plans += known.values()
    return [
        Task(plan, seed, root / plan.setting / plan.method.name / str(seed))
        for seed in suite.seeds
        for plan in plans
    ]


def _plan(
    suite: Suite, dataset: Entry, recogniser: Entry, method: Entry
) -> Method:
    path, mixins = find_leaf(suite, dataset, recogniser, method)
    cfg = load_config(str(path), mixins)
    if 'max_epochs' not in cfg.train_cfg:
        raise SuiteError(f'{path} has no train_cfg.max_epochs')
    options: dict[str, Any] = {}
    for kind, entry in (
        ('datasets', dataset),
        ('recognisers', recogniser),
        ('methods', method),
    ):
        where = f'{suite.path}: {kind}: {entry.name}'
        override(cfg, entry.options, where)
        options.update(entry.options)
    stretched = _stretched(suite, method, cfg)
    cfg.merge_from_dict(stretched)
    options.update(stretched)
    usual = recogniser.name == 'ctrgcn'
    setting = dataset.name if usual else f'{dataset.name}_{recogniser.name}'
    return Method(
        dataset, recogniser, method, path, mixins, options, cfg, setting
    )


def _stretched(suite: Suite, method: Entry, cfg: Config) -> dict[str, Any]:
    """Options for as many epochs as the suite wants."""
    where = f'{suite.path}: methods: {method.name}'
    if not takes_steps(cfg):
        if method.epochs is not None:
            raise SuiteError(
                f'{where}: epochs {method.epochs} for a method that takes no '
                'training step'
            )
        return {}
    # A second stage has a length of its own.
    epochs = method.epochs or (None if method.after else suite.epochs)
    return {} if epochs is None else stretch(cfg, epochs, where)


def _text(value: Any) -> str:
    """Write a value so that the training tool reads the same one."""
    if isinstance(value, (list, tuple)):
        return '[' + ','.join(_text(item) for item in value) + ']'
    return str(value)


def check_data(tasks: list[Task]) -> None:
    """Miss an annotation file before the first run.

    Args:
        tasks (list[Task]): Runs.

    Raises:
        SuiteError: If a file does not exist.
    """
    for plan in {id(task.plan): task.plan for task in tasks}.values():
        try:
            # A copy: it may exchange datasets for their caches.
            cfg = copy.deepcopy(plan.cfg)
            check_annotations(cfg, 'train_dataloader', 'val_dataloader')
        except FileNotFoundError as error:
            raise SuiteError(f'{plan.dataset.name}: {error}') from error
