"""The command that builds a cache, as the error messages name it."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping, Sequence
from typing import Any

TOOL = 'python tools/data/build_cache.py'


def rebuild_command(
    source: Any, out: Any, normalisation: Sequence[Mapping[str, Any]] = ()
) -> str:
    """Write the command line that makes a cache, over an old one.

    Args:
        source (str or Path): Annotation file.
        out (str or Path): Folder of the cache.
        normalisation (Sequence[Mapping]): ``type`` and ``args`` of the
            transforms that are done once. Defaults to ().

    Returns:
        str: One line for a shell.
    """
    words = [str(source), '--out', str(out), '--overwrite']
    for step in normalisation:
        words += ['--normalize', str(step['type'])]
        for key, value in (step.get('args') or {}).items():
            text = value if isinstance(value, str) else json.dumps(value)
            words.append(f'{key}={text}')
    return ' '.join([TOOL, *map(shlex.quote, words)])
