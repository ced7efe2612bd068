"""The record of how a long-tailed list was drawn."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from .longtail_selection import Selection
from .longtail_spec import LongTailSpec
from .name_list import names_digest


def split_manifest(
    spec: LongTailSpec,
    selection: Selection,
    source: str | Path,
    *,
    groups: Sequence[str],
    **extra: Any,
) -> dict[str, Any]:
    """Put down all that it takes to draw a list again and to check it.

    Args:
        spec (LongTailSpec): What was wanted.
        selection (Selection): What was drawn.
        source (str | Path): File that the samples came from; its name and
            digest are recorded, its folder is not.
        groups (Sequence[str]): Many, medium or few for each class.
        **extra: Further entries.

    Returns:
        dict: The manifest, fit for JSON.
    """
    source = Path(source)
    wanted = asdict(spec)
    if spec.file is not None:
        wanted['file'] = Path(spec.file).name
    asked, counts = selection.requested, selection.counts
    by_formula = spec.profile in ('exp', 'step')
    return dict(
        longtail=wanted,
        num_classes=len(counts),
        num_samples=len(selection.names),
        counts=list(counts),
        requested_counts=list(asked),
        imbalance_requested=float(
            spec.imbalance if by_formula else max(asked) / min(asked)
        ),
        imbalance_achieved=max(counts) / min(counts),
        groups={g: list(groups).count(g) for g in ('many', 'medium', 'few')},
        names_sha256=names_digest(selection.names),
        source=dict(file=source.name, sha256=file_digest(source)),
        **extra,
    )


def file_digest(path: str | Path) -> str:
    """Fingerprint of a file.

    Args:
        path (str | Path): The file.

    Returns:
        str: SHA-256 of its bytes, in hexadecimal.
    """
    digest = hashlib.sha256()
    with open(path, 'rb') as stream:
        for block in iter(lambda: stream.read(1 << 20), b''):
            digest.update(block)
    return digest.hexdigest()


def manifest_table(manifest: dict[str, Any], available: int) -> str:
    """Sum a manifest up for the terminal.

    Args:
        manifest (dict): A manifest with its thresholds few and many.
        available (int): Training samples there were.

    Returns:
        str: A few lines of name and value.
    """
    counts, limits = manifest['counts'], manifest['thresholds']
    rows = {
        'samples': f'{manifest["num_samples"]} of {available}',
        'classes': f'{len(counts)}, of {max(counts)} to {min(counts)} samples',
        'imbalance': f'{manifest["imbalance_achieved"]:g} '
        f'(asked for: {manifest["imbalance_requested"]:g})',
        f'many > {limits["many"]}': manifest['groups']['many'],
        'medium': manifest['groups']['medium'],
        f'few < {limits["few"]}': manifest['groups']['few'],
        'names_sha256': manifest['names_sha256'],
    }
    return '\n'.join(f'{name:<14}{value}' for name, value in rows.items())
