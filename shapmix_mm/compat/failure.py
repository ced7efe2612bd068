"""What happens when a package that we need does not import."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import Iterator

__all__ = ['explain_failure']


@contextmanager
def explain_failure() -> Iterator[None]:
    """Point at the doctor, and let the doctor itself start.

    While Python looks for the module to run with ``-m`` it has not yet put
    its path in place of the ``-m`` in ``sys.argv``. The doctor is the one
    module here that is run so; ``shapmix doctor`` is the same.

    Raises:
        ImportError: With the first error's text and the command to run.
    """
    try:
        yield
    except Exception as error:
        if sys.argv[:1] == ['-m'] or sys.argv[1:] == ['doctor']:
            return
        # mmaction refuses a version of mmcv by an assertion.
        if not isinstance(error, (ImportError, AssertionError)):
            raise
        raise ImportError(
            f'shapmix_mm cannot be imported: {error}. '
            '`python -m shapmix_mm.doctor` names what mends it'
        ) from error
