"""Shap-Mix for MMAction2: long-tailed skeleton-based action recognition.

Importing the package cures what the stock wheels lack on a current Python
and torch, and fills MMAction2's registries.
"""

from typing import TYPE_CHECKING, Any

from . import compat

with compat.explain_failure():
    # MMAction2 cannot be imported before the cures.
    compat.apply()
    with compat.deferred_statistics():
        from . import (
            datasets,
            engine,
            evaluation,
            models,
            shapley,
            skeletons,
            visualization,
        )
    from .arguments import check_registered

    check_registered(package=__name__)

from .version import __version__

if TYPE_CHECKING:
    from .inference import Recognizer

__all__ = [
    'Recognizer',
    '__version__',
    'compat',
    'datasets',
    'engine',
    'evaluation',
    'models',
    'shapley',
    'skeletons',
    'visualization',
]


def __getattr__(name: str) -> Any:
    """Import the recognizer when it is asked for."""
    if name == 'Recognizer':
        from .inference import Recognizer

        return Recognizer
    raise AttributeError(f'module {__name__!r} has no attribute {name!r}')
