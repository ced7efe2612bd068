"""A suite: which methods are compared on which data, and the runs of that."""

from __future__ import annotations

import copy
import difflib
import hashlib
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Union

import yaml
from mmaction.registry import HOOKS, MODELS
from mmengine.config import Config
from mmengine.registry import DefaultScope
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)
from typing_extensions import Annotated

from shapmix_mm.arguments import NonNegativeInt, PositiveInt
from shapmix_mm.compat.configs import leaf_files
from shapmix_mm.config.launch import check_annotations
from shapmix_mm.config.mixins import find_mixin, load_config
from shapmix_mm.engine import SaliencyHook, SteplessTrainLoop
from shapmix_mm.models.blending.skeleton_blending import SkeletonBlending

from .run import RunError, passes_per_epoch

__all__ = [
    'DatasetEntry',
    'Entry',
    'MethodEntry',
    'Plan',
    'Suite',
    'Task',
    'check_tasks',
    'data_paths',
    'find_suite',
    'list_known',
    'plan_suite',
    'read_suite',
]

# The leaf that mixins are added to, and the published recognizer.
_PLAIN = 'ce'
_RECOGNIZER = 'ctrgcn'
_RULES = ConfigDict(extra='forbid', strict=True, frozen=True)
# The command line of the training tool carries options.
_Value = Union[bool, int, float, str, None]
_Values = Union[_Value, list[_Value]]
_Count = Union[PositiveInt, None]


class Entry(BaseModel):
    """A dataset or a recognizer of a suite.

    Attributes:
        name (str): Name, which names its folder too.
        leaf (str): What stands for it in the names of config files.
        title (str): Name in tables and figures.
        options (dict): Settings that it overrides, by dotted key.
    """

    model_config = _RULES

    name: Annotated[str, Field(pattern=r'^[^\W\d][\w-]*$')]
    leaf: str
    title: str
    options: dict[str, _Values] = {}

    @model_validator(mode='before')
    @classmethod
    def _named(cls, item: Any) -> Any:
        """Read a name, or a name with its keys below it."""
        if isinstance(item, str):
            item = {item: None}
        if isinstance(item, dict) and len(item) == 1:
            ((name, content),) = item.items()
            mixed = isinstance(content, dict) and content.get('with')
            return {
                'leaf': _PLAIN if mixed else name,
                'title': name,
                **(content or {}),
                'name': name,
            }
        return item


class DatasetEntry(Entry):
    """A dataset of a suite.

    Attributes:
        seeds (list[int]): Seeds of its own; empty for those of the suite.
        folds (int, optional): Folds of its cross-validation, of which seed s
            takes number s mod ``folds`` + 1: it trains on the split
            ``foldN_train`` and tests on ``foldN_val``. None takes the splits
            of the configs.
        recipes (dict[str, dict]): Settings that a method overrides on it, by
            its name.
    """

    seeds: list[NonNegativeInt] = []
    folds: _Count = None
    recipes: dict[str, dict[str, _Values]] = {}

    @property
    def overlap(self) -> float:
        """Test samples of a fold by its training samples; 0 without folds."""
        folds = self.folds or 1
        return 1 / (folds - 1) if folds > 1 else 0.0

    def splits(self, seed: int) -> tuple[str, str] | None:
        """Splits that a seed trains and tests on; None for the configs'."""
        if self.folds is None:
            return None
        fold = seed % self.folds + 1
        return f'fold{fold}_train', f'fold{fold}_val'


class MethodEntry(Entry):
    """A method of a suite.

    Attributes:
        mixins (list[str]): Mixins that it adds to its leaf; ``with`` in the
            file.
        epochs (int, optional): Effective epochs of its own.
        times (int): How many times as long it trains as it would; where it
            is more than once, it is a control, which corrections for the
            number of methods do not count.
        after (str): Method, named before it, from whose last checkpoint it
            starts; empty for none.
    """

    mixins: list[str] = Field([], alias='with')
    epochs: _Count = None
    times: PositiveInt = 1
    after: str = ''

    @field_validator('mixins', mode='before')
    @classmethod
    def _listed(cls, value: Any) -> Any:
        return [value] if isinstance(value, str) else value


class Suite(BaseModel):
    """What a suite file says.

    Attributes:
        about (str): One sentence on what it is for.
        baseline (str): Method that the others are tested against; the first
            by default.
        configs (str): Folder of its leaf configs, beside the file; empty for
            the shipped one.
        datasets (list[DatasetEntry]): Datasets.
        recognizers (list[Entry]): Recognizers.
        methods (list[MethodEntry]): Methods.
        seeds (list[int]): Seeds.
        epochs (int, optional): Effective epochs of all methods that start
            from nothing; None leaves those of the configs. A second stage
            keeps those of its config, or has its own.
        path (Path): The file.
        shipped (Path): Folder of the shipped leaf configs.
    """

    model_config = _RULES

    datasets: Annotated[list[DatasetEntry], Field(min_length=1)]
    methods: Annotated[list[MethodEntry], Field(min_length=1)]
    seeds: Annotated[list[NonNegativeInt], Field(min_length=1)]
    recognizers: Annotated[list[Entry], Field(min_length=1)] = Field(
        default=[_RECOGNIZER], validate_default=True
    )
    about: str = ''
    baseline: str = ''
    configs: str = ''
    epochs: _Count = None
    # Not from the file, whose text is no path to the strict rules.
    path: Path = Path('suite.yaml')
    shipped: Path = Path('configs')

    @field_validator('datasets', 'methods', 'recognizers', 'seeds')
    @classmethod
    def _different(cls, items: list) -> list:
        names = [getattr(item, 'name', item) for item in items]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f'{name!r} is named twice')
        return items

    @model_validator(mode='after')
    def _related(self) -> Suite:
        names = [method.name for method in self.methods]
        for place, method in enumerate(self.methods):
            if method.after and method.after not in names[:place]:
                raise ValueError(
                    f'methods: {method.name}: after names {method.after!r}, '
                    'which is none of those before it: '
                    f'{", ".join(names[:place])}'
                )
        for dataset in self.datasets:
            for name in dataset.recipes:
                if name not in names:
                    raise ValueError(
                        f'datasets: {dataset.name}: recipes: {name!r} is none '
                        f'of the methods {", ".join(names)}'
                        f'{_guess(name, names)}'
                    )
        if self.baseline and self.baseline not in names:
            raise ValueError(
                f'baseline {self.baseline!r} is none of the methods '
                f'{", ".join(names)}'
            )
        return self

    @property
    def name(self) -> str:
        """Name of the file without its ending."""
        return self.path.stem

    @property
    def folder(self) -> Path:
        """Folder of the leaf configs."""
        if self.configs:
            return self.path.parent / self.configs
        return self.shipped

    def seeds_of(self, dataset: DatasetEntry) -> list[int]:
        """Seeds of a dataset."""
        return dataset.seeds or self.seeds

    @property
    def reference(self) -> str:
        """Method that the others are tested against."""
        return self.baseline or self.methods[0].name

    def only(self, names: Sequence[str], seeds: Sequence[int] = ()) -> Suite:
        """Return a part of the suite.

        Args:
            names (Sequence[str]): Datasets, recognizers and methods; all of
                a kind of which none is named. A method comes with those that
                it starts from.
            seeds (Sequence[int]): Seeds; none for all.

        Returns:
            Suite: Itself with fewer runs.

        Raises:
            RunError: If the suite has no such name or seed.
        """
        wanted, kept = set(names), {}
        for method in reversed(self.methods):
            if method.name in wanted and method.after:
                wanted.add(method.after)
        known = []
        for kind in ('datasets', 'recognizers', 'methods'):
            entries = getattr(self, kind)
            known += [entry.name for entry in entries]
            found = [entry for entry in entries if entry.name in wanted]
            kept[kind] = found or entries
        for name in names:
            if name not in known:
                raise RunError(
                    f'{self.path} names no {name!r}; known are '
                    f'{", ".join(known)}{_guess(name, known)}'
                )
        if seeds:
            kept['datasets'] = [
                one.model_copy(update={'seeds': self._some(one, seeds)})
                for one in kept['datasets']
            ]
        if self.reference not in [one.name for one in kept['methods']]:
            kept['baseline'] = kept['methods'][0].name
        return self.model_copy(update=kept)

    def _some(self, dataset: DatasetEntry, seeds: Sequence[int]) -> list[int]:
        own = self.seeds_of(dataset)
        if not set(seeds) <= set(own):
            raise RunError(
                f'{self.path} has the seeds {own} for {dataset.name}, asked '
                f'for are {list(seeds)}'
            )
        return [seed for seed in own if seed in seeds]


def find_suite(name: str, folder: Path) -> Path:
    """Find the file of a suite.

    Args:
        name (str): A file, or the name of a shipped suite.
        folder (Path): Folder of the shipped suites.

    Returns:
        Path: The file.

    Raises:
        RunError: If there is none; it lists the known.
    """
    if name.endswith(('.yaml', '.yml')) and Path(name).is_file():
        return Path(name)
    if (folder / f'{name}.yaml').is_file():
        return folder / f'{name}.yaml'
    known = ', '.join(sorted(path.stem for path in folder.glob('*.yaml')))
    raise RunError(
        f'suite {name}: no such file, and no suite of that name; '
        f'known are {known}'
    )


def read_suite(path: Path, configs: Path) -> Suite:
    """Read a suite file.

    Args:
        path (Path): The YAML file.
        configs (Path): Folder of the shipped leaf configs.

    Returns:
        Suite: The suite.

    Raises:
        RunError: If a key or a value makes no sense.
    """
    try:
        content = yaml.safe_load(path.read_text(encoding='utf-8'))
        suite = Suite.model_validate(content)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        what = ' '.join(str(error).split())
        raise RunError(f'{path} is no YAML file: {what}') from error
    except ValidationError as error:
        raise RunError(f'{path}: {_explain(error, content)}') from error
    return suite.model_copy(update=dict(path=path, shipped=configs))


def _explain(error: ValidationError, content: Any) -> str:
    """Name place and key of the first thing that is wrong."""
    # A misspelt key may be the one that is missing, too.
    first = min(
        error.errors(include_url=False),
        key=lambda one: one['type'] != 'extra_forbidden',
    )
    *above, key = first['loc'] or ('',)
    place, node = '', content
    for part in above:
        if isinstance(part, int) and isinstance(node, list):
            node = node[part]
            part = next(iter(node)) if isinstance(node, dict) else node
            node = node.get(part) if isinstance(node, dict) else None
        elif isinstance(node, dict):
            node = node.get(part)
        place += f'{part}: '
    kinds: dict[Any, type[Entry]]
    kinds = dict(datasets=DatasetEntry, methods=MethodEntry)
    model = kinds.get(above[0], Entry) if above else Suite
    fields = model.model_fields
    known = sorted(
        {f.alias or name for name, f in fields.items()}
        - {'name', 'path', 'shipped'}
    )
    if first['type'] == 'extra_forbidden':
        return (
            f'{place}unknown key {key!r}; known are {", ".join(known)}'
            f'{_guess(str(key), known)}'
        )
    if first['type'] == 'missing':
        return f'{place}the key {key!r} is missing'
    message = first['msg'].removeprefix('Value error, ')
    if first['type'] == 'value_error':
        return f'{place}{key}: {message}' if key else message
    return f'{place}{key}: {message}, got {first["input"]!r}'


def _guess(name: str, known: Iterable[str]) -> str:
    """Name the known word that looks most like another, or nothing."""
    found = difflib.get_close_matches(name, list(known), n=1)
    return f'; did you mean {found[0]!r}?' if found else ''


# --- configs of a suite ----------------------------------------------------


def _leaves(configs: Path) -> dict[tuple[str, str, str], Path]:
    """Leaf configs ``RECOGNIZER_METHOD_DATASET.py`` by these three."""
    found: dict[tuple[str, str, str], Path] = {}
    for path in leaf_files(configs):
        recognizer, *method, dataset = path.stem.split('_')
        if method:
            found[recognizer, '_'.join(method), dataset] = path
    return found


def _mixins(configs: Path) -> dict[str, str]:
    """Mixins of a folder of configs, by name, and the shipped ones."""
    found: dict[str, str] = {}
    folders = [configs / '_base_']
    try:
        folders.append(Path(find_mixin('shapmix')).parent)
    except FileNotFoundError:
        pass
    for folder in folders:
        for path in sorted(folder.glob('*.py')):
            if path.stem != 'default_runtime':
                found.setdefault(path.stem, str(path))
    return found


def _known_methods(configs: Path, recognizer: str, dataset: str) -> list[str]:
    found = {
        method
        for name, method, data in _leaves(configs)
        if (name, data) == (recognizer, dataset)
    }
    if _PLAIN in found:
        found |= set(_mixins(configs))
    return sorted(found)


def _find_leaf(
    suite: Suite, dataset: Entry, recognizer: Entry, method: MethodEntry
) -> tuple[Path, tuple[str, ...]]:
    """Find the leaf of a method and the mixins to merge into it.

    A leaf of the method comes first. Where there is none, the mixin of its
    name is merged into the cross-entropy leaf. A suite's own mixins come
    before the shipped ones.
    """
    leaves, mixins = _leaves(suite.folder), _mixins(suite.folder)
    names = recognizer.leaf, dataset.leaf
    leaf = leaves.get((names[0], method.leaf, names[1]))
    plain = leaves.get((names[0], _PLAIN, names[1]))
    where = f'{suite.path}: methods: {method.name}'
    if leaf is not None:
        try:
            return leaf, tuple(
                mixins.get(name) or find_mixin(name) for name in method.mixins
            )
        except FileNotFoundError as error:
            raise RunError(f'{where}: {error}') from error
    if plain is None:
        _check_names(suite, dataset, recognizer, leaves)
    elif not method.mixins and method.leaf in mixins:
        return plain, (mixins[method.leaf],)
    known = _known_methods(suite.folder, *names)
    raise RunError(
        f'{where}: there is neither a leaf {names[0]}_{method.leaf}_'
        f'{names[1]}.py in {suite.folder} nor a mixin {method.leaf!r} and a '
        f'leaf {names[0]}_{_PLAIN}_{names[1]}.py to add it to; known for '
        f'{recognizer.name} on {dataset.name} are {", ".join(known)}'
        f'{_guess(method.leaf, known)}'
    )


def _check_names(
    suite: Suite, dataset: Entry, recognizer: Entry, leaves: Iterable
) -> None:
    """Tell whether it is the dataset or the recognizer that is missing."""
    known = sorted({data for _, _, data in leaves})
    if dataset.leaf not in known:
        raise RunError(
            f'{suite.path}: datasets: {dataset.name}: no config in '
            f'{suite.folder} ends in _{dataset.leaf}.py; known are '
            f'{", ".join(known)}{_guess(dataset.leaf, known)}'
        )
    known = sorted({n for n, _, data in leaves if data == dataset.leaf})
    if recognizer.leaf not in known:
        raise RunError(
            f'{suite.path}: recognizers: {recognizer.name}: no config on '
            f'{dataset.name} begins with {recognizer.leaf}_; known are '
            f'{", ".join(known)}{_guess(recognizer.leaf, known)}'
        )


def list_known(suites: Sequence[Path], configs: Path) -> str:
    """List methods, datasets and suites.

    Args:
        suites (Sequence[Path]): Suite files. The methods are those of the
            first one's configs.
        configs (Path): Folder of the shipped leaf configs.

    Returns:
        str: Lines for a terminal.
    """
    read: list[str] = []
    folder = configs
    for path in suites:
        try:
            suite = read_suite(path, configs)
        except RunError as error:
            read.append(f'  {path.stem}: {error}')
            continue
        folder = suite.folder if len(suites) == 1 else configs
        runs = sum(len(suite.seeds_of(entry)) for entry in suite.datasets)
        runs *= len(suite.methods) * len(suite.recognizers)
        read.append(f'  {path.stem} ({runs} runs): {suite.about}')
        for key in ('datasets', 'recognizers', 'methods'):
            names = [entry.name for entry in getattr(suite, key)]
            read.append(f'    {key}: {", ".join(names)}')
    lines = ['Methods, by dataset and recognizer:']
    pairs = {(data, name) for name, _, data in _leaves(folder)}
    for dataset, name in sorted(pairs):
        methods = _known_methods(folder, name, dataset)
        lines.append(f'  {dataset}, {name}: {", ".join(methods)}')
    return '\n'.join([*lines, 'Suites:', *read])


# --- runs of a suite -------------------------------------------------------


@dataclass(frozen=True)
class Plan:
    """A method on a dataset with a recognizer: all that seeds share.

    Attributes:
        dataset (DatasetEntry): Dataset.
        recognizer (Entry): Recognizer.
        method (MethodEntry): Method.
        config (Path): Leaf config.
        mixins (tuple[str, ...]): Mixins to merge into it.
        options (dict): Settings to override.
        cfg (Config): The complete config.
        setting (str): Folder of the dataset, and of the recognizer where it
            is not the usual one.
        first (Plan, optional): Method whose last checkpoint it starts from.
    """

    dataset: DatasetEntry
    recognizer: Entry
    method: MethodEntry
    config: Path
    mixins: tuple[str, ...]
    options: Mapping[str, Any]
    cfg: Config = field(repr=False)
    setting: str = ''
    first: Plan | None = None

    @property
    def max_epochs(self) -> int:
        """Epochs as the log counts them."""
        return self.cfg.train_cfg.max_epochs

    @property
    def takes_steps(self) -> bool:
        """Whether it trains at all."""
        return _takes_steps(self.cfg)

    @property
    def epochs(self) -> int:
        """Effective epochs: passes over the training data."""
        if not self.takes_steps:
            return 0
        return self.max_epochs * passes_per_epoch(self.cfg)

    @property
    def stages(self) -> list[int]:
        """Effective epochs of the first stages and of its own."""
        return [*(self.first.stages if self.first else []), self.epochs]

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
        plan (Plan): What is trained.
        seed (int): Seed.
        folder (Path): Work directory.
    """

    plan: Plan
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
    def fold_options(self) -> dict[str, str]:
        """Splits of its fold, by dotted key."""
        splits = self.plan.dataset.splits(self.seed)
        if splits is None:
            return {}
        options = {}
        for loader, path in data_paths(self.plan.cfg).items():
            options[f'{path}.split'] = splits[loader != 'train']
            options[f'{path}.train_split'] = splits[0]
        return options

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
        options = {**self.plan.options, **self.fold_options}
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
        cfg = copy.deepcopy(self.plan.cfg)
        cfg.merge_from_dict(self.fold_options)
        return dict(config=plain(cfg), seed=self.seed)

    @property
    def digest(self) -> str:
        """Digest of the settings, by which a row of a table knows them."""
        text = json.dumps(self.settings(), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]


def plan_suite(suite: Suite, root: Path) -> list[Task]:
    """List the runs of a suite, one seed after the other.

    Args:
        suite (Suite): The suite.
        root (Path): Folder of all runs.

    Returns:
        list[Task]: Runs; the folder of each is ``DATASET/METHOD/SEED``, with
        ``DATASET_RECOGNIZER`` for other recognizers than CTR-GCN.

    Raises:
        RunError: If a config or a key is missing.
    """
    found: list[tuple[int, Task]] = []
    for dataset in suite.datasets:
        for recognizer in suite.recognizers:
            known: dict[str, Plan] = {}
            for method in suite.methods:
                plan = _plan(suite, dataset, recognizer, method)
                if method.after:
                    plan = replace(plan, first=known[method.after])
                known[method.name] = plan
            for place, seed in enumerate(suite.seeds_of(dataset)):
                for plan in known.values():
                    folder = root / plan.setting / plan.method.name
                    found.append((place, Task(plan, seed, folder / str(seed))))
    # Sorting is stable: of one seed, what the file names first comes first.
    return [task for _, task in sorted(found, key=lambda pair: pair[0])]


def _plan(
    suite: Suite, dataset: DatasetEntry, recognizer: Entry, method: MethodEntry
) -> Plan:
    path, mixins = _find_leaf(suite, dataset, recognizer, method)
    cfg = load_config(str(path), mixins)
    if 'max_epochs' not in cfg.train_cfg:
        raise RunError(f'{path} has no train_cfg.max_epochs')
    options: dict[str, Any] = {}
    for kind, entry in (
        ('datasets', dataset),
        ('recognizers', recognizer),
        ('methods', method),
    ):
        where = f'{suite.path}: {kind}: {entry.name}'
        _override(cfg, entry.options, where)
        options.update(entry.options)
    own = dataset.recipes.get(method.name, {})
    _override(cfg, own, f'{suite.path}: datasets: {dataset.name}: recipes')
    options.update(own)
    stretched = _stretched(suite, method, cfg)
    cfg.merge_from_dict(stretched)
    options.update(stretched)
    setting = dataset.name
    if recognizer.name != _RECOGNIZER:
        setting = f'{dataset.name}_{recognizer.name}'
    return Plan(
        dataset, recognizer, method, path, mixins, options, cfg, setting
    )


def data_paths(cfg: Config) -> dict[str, str]:
    """Dotted keys of the innermost datasets of a config.

    Args:
        cfg (Config): The config.

    Returns:
        dict[str, str]: Key by ``train``, ``val`` and ``test``.
    """
    found = {}
    for loader in ('train', 'val', 'test'):
        path, node = f'{loader}_dataloader', cfg[f'{loader}_dataloader']
        while 'dataset' in node:
            path, node = f'{path}.dataset', node.dataset
        found[loader] = path
    return found


def _override(cfg: Config, options: Mapping[str, Any], where: str) -> None:
    """Merge options into a config, in place; a new key has a plus before."""
    for key in options:
        if not key.startswith('+'):
            _check_key(cfg, key, f'{where}: options')
    cfg.merge_from_dict(
        {key.lstrip('+'): value for key, value in options.items()}
    )


def _check_key(cfg: Config, key: str, where: str) -> None:
    node: Any = cfg._cfg_dict
    for part in key.split('.'):
        if isinstance(node, (list, tuple)):
            known = [str(index) for index in range(len(node))]
        else:
            known = list(node) if isinstance(node, dict) else []
        if part not in known:
            raise RunError(
                f'{where}: the config has no {key!r}: {part!r} is none of '
                f'{", ".join(known) or "nothing"}{_guess(part, known)}; a '
                f'new setting is written +{key}'
            )
        node = node[part if isinstance(node, dict) else int(part)]


def _takes_steps(cfg: Config) -> bool:
    return cfg.train_cfg.get('type') != SteplessTrainLoop.__name__


def _stretched(
    suite: Suite, method: MethodEntry, cfg: Config
) -> dict[str, Any]:
    """Options for as many effective epochs as the suite wants.

    Milestones and ends of the schedule move in proportion.
    """
    where = f'{suite.path}: methods: {method.name}'
    if not _takes_steps(cfg):
        if method.epochs is not None:
            raise RunError(
                f'{where}: epochs {method.epochs} for a method that takes no '
                'training step'
            )
        return {}
    # A second stage has a length of its own.
    epochs = method.epochs or (None if method.after else suite.epochs)
    times, old = passes_per_epoch(cfg), cfg.train_cfg.max_epochs
    epochs = (epochs or times * old) * method.times
    if epochs == times * old:
        return {}
    if epochs % times:
        raise RunError(
            f'{where}: epochs {epochs} is no multiple of the {times} passes '
            'over the data in an epoch of the config (RepeatDataset)'
        )
    new = epochs // times
    options: dict[str, Any] = {'train_cfg.max_epochs': new}
    for index, scheduler in enumerate(cfg.get('param_scheduler') or []):
        for key in ('begin', 'end', 'milestones', 'T_max'):
            if key in scheduler:
                value = _scaled(scheduler[key], new / old)
                options[f'param_scheduler.{index}.{key}'] = value
    return options


def _scaled(value: Any, factor: float) -> Any:
    if isinstance(value, (list, tuple)):
        return [_scaled(item, factor) for item in value]
    # Downwards, so that no milestone comes to stand at the end.
    return max(1, math.floor(value * factor + 1e-9)) if value else value


def _text(value: Any) -> str:
    """Write a value so that the training tool reads the same one."""
    if isinstance(value, (list, tuple)):
        return '[' + ','.join(_text(item) for item in value) + ']'
    return str(value)


def plain(cfg: Config) -> dict[str, Any]:
    """Return a config as plain data, as a JSON file would give it back."""
    return json.loads(json.dumps(cfg.to_dict(), sort_keys=True, default=str))


def check_tasks(tasks: Sequence[Task]) -> None:
    """Check all runs before the first one starts.

    Annotation files have to be there, model and hooks have to be buildable,
    and the warm-up has to end within the training.

    Args:
        tasks (Sequence[Task]): Runs.

    Raises:
        RunError: If a run could not be trained; it names method and key.
    """
    for plan in {id(task.plan): task.plan for task in tasks}.values():
        where = f'{plan.setting}: {plan.method.name}'
        try:
            # A copy: it may exchange datasets for their caches.
            cfg = copy.deepcopy(plan.cfg)
            check_annotations(cfg, 'train_dataloader', 'val_dataloader')
        except FileNotFoundError as error:
            raise RunError(f'{plan.dataset.name}: {error}') from error
        _check_parts(cfg, where)
        _check_warmup(plan, where)


def _check_parts(cfg: Config, where: str) -> None:
    scope = cfg.get('default_scope') or 'mmaction'
    with DefaultScope.overwrite_default_scope(scope):
        parts = [('model', MODELS, cfg.model)]
        parts += [
            (f'custom_hooks.{place}', HOOKS, hook)
            for place, hook in enumerate(cfg.get('custom_hooks') or [])
        ]
        for key, registry, settings in parts:
            try:
                registry.build(copy.deepcopy(settings))
            except Exception as error:
                # Whatever a config names can fail in any way.
                what = ' '.join(str(error).split())
                raise RunError(f'{where}: {key}: {what}') from error


def _check_warmup(plan: Plan, where: str) -> None:
    default = SaliencyHook().warmup_epochs
    for place, hook in enumerate(plan.cfg.get('custom_hooks') or []):
        if hook.get('type') != SaliencyHook.__name__:
            continue
        warmup = hook.get('warmup_epochs', default)
        if plan.takes_steps and warmup and warmup >= plan.epochs:
            raise RunError(
                f'{where}: custom_hooks.{place}.warmup_epochs={warmup:g} '
                f'lasts as long as the training of {plan.epochs} passes over '
                'the data; the suite can shorten it with options: '
                f'{{+custom_hooks.{place}.warmup_epochs: 1}}'
            )
