"""Search a recipe for a dataset on held-out training subjects."""

from __future__ import annotations

import argparse
import csv
import json
import pickle
import runpy
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from mmengine.config import Config

import shapmix_mm  # noqa: F401  (registers modules, cures stock wheels)
from shapmix_mm.arguments import PositiveInt, option
from shapmix_mm.config.mixins import load_config
from shapmix_mm.runs.pages import needed
from shapmix_mm.runs.search import (
    Search,
    Trial,
    compare_values,
    hold_out,
    joint_trial,
    rank_trials,
    read_searches,
    star_trials,
    suite_of,
    trial_of,
)
from shapmix_mm.serialization import write_whole

HERE = Path(__file__).resolve().parent
CONFIGS = HERE.parents[1] / 'configs'


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        epilog='Every method gets the same settings, so that none has a '
        'larger budget than another: with one seed, or as many as `screen` '
        'says, each value of each dimension by itself, then with all seeds '
        'the starting point, the best of those and the best values together. '
        'The runs read an '
        'annotation file that holds samples of the training split alone; '
        'ROOT/manifest.json says which. The command can be stopped and '
        'given again at any time. ROOT/log.csv holds every run, '
        'ROOT/recipe.json the settings, best first. A search on several sets '
        'has a folder for each in ROOT, and compares its values over them.',
    )
    add = parser.add_argument
    add('search', help='name of a search, or a YAML file')
    add('--root', type=Path, help='folder of it (work_dirs/search/NAME)')
    add(
        '--workers',
        type=option(PositiveInt),
        default=1,
        help='runs at a time (1)',
    )
    add(
        '--only',
        nargs='+',
        default=[],
        metavar='NAME',
        help='these dimensions and, where it is on several sets, these of '
        'them; a kind of which none is named is done whole',
    )
    add(
        '--report',
        action='store_true',
        help='train nothing; compare the values by the logs under ROOT, and '
        'write ROOT/summary.csv',
    )
    add('--configs', type=Path, default=CONFIGS, help='folder of the leaves')
    add(
        '--trainer',
        type=Path,
        metavar='SCRIPT',
        help='script that trains, with the arguments of tools/train.py',
    )
    args = parser.parse_args(argv)
    path = Path(args.search)
    if path.suffix not in ('.yaml', '.yml'):
        path = HERE / 'searches' / f'{args.search}.yaml'
    if not path.is_file():
        known = sorted(p.stem for p in (HERE / 'searches').glob('*.yaml'))
        parser.error(f'no search {args.search}; known are {", ".join(known)}')
    args.search = path
    args.root = (args.root or Path('work_dirs/search') / path.stem).resolve()
    return args


def find_leaf(configs: Path, dataset: str) -> Path:
    """Find the cross-entropy leaf of a dataset."""
    found = sorted(configs.rglob(f'ctrgcn_ce_{dataset}.py'))
    if not found:
        raise ValueError(f'{configs}: no ctrgcn_ce_{dataset}.py')
    return found[0]


def prepare(search: Search, cfg: Config, root: Path) -> Path:
    """Write the held-out annotation file and its manifest."""
    node = cfg.train_dataloader.dataset
    while 'dataset' in node:
        node = node.dataset
    source = search.ann_file or node.ann_file
    data, manifest = hold_out(search, Path(source))
    manifest['source'] = source
    path = root / 'held_out.pkl'
    write_whole(path, pickle.dumps(data, protocol=4))
    text = json.dumps(manifest, indent=1)
    write_whole(root / 'manifest.json', text.encode())
    samples = manifest['samples']
    print(
        f'{path}: {samples["train"]} samples train, {samples["val"]} of '
        f'{search.group or "block"} {manifest["held_out"]} validate, none of '
        'another split is in it',
        flush=True,
    )
    return path


def longtail(*arguments: str) -> int:
    """Run the suites' own command in this process; its exit status."""
    before, sys.argv = sys.argv, ['longtail.py', *arguments]
    try:
        runpy.run_path(str(HERE / 'longtail.py'), run_name='__main__')
    except SystemExit as end:
        if isinstance(end.code, str):
            raise ValueError(end.code) from end
        return end.code or 0
    finally:
        sys.argv = before
    return 0


def run_suite(
    content: dict[str, Any], name: str, root: Path, args: argparse.Namespace
) -> list[dict[str, Any]]:
    """Do the runs of a suite and read them."""
    path = root / f'{name}.yaml'
    if args.configs != CONFIGS:
        content = {'configs': str(args.configs.resolve()), **content}
    write_whole(path, yaml.safe_dump(content, sort_keys=False).encode())
    suite = [str(path), '--root', str(root / 'runs')]
    trainer = ['--trainer', str(args.trainer)] if args.trainer else []
    # A run that fails is missing in the report, and its trial in the ranking.
    if longtail(*suite, '--workers', str(args.workers), *trainer) == 130:
        raise KeyboardInterrupt
    out = root / name
    longtail(*suite, '--report', '--out', str(out))
    with open(out / 'runs.csv', newline='', encoding='utf-8') as stream:
        return list(csv.DictReader(stream))


def read_log(path: Path) -> list[dict[str, str]]:
    """Read what :func:`write_log` wrote; nothing if it is not there."""
    if not path.is_file():
        return []
    with open(path, newline='', encoding='utf-8') as stream:
        return list(csv.DictReader(stream))


def write_log(
    runs: Sequence[dict[str, Any]], trials: Sequence[Trial], path: Path
) -> None:
    """Write a line per run, with the setting of its trial.

    Lines of other runs, those of other dimensions or of seeds that are not
    asked for this time, stay; one from before there was a dimension gets its
    first value. One of a dimension that is no more, or of a trial that has
    other values now, does not.
    """
    labels = {trial.number: trial.labels for trial in trials}
    keep = ('seed', 'overall', 'mean_class', 'many', 'medium', 'few')
    lines = []
    for run in runs:
        method, number = trial_of(run)
        line = dict(trial=number, **labels[number], method=method)
        line.update({key: run.get(key, '') for key in keep})
        line['cpu_seconds'] = run.get('train_cpu_seconds', '')
        lines.append(line)
    done = {_run_of(line) for line in lines}
    logged = [{**trials[0].labels, **other} for other in read_log(path)]
    lines[:0] = [
        other
        for other in logged
        if _run_of(other) not in done
        and other.keys() == line.keys()
        and labels.get(int(other['trial']), {}).items() <= other.items()
    ]
    with open(path, 'w', newline='', encoding='utf-8') as stream:
        writer = csv.DictWriter(stream, list(line), lineterminator='\n')
        writer.writeheader()
        writer.writerows(lines)


def _run_of(line: Mapping[str, Any]) -> tuple[str, str, str]:
    return str(line['trial']), line['method'], str(line['seed'])


def run_search(
    search: Search, root: Path, args: argparse.Namespace
) -> list[dict[str, Any]]:
    """Do the runs of a search, and rank its settings, best first."""
    cfg = load_config(str(find_leaf(args.configs, search.dataset)), ())
    ann_file = prepare(search, cfg, root)
    trials = star_trials(search, args.only)
    content = suite_of(
        search, trials, search.seeds[: search.screen], cfg, ann_file
    )
    runs = run_suite(content, 'trials', root, args)
    ranked = rank_trials(runs, trials)
    if not ranked:
        raise ValueError(f'{root}: no trial is finished')
    joint = joint_trial(search, trials, ranked)
    numbers = {0, ranked[0]['trial'], joint.number}
    every = [*trials, *(() if joint in trials else [joint])]
    finalists = [trial for trial in every if trial.number in numbers]
    content = suite_of(search, finalists, search.seeds, cfg, ann_file)
    final = run_suite(content, 'finalists', root, args)
    others = [run for run in runs if trial_of(run)[1] not in numbers]
    log = root / 'log.csv'
    write_log([*others, *final], every, log)
    known = [
        {**line, 'method': f'{line["method"]}-t{line["trial"]}'}
        for line in read_log(log)
    ]
    ranked = rank_trials(known, every)
    path = root / 'recipe.json'
    before = json.loads(path.read_text('utf-8')) if path.is_file() else []
    done = {trial.number for trial in every}
    recipe = ranked + [x for x in before if x['trial'] not in done]
    recipe.sort(key=lambda entry: (-entry['seeds'], -entry['score']))
    write_whole(path, json.dumps(recipe, indent=1).encode())
    return [entry for entry in recipe if entry['trial'] in done]


def print_ranking(ranked: Sequence[dict[str, Any]]) -> None:
    """Say how the settings did, a line each."""
    for entry in ranked:
        shown = ', '.join(f'{k} {v}' for k, v in entry['labels'].items())
        methods = ', '.join(
            f'{name} {100 * value:.1f}'
            for name, value in entry['methods'].items()
        )
        print(
            f'{100 * entry["score"]:5.1f} %  t{entry["trial"]:02d}, '
            f'{entry["seeds"]} seeds: {shown} ({methods})'
        )


def summarize(searches: Mapping[str, Search], root: Path) -> None:
    """Compare the values over the sets by the logs that are there."""
    logs = {name: read_log(root / name / 'log.csv') for name in searches}
    if not any(logs.values()):
        raise ValueError(f'{root}: no SEARCH/log.csv')
    table = needed('pandas').DataFrame(compare_values(searches, logs))
    table.to_csv(root / 'summary.csv', index=False, float_format='%.4f')
    tests = table.astype(dict.fromkeys(('low', 'high', 'p'), float))
    print(
        tests.to_string(
            index=False,
            float_format='%+.1f',
            na_rep='-',
            formatters=dict(p='{:.3f}'.format),
        )
    )


def main(argv: Sequence[str] | None = None) -> int:
    """Search, and say what was found."""
    args = parse_args(argv)
    searches = read_searches(args.search)
    one = next(iter(searches.values()))
    unknown = set(args.only) - {*filter(None, searches), *one.space}
    if unknown:
        known = ', '.join([*filter(None, searches), *one.space])
        raise ValueError(f'--only {min(unknown)}: there are {known}')
    parts = [name for name in searches if name in args.only] or [*searches]
    args.only = [name for name in args.only if name in one.space]
    for name in () if args.report else parts:
        print_ranking(run_search(searches[name], args.root / name, args))
    if args.report or len(searches) > 1:
        summarize(searches, args.root)
    return 0


if __name__ == '__main__':
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        print('stopped; the same command goes on from here')
        sys.exit(130)
    except ValueError as error:
        sys.exit(f'error: {error}')
