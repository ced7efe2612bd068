"""What a comparison says in words, and its Markdown."""

from __future__ import annotations

import platform
from collections.abc import Sequence
from importlib import metadata

from shapmix_mm.version import __version__

from .results import Result
from .suite import Suite
from .summary import Setting
from .tables import absolute_table, paired_table, runs_table

__all__ = ['Heading', 'comparison_markdown', 'cost_note', 'paired_note']

_PACKAGES = ('torch', 'mmengine', 'mmaction2', 'numpy', 'scipy')


class Heading:
    """What stands above and below the tables.

    Args:
        suite (Suite): The suite.
        results (Sequence[Result]): Its runs.
        best (bool): Whether the epoch was chosen on the test set.
        command (str): Command line that did the runs.
    """

    def __init__(
        self, suite: Suite, results: Sequence[Result], best: bool, command: str
    ) -> None:
        self.suite, self.results, self.best = suite, results, best
        self.command = command
        self.selection = 'best on test' if best else 'last epoch'

    @property
    def title(self) -> str:
        """Title of the report."""
        ending = ', best epoch on the test set' if self.best else ''
        return f'Suite {self.suite.name}{ending}'

    def notes(self) -> list[str]:
        """Sentences that say how to read the table of means."""
        chosen = 'the last epoch'
        if self.best:
            chosen = (
                'the epoch with the best overall accuracy ON THE TEST SET, '
                'which flatters every method'
            )
        return [
            f'Accuracy of {chosen} in percent, mean and 95 % t interval over '
            'seeds; one seed has no interval, and a group without classes an '
            'absent cell (–).',
            'Epochs are passes over the training data; those of a second '
            'stage stand after a plus. A step of 2N trains on each clip of '
            'the batch as it is and once more mixed.',
        ]

    def facts(self) -> list[tuple[str, str]]:
        """Command, seeds, versions and device."""
        versions = [f'shapmix_mm {__version__}']
        versions.append(f'Python {platform.python_version()}')
        for name in _PACKAGES:
            try:
                versions.append(f'{name} {metadata.version(name)}')
            except metadata.PackageNotFoundError:
                continue
        found = [
            ('command', self.command),
            ('seeds', ', '.join(map(str, self.suite.seeds))),
            ('device of the runs', ', '.join(self._devices()) or 'unknown'),
            ('versions of the report', ', '.join(versions)),
        ]
        torches = {
            result.environment['PyTorch']
            for result in self.results
            if 'PyTorch' in result.environment
        }
        if torches:
            text = ', '.join(sorted(torches))
            found.append(('PyTorch of the runs', text))
        return [(name, text) for name, text in found if text]

    def _devices(self) -> list[str]:
        found = set()
        for result in self.results:
            facts = result.environment
            cards = [
                value
                for key, value in facts.items()
                if key.startswith('GPU ') and key != 'GPU number'
            ]
            if not cards and facts.get('CUDA available') == 'False':
                cards = ['CPU']
            found.update(cards)
        return sorted(found)

    def unfinished(self) -> str:
        """Say how many runs are missing, or nothing."""
        count = sum(result.epoch is None for result in self.results)
        if not count:
            return ''
        return (
            f'{count} of {len(self.results)} runs are not finished; they are '
            'left out of the tables and listed under Runs.'
        )


def cost_note(setting: Setting) -> str:
    """Say what the column of costs counts.

    Args:
        setting (Setting): Methods on a dataset.

    Returns:
        str: A few sentences.
    """
    if all(row.cost is None for row in setting.rows):
        return ''
    kind, care = 'processor', ''
    if setting.clock == 'wall':
        kind = 'wall'
        care = (
            ' It is the median over the log of each run, and on a machine '
            'that did something else as well no more than a hint.'
        )
    return (
        f'Cost is the {kind} time of all training steps, first stages '
        'included, in that of the cross-entropy (ce) run of the same '
        f'seed.{care}'
    )


def paired_note(setting: Setting) -> str:
    """Say what the table of differences shows.

    Args:
        setting (Setting): Methods on a dataset.

    Returns:
        str: A few sentences.
    """
    if setting.baseline is None or not setting.baseline.seeds:
        return 'The baseline has no finished run; nothing can be compared.'
    return (
        f'Difference from {setting.baseline.title} in points of percent, '
        'seed by seed: mean, 95 % t interval and two-sided paired t test '
        '(scipy.stats.ttest_rel) over the n seeds that both have. Holm: '
        'corrected for the number of methods, metric by metric; not for that '
        'of metrics. With few seeds a large p shows nothing.'
    )


def comparison_markdown(heading: Heading, settings: Sequence[Setting]) -> str:
    """Write the comparison in Markdown.

    Args:
        heading (Heading): What stands around the tables.
        settings (Sequence[Setting]): Datasets.

    Returns:
        str: Markdown.
    """
    blocks = [f'# {heading.title}', heading.suite.about, heading.unfinished()]
    blocks += heading.notes()
    for setting in settings:
        blocks += [f'## {setting.title}', absolute_table(setting).markdown()]
        blocks += [cost_note(setting), paired_note(setting)]
        paired = paired_table(setting)
        if paired.rows:
            blocks.append(paired.markdown())
    blocks += ['## Runs', runs_table(heading.results).markdown(), '## Set-up']
    blocks.append(
        '\n'.join(
            f'- {name}: `{text}`' if name == 'command' else f'- {name}: {text}'
            for name, text in heading.facts()
        )
    )
    return '\n\n'.join(block for block in blocks if block) + '\n'
