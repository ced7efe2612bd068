"""Demo file and the manifest beside it: written whole, checked by digest."""

from __future__ import annotations

import hashlib
import json
import os
import pickle
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ...serialization import write_whole
from .settings import VERSION, DemoSettings


def dump_demo(demo: dict[str, Any]) -> bytes:
    """Pickle a demo set; equal sets give equal bytes."""
    return pickle.dumps(demo, protocol=4)


def manifest_path(path: str | os.PathLike[str]) -> Path:
    """Path of the manifest that lies beside a demo file.

    Args:
        path (str | os.PathLike): The demo file.

    Returns:
        Path: The manifest.
    """
    return Path(path).with_suffix('.json')


def write_demo(path: str | os.PathLike[str], demo: dict[str, Any]) -> Path:
    """Write a demo set and its manifest, each of them whole or not at all.

    Args:
        path (str): Pickle to write; its folder is made where it is missing.
        demo (dict): What ``make_demo`` returned.

    Returns:
        Path: The pickle.
    """
    path = Path(path)
    content = dump_demo(demo)
    manifest = dict(
        version=demo['version'],
        settings=demo['settings'],
        classes=demo['classes'],
        salient_parts=demo['salient_parts'],
        train_counts=DemoSettings(**demo['settings']).train_counts(),
        sha256=hashlib.sha256(content).hexdigest(),
    )
    # The manifest goes first: a run that dies between the two leaves no
    # pickle that lacks one.
    text = json.dumps(manifest, indent=2) + '\n'
    write_whole(manifest_path(path), text)
    write_whole(path, content)
    return path


def is_current(path: str | os.PathLike[str], settings: DemoSettings) -> bool:
    """Whether a file is the undamaged demo set of these settings.

    Args:
        path (str): Pickle to look at.
        settings (DemoSettings): Wanted settings.

    Returns:
        bool: True if version, settings and digest agree.
    """
    try:
        manifest = json.loads(manifest_path(path).read_text())
        digest = hashlib.sha256(Path(path).read_bytes()).hexdigest()
        wanted = json.loads(json.dumps(asdict(settings)))
        return (
            manifest['version'] == VERSION
            and manifest['settings'] == wanted
            and manifest['sha256'] == digest
        )
    except (OSError, ValueError, KeyError, TypeError):
        return False
