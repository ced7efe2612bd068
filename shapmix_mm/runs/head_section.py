"""Head of the report: what was trained, how far, and how well."""

from __future__ import annotations

from .page import cards, facts_table, notice, paragraph
from .run import Run

__all__ = ['head', 'percent']


def percent(value: float | None) -> str:
    """Write a fraction in percent.

    Args:
        value (float, optional): The fraction; None and NaN are unknown.

    Returns:
        str: Such as ``71.3``, or a dash.
    """
    if value is None or value != value:
        return '–'
    return f'{100 * value:.1f}'


def head(run: Run) -> list[str]:
    """Describe a run in a few lines and numbers.

    Args:
        run (Run): The run.

    Returns:
        list[str]: HTML.
    """
    content = [paragraph(str(run.work_dir), 'facts')]
    state = run.progress
    if not state.finished:
        content.append(
            notice(
                f'This run is not finished: {state.done} of {state.planned} '
                f'{state.unit}s were trained.'
            )
        )
    content.append(facts_table(_facts(run)))
    last = run.log.last()
    if last is None:
        content.append(notice('The run logged no validation.'))
        return content
    end, values = last
    shown = [
        (name.replace('_', ' '), f'{percent(value)} %')
        for name, value in values.items()
    ]
    content += [
        paragraph(f'Accuracy at the last validation, {state.unit} {end}:'),
        cards(shown),
    ]
    missing = {'many', 'medium', 'few'} - set(values)
    if len(missing) == 3:
        content.append(
            paragraph('The run logged no accuracy of many, medium and few.')
        )
    return content


def _facts(run: Run) -> list[tuple[str, str]]:
    state = run.progress
    trained = f'{state.done} of {state.planned} {state.unit}s'
    if state.times > 1:
        trained += (
            f'; each passes {state.times} times over the data, '
            f'{state.done * state.times} effective epochs'
        )
    few, many = run.thresholds
    return [
        ('seed', _seed(run)),
        ('trained', trained),
        ('groups', f'many > {many:g} training samples, few < {few:g}'),
        ('checkpoint', run.checkpoint.name if run.checkpoint else 'none'),
    ]


def _seed(run: Run) -> str:
    given = (run.cfg.get('randomness') or {}).get('seed')
    drawn = run.log.environment.get('seed')
    if given is not None:
        return str(given)
    return f'{drawn} (drawn at the start)' if drawn else 'unknown'
