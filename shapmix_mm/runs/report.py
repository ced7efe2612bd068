"""One self-contained page about a training run."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from mmengine.config import Config

from shapmix_mm.evaluation import (
    GROUPS,
    GroupedAccuracy,
    class_groups,
    class_order,
    describe_thresholds,
    grouped_accuracy,
    thresholds_of,
)
from shapmix_mm.evaluation.functional import (
    are_probabilities,
    expected_calibration_error,
    named_parts,
    probabilities,
)
from shapmix_mm.serialization import check_writable, whole_file
from shapmix_mm.shapley import combination_parts
from shapmix_mm.skeletons import Layout, get_layout
from shapmix_mm.visualization import (
    plot_accuracy_by_count,
    plot_accuracy_curves,
    plot_class_counts,
    plot_confusion,
    plot_reliability,
    plot_saliency,
    plot_training_curves,
)

from .classes import known_classes
from .config_changes import (
    difference,
    find_source,
    layouts_once,
    load_base,
    show_value,
)
from .pages import ABSENT, image, needed, percent, render
from .run import (
    RunError,
    RunLog,
    epochs_reached,
    find_checkpoint,
    lacks,
    load_run_config,
    passes_per_epoch,
    planned_end,
    read_log,
)
from .scores import Scores, scores_of

__all__ = ['write_report']

_TITLES = dict(
    config='Configuration',
    counts='Training samples per class',
    course='Course of the training',
    test='Test',
    classes='Accuracy by class',
    confusion='Confusion matrix',
    calibration='Calibration',
    saliency='Saliency of body parts',
    cost='Cost',
)
_TESTED = ('classes', 'confusion', 'calibration')
_MAIN = (
    'model.type',
    'model.backbone',
    'model.data_preprocessor',
    'model.cls_head',
    'train_dataloader.batch_size',
    'train_dataloader.dataset',
    'train_cfg',
    'optim_wrapper',
    'param_scheduler',
    'custom_hooks',
    'randomness',
)
# A pipeline would fill the page.
_MAX_VALUE = 700
_ENVIRONMENT = (
    'sys.platform',
    'Python',
    'PyTorch',
    'CUDA_HOME',
    'NVCC',
    'MMEngine',
    'OpenCV',
    'GCC',
    'Distributed launcher',
    'GPU number',
)
_TABLE = 'data_preprocessor.blending.saliency'
# SaliencyFigureHook draws the same table at the end of a training.
_OF_THE_TABLE = 'saliency.png'


@dataclass
class Run:
    """All that a report knows of a training run.

    Attributes:
        work_dir (Path): Work directory.
        name (str): Name of the config file.
        cfg (Config): Config of the run.
        log (RunLog): What it logged.
        folder (Path): Where figures are drawn.
        checkpoint (Path, optional): Checkpoint of the report.
        state (dict): Its state dict; empty without a checkpoint.
        test (Scores, optional): Its scores on the test set.
        counts (np.ndarray, optional): Training samples per class, ``(K,)``.
        classes (list[str], optional): Names of the classes.
    """

    work_dir: Path
    name: str
    cfg: Config
    log: RunLog
    folder: Path
    checkpoint: Path | None = None
    state: dict[str, Any] = field(default_factory=dict)
    test: Scores | None = None
    counts: np.ndarray | None = None
    classes: Any = None

    @property
    def thresholds(self) -> tuple[float, float]:
        """Counts (few, many) that bound the groups."""
        return thresholds_of(self.cfg)

    @property
    def groups(self) -> np.ndarray | None:
        """Group of each class, ``(K,)``; None without counts."""
        if self.counts is None:
            return None
        few, many = self.thresholds
        return class_groups(self.counts, many=many, few=few)


def write_report(
    work_dir: str | Path,
    out: str | Path | None = None,
    *,
    checkpoint: str | Path | None = None,
    test: bool = True,
    config: str | Path | None = None,
    cfg_options: Mapping[str, Any] | None = None,
) -> Path:
    """Write the page.

    Args:
        work_dir (str | Path): Work directory of the training.
        out (str | Path, optional): Page to write. Defaults to None,
            ``report.html`` in the work directory.
        checkpoint (str | Path, optional): Checkpoint to test. Defaults to
            None, the last of the run.
        test (bool): Whether to test it; the scores are kept in the folder
            ``report`` of the work directory. Defaults to True.
        config (str | Path, optional): Config file that the run was started
            with. Defaults to None, a shipped one of the same name.
        cfg_options (Mapping, optional): Settings of the test to override.
            Defaults to None.

    Returns:
        Path: The page.

    Raises:
        RunError: If the run cannot be read, the test fails or the page
            cannot be written; nothing is tested before that is known.
    """
    needed('jinja2'), needed('pandas')
    work_dir = Path(work_dir)
    target = Path(out) if out is not None else work_dir / 'report.html'
    source = None if config is None else Path(config)
    if source is not None and not source.is_file():
        raise RunError(f'config file {source} does not exist')
    with tempfile.TemporaryDirectory() as folder:
        log = read_log(work_dir)
        run = Run(work_dir, *load_run_config(work_dir), log, Path(folder))
        if checkpoint is not None:
            run.checkpoint, run.state = find_checkpoint(
                work_dir, Path(checkpoint)
            )
        try:
            check_writable(target)
        except ValueError as error:
            raise RunError(str(error)) from error
        _complete(run, test, cfg_options)
        print('drawing', flush=True)
        text = _page(run, source)
    _write(target, text)
    return target


def _complete(
    run: Run, test: bool, cfg_options: Mapping[str, Any] | None
) -> None:
    """Add the checkpoint and its test, and what is known of the classes."""
    if run.checkpoint is None:
        try:
            run.checkpoint, run.state = find_checkpoint(run.work_dir, None)
        except RunError as error:
            if test:
                raise RunError(
                    f'{error}; --checkpoint names one elsewhere, --no-test '
                    'makes the page without one'
                ) from error
    cfg = run.cfg
    if cfg_options:
        cfg = cfg.__class__(cfg.to_dict())
        cfg.merge_from_dict(dict(cfg_options))
    if test and run.checkpoint is not None:
        folder = run.work_dir / 'report'
        run.test = scores_of(cfg, run.checkpoint, folder)
    run.counts, run.classes = known_classes(
        run.work_dir, cfg, run.state, run.test
    )


def _write(target: Path, text: str) -> None:
    try:
        with whole_file(target) as scratch:
            scratch.write_text(text, encoding='utf-8')
    except OSError as error:
        raise RunError(
            f'{target} cannot be written: {error.strerror}'
        ) from error


def _page(run: Run, source: Path | None) -> str:
    tested = {} if run.test is None else _tested(run, run.test)
    left_out = ('test',) if tested else _TESTED
    sections = {n: t for n, t in _TITLES.items() if n not in left_out}
    return render(
        'report.html',
        title=run.name.removesuffix('.py'),
        sections=sections,
        run=run,
        head=_head(run),
        config=_config(run, source),
        counts=_counts_image(run),
        course=_course(run),
        test=tested,
        saliency=_saliency(run),
        cost=_cost(run.log),
    )


def _head(run: Run) -> dict[str, Any]:
    """What was trained, how far, and how well."""
    log, (planned, unit) = run.log, planned_end(run.cfg)
    done = epochs_reached(run.work_dir, log, unit)
    end = done if planned is None else planned
    done, times = min(done, end), passes_per_epoch(run.cfg)
    trained = f'{done} of {end} {unit}s'
    if unit == 'epoch' and times > 1:
        trained += (
            f'; each passes {times} times over the data, {done * times} '
            'effective epochs'
        )
    few, many = run.thresholds
    last = log.last()
    facts = {
        'seed': _seed(run),
        'trained': trained,
        'groups': describe_thresholds(many, few),
        'checkpoint': run.checkpoint.name if run.checkpoint else 'none',
    }
    return dict(
        facts=facts.items(),
        lacks=lacks(
            run.work_dir,
            log,
            end,
            unit=unit,
            validates=last is not None,
            checkpoint=False,
        ),
        unit=unit,
        end=last and last[0],
        accuracies=last and last[1],
        grouped=last and not set(GROUPS).isdisjoint(last[1]),
    )


def _seed(run: Run) -> str:
    given = (run.cfg.get('randomness') or {}).get('seed')
    drawn = run.log.environment.get('seed')
    if given is not None:
        return str(given)
    return f'{drawn} (drawn at the start)' if drawn else 'unknown'


def _config(run: Run, given: Path | None) -> dict[str, Any]:
    """Compare the run's config with its base; without one show the main."""
    source = given or find_source(run.name)
    problem = ''
    if source is None:
        problem = (
            'was not found, so its base is unknown (report.py --config FILE '
            'names it)'
        )
    else:
        try:
            return _differences(run, source)
        except Exception as error:
            # It is Python, edited since perhaps, and may fail in any way.
            what = ' '.join(str(error).split())
            problem = f'cannot be loaded ({type(error).__name__}: {what})'
    rows = []
    for key in _MAIN:
        value: Any = run.cfg.to_dict()
        for name in key.split('.'):
            value = value.get(name) if isinstance(value, dict) else None
        if value is not None:
            rows.append((key, show_value(value)))
    cells = _cells(rows, run.cfg)
    columns = ['key', 'this run']
    return dict(problem=problem, table=_frame(cells, columns))


def _differences(run: Run, source: Path) -> dict[str, Any]:
    base = load_base(source)
    changes = difference(base and base[1], Config.fromfile(source), run.cfg)
    rows = [
        (c.key, c.base, c.run, c.origin.replace(' ', '\u00a0'))
        for c in changes
    ]
    cells = _cells(rows, run.cfg)
    return dict(
        problem='',
        base=base and base[0],
        by_command=any(c.origin == 'command line' for c in changes),
        table=_frame(cells, ['key', 'base', 'this run', 'set by']),
    )


def _cells(rows: list, cfg: Config) -> list[tuple[str, ...]]:
    """Values that fit the page."""
    most = _MAX_VALUE
    return [
        tuple(cell[:most] + ' …' * (len(cell) > most) for cell in row)
        for row in layouts_once(rows, cfg)
    ]


def _frame(rows: list, columns: list[str]) -> Any:
    return needed('pandas').DataFrame(rows, columns=columns, dtype=object)


def _counts_image(run: Run) -> dict[str, Any] | None:
    if run.counts is None:
        return None
    path = plot_class_counts(
        run.counts,
        run.folder / 'counts.png',
        thresholds=run.thresholds,
        classes=run.classes,
    )
    return image(path)


def _course(run: Run) -> dict[str, Any]:
    """Accuracies, loss and learning rate over the training."""
    log, unit = run.log, planned_end(run.cfg)[1]
    last, drawn = log.last(), {}
    if last is not None:
        drawn['accuracy'] = image(
            plot_accuracy_curves(
                log.accuracies, run.folder / 'accuracy.png', unit=unit
            )
        )
    if log.steps:
        rate = log.series('lr')
        drawn['training'] = image(
            plot_training_curves(
                [entry['step'] for entry in log.steps],
                run.folder / 'training.png',
                loss=log.series('loss'),
                learning_rate=rate if np.isfinite(rate).any() else None,
            )
        )
    return drawn


def _tested(run: Run, test: Scores) -> dict[str, Any]:
    """Accuracy by class, confusion and calibration."""
    few, many = run.thresholds
    result = grouped_accuracy(
        test.scores, test.labels, run.counts, many=many, few=few
    )
    size = test.scores.shape[1]
    confusions = np.zeros((size, size))
    np.add.at(confusions, (test.labels, test.scores.argmax(axis=1)), 1)
    named: dict[str, Any] = dict(
        classes=run.classes, thresholds=run.thresholds
    )
    scatter = None
    if run.counts is not None:
        path = run.folder / 'classes.png'
        scatter = image(
            plot_accuracy_by_count(run.counts, result.per_class, path, **named)
        )
    path = plot_confusion(
        confusions,
        run.folder / 'confusion.png',
        class_counts=run.counts,
        **named,
    )
    return dict(
        result=result,
        clips=len(test.labels),
        scatter=scatter,
        classes=_class_table(run, result, confusions),
        confusion=image(path),
        **_calibration(run, test),
    )


def _class_table(run: Run, result: GroupedAccuracy, wrong: np.ndarray) -> Any:
    """A row per class, the most frequent first."""
    size = len(result.support)
    names = run.classes or [str(index) for index in range(size)]
    counts = np.full(size, np.nan) if run.counts is None else run.counts
    groups = [''] * size if run.groups is None else run.groups
    wrong = wrong.copy()
    np.fill_diagonal(wrong, 0)
    other = wrong.argmax(axis=1)
    share = wrong.max(axis=1) / result.support.clip(1)
    rows = [
        (
            names[k],
            groups[k],
            f'{counts[k]:.0f}' if np.isfinite(counts[k]) else ABSENT,
            result.support[k],
            percent(result.per_class[k]),
            f'{names[other[k]]} ({percent(share[k])} %)'
            if share[k]
            else ABSENT,
        )
        for k in class_order(counts)
    ]
    header = [
        *('class', 'group', 'training samples', 'test clips'),
        *('accuracy (%)', 'most often taken for'),
    ]
    return _frame(rows, header)


def _calibration(run: Run, test: Scores) -> dict[str, Any]:
    scores = probabilities(test.scores)
    members = {'all': np.full(len(test.labels), True)}
    if run.groups is not None:
        mine = run.groups[test.labels]
        members.update({name: mine == name for name in GROUPS})
    rows = []
    for name, mask in members.items():
        if mask.any():
            found = expected_calibration_error(scores[mask], test.labels[mask])
            right = scores[mask].argmax(axis=1) == test.labels[mask]
            numbers = (found.ece, found.mean_confidence, right.mean())
            clips = f'{mask.sum():,}'
            rows.append((name, clips, *map(percent, numbers)))
    whole = expected_calibration_error(scores, test.labels)
    header = [
        *('true class', 'clips', 'ECE (%)', 'mean confidence (%)'),
        'accuracy (%)',
    ]
    return dict(
        softmax_taken=not are_probabilities(test.scores),
        ece=whole.ece,
        reliability=image(
            plot_reliability(whole, run.folder / 'reliability.png')
        ),
        calibration=_frame(rows, header),
    )


def _saliency(run: Run) -> dict[str, Any]:
    """The table of the checkpoint, and figures that other tools left."""
    table, problem = None, ''
    if f'{_TABLE}.values' in run.state:
        try:
            table = _table_figure(run)
        except (KeyError, TypeError, ValueError) as error:
            problem = f'The saliency table cannot be drawn: {error}'
    found = [
        (path.name, image(path))
        for path in sorted(run.work_dir.glob('saliency*.png'))
        if table is None or path.name != _OF_THE_TABLE
    ]
    return dict(table=table, problem=problem, found=found)


def _table_figure(run: Run) -> dict[str, Any]:
    blending: dict[str, Any] = run.cfg.model.data_preprocessor.blending
    layout = get_layout(blending['layout'])
    combinations = combination_parts(
        layout.num_parts, blending.get('sizes', (2, 3))
    )
    values = run.state[f'{_TABLE}.values'].float()
    joints = [len(part) for part in layout.parts]
    density = values / values.new_tensor(
        [sum(joints[p] for p in parts) for parts in combinations]
    )
    updates = run.state.get(f'{_TABLE}.updates')
    path = plot_saliency(
        density.numpy(),
        run.folder / 'saliency.png',
        combinations=combinations,
        part_names=layout.part_names,
        class_counts=run.counts,
        classes=run.classes,
        updates=None if updates is None else updates.numpy(),
        true_parts=_true_parts(run, layout),
        thresholds=run.thresholds,
        title='Learnt saliency per joint',
    )
    return image(path)


def _true_parts(run: Run, layout: Layout) -> list[list[int]] | None:
    """Parts known to tell each class of a synthetic set."""
    salient = run.test.metainfo.get('salient_parts') if run.test else None
    return named_parts(salient, run.classes, layout.part_names)


def _cost(log: RunLog) -> list[tuple[str, str]]:
    """Time, memory, device and versions."""
    facts = []
    for name, key, form in (
        ('time per iteration', 'time', '{mean:.3f} s on average'),
        ('of it, waiting for data', 'data_time', '{mean:.3f} s on average'),
        ('GPU memory', 'memory', '{most:,.0f} MB at most'),
        ('saliency passes, last logged', 'saliency_passes', '{last:,.6g}'),
    ):
        values = np.array(log.series(key))
        values = values[np.isfinite(values)]
        if values.size:
            text = form.format(
                mean=values.mean(), most=values.max(), last=values[-1]
            )
            facts.append((name, text))
    facts.append(('wall time of the training', _duration(log.seconds)))
    facts.append(('device', ', '.join(devices(log.environment)) or 'unknown'))
    known = log.environment
    return facts + [(n, known[n]) for n in _ENVIRONMENT if n in known]


def _duration(seconds: float) -> str:
    if not seconds or not math.isfinite(seconds):
        return 'unknown'
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f'{hours} h {minutes} min'
    return f'{minutes} min {rest} s'


def devices(environment: Mapping[str, str]) -> list[str]:
    """Devices that a run was trained on.

    Args:
        environment (Mapping[str, str]): Facts from its log's head.

    Returns:
        list[str]: Names of the GPUs; ``CPU``; empty if unknown.
    """
    cards = [
        f'{value} ({key})'
        for key, value in environment.items()
        if key.startswith('GPU ') and key != 'GPU number'
    ]
    if not cards and environment.get('CUDA available') == 'False':
        return ['CPU']
    return cards
