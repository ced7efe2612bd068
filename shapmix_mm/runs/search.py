"""A recipe found on held-out training samples, never on the test set."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from statistics import mean
from typing import Any, NamedTuple, Optional

import yaml
from mmengine.config import Config
from pydantic import BaseModel, ConfigDict, Field

from shapmix_mm.serialization import load_annotations

from .statistics import compare, joint
from .suite import data_paths

__all__ = [
    'Search',
    'Trial',
    'compare_values',
    'hold_out',
    'joint_trial',
    'names_digest',
    'rank_trials',
    'read_searches',
    'star_trials',
    'suite_of',
    'trial_of',
]

# Clips of successive names that stay together where a set names no subjects:
# those of one video have successive numbers.
_BLOCK = 10

# What a search of several sets takes from the search of each.
_HELD_OUT = frozenset(
    'dataset train_split group every keep longtail ann_file'.split()
)


class Search(BaseModel):
    """What a search file says.

    Attributes:
        about (str): One sentence on what it is for.
        dataset (str): Dataset, as suites name it.
        train_split (str): Split of the annotation file whose samples train
            and validate; no other is read.
        group (str, optional): Key of an annotation by which samples are held
            out together, such as ``'subject'``. None takes blocks of
            successive names. Defaults to None.
        every (int): One group out of so many is held out.
        keep (list, optional): Values of the group that the search may see at
            all. None sees all. Defaults to None.
        methods (list): Methods, as suites write them; each gets every trial.
        seeds (list[int]): Seeds of the finalists.
        screen (int): How many of them, the first, all trials get. Defaults
            to 1.
        longtail (dict): Profile of the held-in part, which is smaller than
            the whole.
        ann_file (str, optional): Annotation file in place of the set's own,
            for a set of which more can be made. Defaults to None.
        space (dict): Values of each dimension: name, and the settings that
            it overrides by dotted key; ``epochs`` stands for the effective
            epochs. The first value of each is where the search begins.
    """

    model_config = ConfigDict(extra='forbid', strict=True, frozen=True)

    about: str = ''
    dataset: str
    train_split: str
    group: Optional[str] = None  # noqa: UP045 (read by pydantic on 3.9)
    every: int = Field(ge=2)
    keep: Optional[list[Any]] = None  # noqa: UP045
    methods: list[Any] = Field(min_length=1)
    seeds: list[int] = Field(min_length=1)
    screen: int = Field(1, ge=1)
    longtail: dict[str, Any]
    ann_file: Optional[str] = None  # noqa: UP045
    space: dict[str, dict[Any, dict[str, Any]]]


class Trial(NamedTuple):
    """One setting.

    Args:
        number (int): Its place among the trials.
        labels (dict[str, str]): Value of each dimension.
        options (dict[str, Any]): What it overrides.
    """

    number: int
    labels: dict[str, str]
    options: dict[str, Any]


def read_searches(path: Path) -> dict[str, Search]:
    """Read a search file.

    Args:
        path (Path): The YAML file. In place of a dataset it may name other
            searches under ``sets``; what they say of the dataset and of who
            is held out, in files beside it, is taken over.

    Returns:
        dict[str, Search]: A search for each name under ``sets``; without
        these, one whose name is empty.

    Raises:
        ValueError: If a key or a value makes no sense, or a file that is
            named is not there.
    """
    content = yaml.safe_load(path.read_text('utf-8'))
    if 'sets' not in content:
        return {'': Search.model_validate(content)}
    own = sorted(_HELD_OUT & content.keys())
    if own:
        raise ValueError(f'{path}: {own} beside sets, whose files say it')
    found = {}
    for name in content.pop('sets'):
        other = path.with_name(f'{name}.yaml')
        if not other.is_file():
            raise ValueError(f'{path}: sets: no {other}')
        base = yaml.safe_load(other.read_text('utf-8'))
        taken = {key: base[key] for key in base.keys() & _HELD_OUT}
        found[name] = Search.model_validate({**content, **taken})
    return found


def _method(item: Any) -> tuple[str, dict[str, Any]]:
    if isinstance(item, str):
        return item, {}
    ((name, content),) = item.items()
    return name, content or {}


def hold_out(
    search: Search, source: Path
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Make an annotation file without any sample but those that train.

    Args:
        search (Search): The search.
        source (Path): Annotation file of the set.

    Returns:
        tuple[dict, dict]: The annotation file, its splits ``train`` and
        ``val`` made of whole groups of ``search.train_split``; and the
        manifest that says what is in it.

    Raises:
        ValueError: If a part would be empty.
    """
    data = load_annotations(source)
    allowed = set(data['split'][search.train_split])
    seen = [a for a in data['annotations'] if a['frame_dir'] in allowed]
    group = _groups(seen, search)
    if search.keep is not None:
        seen = [a for a in seen if group[a['frame_dir']] in search.keep]
    groups = sorted({group[a['frame_dir']] for a in seen})
    held = set(groups[search.every - 1 :: search.every])
    split = {
        part: [
            a['frame_dir']
            for a in seen
            if (group[a['frame_dir']] in held) == inside
        ]
        for part, inside in (('train', False), ('val', True))
    }
    if not all(split.values()):
        raise ValueError(
            f'{source}: {len(groups)} groups of {search.train_split} cannot '
            f'be held out one in {search.every}'
        )
    manifest = dict(
        train_split=search.train_split,
        group=search.group,
        held_out=sorted(held),
        trained_on=[g for g in groups if g not in held],
        samples={part: len(names) for part, names in split.items()},
        sha256={part: names_digest(names) for part, names in split.items()},
    )
    found = dict(split=split, annotations=seen)
    if 'classes' in data:
        found['classes'] = data['classes']
    return found, manifest


def names_digest(names: Iterable[str]) -> str:
    """Digest of a set of samples.

    Args:
        names (Iterable[str]): Their names.

    Returns:
        str: SHA-256 of the sorted names, a line each.
    """
    return hashlib.sha256('\n'.join(sorted(names)).encode()).hexdigest()


def _groups(
    annotations: Sequence[Mapping[str, Any]], search: Search
) -> dict[str, Any]:
    if search.group is not None:
        return {a['frame_dir']: a[search.group] for a in annotations}
    names = sorted(a['frame_dir'] for a in annotations)
    return {name: place // _BLOCK for place, name in enumerate(names)}


def star_trials(search: Search, dimensions: Sequence[str] = ()) -> list[Trial]:
    """List the settings that differ from the first in one dimension.

    Args:
        search (Search): The search.
        dimensions (Sequence[str]): Those to vary; none names all. A trial
            has the same number either way. Defaults to ().

    Returns:
        list[Trial]: First the first value of every dimension, then every
        other value by itself.
    """
    first = {name: 0 for name in search.space}
    changes = [
        (name, place)
        for name, values in search.space.items()
        for place in range(1, len(values))
    ]
    return [_trial(search, 0, first)] + [
        _trial(search, n, {**first, name: place})
        for n, (name, place) in enumerate(changes, 1)
        if not dimensions or name in dimensions
    ]


def joint_trial(
    search: Search, trials: Sequence[Trial], ranked: Sequence[dict[str, Any]]
) -> Trial:
    """Take the best value of every dimension together.

    Args:
        search (Search): The search.
        trials (Sequence[Trial]): What :func:`star_trials` gave.
        ranked (Sequence[dict]): What :func:`rank_trials` made of them.

    Returns:
        Trial: One of ``trials`` if it is there already, else a new one, whose
        number follows from its values.
    """
    labels = dict(trials[0].labels)
    for name in search.space:
        for entry in ranked:
            others = {**entry['labels'], name: trials[0].labels[name]}
            # Of those that differ in nothing else the best comes first.
            if others == trials[0].labels:
                labels[name] = entry['labels'][name]
                break
    for trial in trials:
        if trial.labels == labels:
            return trial
    places = {
        name: [str(value) for value in values].index(labels[name])
        for name, values in search.space.items()
    }
    # Later parts of a search combine other values, in the same folder.
    index = 0
    for name, values in search.space.items():
        index = index * len(values) + places[name]
    return _trial(search, len(star_trials(search)) + index, places)


def _trial(search: Search, number: int, places: Mapping[str, int]) -> Trial:
    labels, options = {}, {}
    for name, values in search.space.items():
        value = list(values)[places[name]]
        labels[name] = str(value)
        options.update(values[value])
    return Trial(number, labels, options)


def suite_of(
    search: Search,
    trials: Sequence[Trial],
    seeds: Sequence[int],
    cfg: Config,
    ann_file: Path,
) -> dict[str, Any]:
    """The suite that does the runs of some trials.

    Args:
        search (Search): The search.
        trials (Sequence[Trial]): Settings.
        seeds (Sequence[int]): Seeds of each.
        cfg (Config): Leaf of the dataset.
        ann_file (Path): Annotation file of the held-out part.

    Returns:
        dict: Content of a suite file; a row is called ``METHOD-tNN``.
    """
    methods = []
    for trial in trials:
        options = dict(trial.options)
        epochs = options.pop('epochs', None)
        for item in search.methods:
            name, content = _method(item)
            row: dict[str, Any] = {'leaf': name, **content}
            row['options'] = {**row.get('options', {}), **options}
            if epochs is not None:
                row['epochs'] = epochs
            methods.append({f'{name}-t{trial.number:02d}': row})
    options = _data_options(search, cfg, ann_file)
    return dict(
        about=search.about,
        datasets=[{search.dataset: dict(options=options)}],
        seeds=list(seeds),
        methods=methods,
    )


def _data_options(
    search: Search, cfg: Config, ann_file: Path
) -> dict[str, Any]:
    """Let all three datasets read the held-out part alone."""
    options: dict[str, Any] = {}
    for loader, path in data_paths(cfg).items():
        options[f'{path}.ann_file'] = str(ann_file)
        options[f'{path}.split'] = 'train' if loader == 'train' else 'val'
        options[f'{path}.train_split'] = 'train'
        for key, value in search.longtail.items():
            # A leaf whose file is long-tailed by itself has no profile.
            options[f'+{path}.longtail.{key}'] = value
    return options


def trial_of(row: Mapping[str, Any]) -> tuple[str, int]:
    """Method and trial of a run of :func:`suite_of`.

    Args:
        row (Mapping): Its line in a report.

    Returns:
        tuple[str, int]: Name of the method, and number of the trial.
    """
    method, _, number = row['method'].rpartition('-t')
    return method, int(number)


def rank_trials(
    rows: Iterable[Mapping[str, Any]], trials: Sequence[Trial]
) -> list[dict[str, Any]]:
    """Order trials by the held-out accuracy, the mean over all methods.

    Args:
        rows (Iterable[Mapping]): Runs of a report: ``method``, ``seed`` and
            ``mean_class``, a fraction.
        trials (Sequence[Trial]): Settings.

    Returns:
        list[dict]: One for each trial whose runs are all there, best first:
        ``trial``, ``labels``, ``options``, ``score``, ``seeds`` and the
        accuracy of each method under ``methods``.
    """
    found: dict[int, dict[str, list[float]]] = defaultdict(
        lambda: defaultdict(list)
    )
    unfinished = set()
    for row in rows:
        method, number = trial_of(row)
        if row['mean_class'] in ('', None):
            unfinished.add(number)
        else:
            found[number][method].append(float(row['mean_class']))
    ranked = []
    for trial in trials:
        values = found.get(trial.number)
        if values is None or trial.number in unfinished:
            continue
        means = {name: mean(v) for name, v in values.items()}
        ranked.append(
            dict(
                trial=trial.number,
                labels=trial.labels,
                options=trial.options,
                score=mean(means.values()),
                seeds=min(map(len, values.values())),
                methods=means,
            )
        )
    # Settings that are alike keep the order in which they were drawn.
    return sorted(ranked, key=lambda entry: -entry['score'])


def compare_values(
    searches: Mapping[str, Search], logs: Mapping[str, Iterable[Any]]
) -> list[dict[str, Any]]:
    """Compare each value of a dimension with the first, set by set.

    Args:
        searches (Mapping[str, Search]): The searches by name.
        logs (Mapping[str, Iterable[Mapping]]): Runs of each: its label by
            dimension, ``method``, ``seed``, and accuracies as fractions.

    Returns:
        list[dict]: For each other value, method and metric: the difference
        in points of percent, first its mean over the sets with the ends of
        its 95 % t interval and p (:func:`~.statistics.joint`; it leaves out
        sets of one pair, or is empty with less than two others), then by
        set, over its seeds and searches. Values without a run are left out.
    """
    found = []
    one = next(iter(searches.values()))
    first = {name: str(next(iter(v))) for name, v in one.space.items()}
    changes = [
        (name, str(value))
        for name, values in one.space.items()
        for value in list(values)[1:]
    ]
    methods = [_method(item)[0] for item in one.methods]
    for name, value in changes:
        for method in methods:
            for metric in ('mean_class', 'few'):
                own, other = (
                    _by_seed(logs, {**first, **changed}, first, method, metric)
                    for changed in ({name: value}, {})
                )
                sets: dict[str, list[float]] = defaultdict(list)
                for part, search in searches.items():
                    pairs = compare(own.get(part, {}), other.get(part, {}))
                    if pairs is not None:
                        sets[search.dataset].extend(pairs.difference.values)
                if sets:
                    line = dict(dimension=name, value=value, method=method)
                    line['metric'] = metric
                    found.append({**line, **_over_sets(sets)})
    return found


def _by_seed(
    logs: Mapping[str, Iterable[Any]],
    labels: Mapping[str, str],
    first: Mapping[str, str],
    method: str,
    metric: str,
) -> dict[str, dict[int, float]]:
    return {
        part: {
            int(run['seed']): 100 * float(run[metric])
            for run in runs
            if run['method'] == method
            and run[metric]
            # A log from before there was a dimension has its first value.
            and all(run.get(k, first[k]) == v for k, v in labels.items())
        }
        for part, runs in logs.items()
    }


def _over_sets(sets: Mapping[str, Sequence[float]]) -> dict[str, Any]:
    means = {name: mean(values) for name, values in sets.items()}
    all_of_them = joint(list(sets.values()))
    # An interval takes two pairs of each set; the mean is that of its sets.
    used = [k for k, v in sets.items() if len(v) > 1 or all_of_them is None]
    line: dict[str, Any] = dict(difference=mean(means[k] for k in used))
    for key in ('low', 'high', 'p'):
        line[key] = getattr(all_of_them, key, None)
    line['pairs'] = sum(len(sets[k]) for k in used)
    line['sets_better'] = sum(means[k] > 0 for k in used)
    line['sets'] = len(used)
    return {**line, **means}
