"""Methods on one dataset: means over seeds, cost, and paired tests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from .plan import Method
from .results import ACCURACIES, CLOCKS, Result
from .statistics import Comparison, Interval, compare, holm, interval

__all__ = ['METRICS', 'Row', 'Setting', 'summarize']

METRICS = (*ACCURACIES, 'ece')


@dataclass
class Row:
    """A method.

    Attributes:
        plan (Method): The method.
        seeds (tuple[int, ...]): Seeds of the finished runs.
        cells (dict[str, Interval]): Means by metric, in percent.
        cost (Interval, optional): Time of the training steps, in that of
            the cross-entropy run of the same seed.
        against (dict[str, Comparison]): Comparisons with the baseline by
            metric, in points of percent.
        corrected (dict[str, float | None]): p values by metric, corrected
            for the number of methods.
    """

    plan: Method
    seeds: tuple[int, ...]
    cells: dict[str, Interval] = field(default_factory=dict)
    cost: Interval | None = None
    against: dict[str, Comparison] = field(default_factory=dict)
    corrected: dict[str, float | None] = field(default_factory=dict)

    @property
    def title(self) -> str:
        """Name of the method for people."""
        return self.plan.method.title


@dataclass
class Setting:
    """A dataset with a recogniser.

    Attributes:
        name (str): Folder.
        title (str): Name for people.
        baseline (Row, optional): Method that the others are tested against;
            None if it is not among them.
        rows (list[Row]): Methods, in the suite's order.
        clock (str): What the cost counts: ``cpu`` or ``wall`` time.
    """

    name: str
    title: str
    baseline: Row | None
    rows: list[Row]
    clock: str = 'wall'


def summarize(results: Sequence[Result], baseline: str) -> list[Setting]:
    """Bring the runs of each dataset together.

    Args:
        results (Sequence[Result]): Runs; those that are not finished are
            left out.
        baseline (str): Method that the others are tested against.

    Returns:
        list[Setting]: One for each dataset and recogniser.
    """
    settings: dict[str, dict[str, list[Result]]] = {}
    for result in results:
        plan = result.task.plan
        methods = settings.setdefault(plan.setting, {})
        methods.setdefault(plan.method.name, []).append(result)
    return [
        _setting(name, methods, baseline) for name, methods in settings.items()
    ]


def _setting(
    name: str, methods: dict[str, list[Result]], baseline: str
) -> Setting:
    finished = {
        method: [result for result in results if result.epoch is not None]
        for method, results in methods.items()
    }
    rows = {
        method: _row(methods[method][0].task.plan, results)
        for method, results in finished.items()
    }
    clock = _add_costs(rows, finished)
    _add_comparisons(rows, finished, baseline)
    plan = next(iter(rows.values())).plan
    title = f'{plan.dataset.title}, {plan.recogniser.title}'
    return Setting(name, title, rows.get(baseline), list(rows.values()), clock)


def _row(plan: Method, results: Sequence[Result]) -> Row:
    row = Row(plan, tuple(result.task.seed for result in results))
    for metric in METRICS:
        found = interval(list(_by_seed(results, metric).values()))
        if found is not None:
            row.cells[metric] = found
    return row


def _by_seed(results: Sequence[Result], metric: str) -> dict[int, float]:
    return {
        result.task.seed: 100 * result.values[metric]
        for result in results
        if metric in result.values
    }


def _add_costs(rows: dict[str, Row], finished: dict[str, list[Result]]) -> str:
    """Relate times to those of cross-entropy; return the clock they are of."""
    results = [one for group in finished.values() for one in group]
    # One clock for all rows, or they could not be compared.
    clock = next(
        (c for c in CLOCKS if all(c in r.seconds for r in results)), 'wall'
    )
    usual = _times(finished.get('ce', []), clock)
    for method, group in finished.items():
        times = _times(group, clock)
        seeds = sorted(times.keys() & usual.keys())
        rows[method].cost = interval([times[s] / usual[s] for s in seeds])
    return clock


def _times(results: Sequence[Result], clock: str) -> dict[int, float]:
    return {
        result.task.seed: result.seconds[clock]
        for result in results
        if result.seconds.get(clock)
    }


def _add_comparisons(
    rows: dict[str, Row], finished: dict[str, list[Result]], baseline: str
) -> None:
    others = [method for method in rows if method != baseline]
    for metric in METRICS:
        reference = _by_seed(finished.get(baseline, []), metric)
        found = {}
        for method in others:
            one = compare(_by_seed(finished[method], metric), reference)
            if one is not None:
                found[method] = rows[method].against[metric] = one
        corrected = holm([one.p for one in found.values()])
        for method, p in zip(found, corrected):
            rows[method].corrected[metric] = p
