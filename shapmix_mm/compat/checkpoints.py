"""MMEngine's checkpoint loaders, on the restricted unpickler."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any
from urllib.parse import urlparse

__all__ = ['cure_checkpoints', 'load_from_local', 'load_url']


def cure_checkpoints() -> bool:
    """Load, resume and test without running what a checkpoint holds.

    Source: mmengine issue 1655. On torch >= 2.6 MMEngine 0.10.7 can load no
    checkpoint of its own; on an older torch, and in its development version,
    it runs any code that a checkpoint carries.

    Returns:
        bool: Whether it was needed.
    """
    from mmengine.runner import checkpoint

    loader: Any = checkpoint.CheckpointLoader
    if loader._schemes.get('') is load_from_local:
        return False
    loader.register_scheme(prefixes='', loader=load_from_local, force=True)
    checkpoint.load_from_local = load_from_local
    # All loaders of http addresses, by whatever name, end here.
    checkpoint.load_url = load_url
    return True


def load_from_local(filename: str, map_location: Any = None) -> Any:
    """Load a checkpoint from a path.

    Args:
        filename (str): Path; ``~`` is the home folder.
        map_location (Any): As :func:`torch.load`. Defaults to None.

    Returns:
        Any: The checkpoint.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is damaged or would run code.
    """
    from ..serialization import load_checkpoint_file

    return load_checkpoint_file(filename, map_location)


def load_url(
    url: str,
    model_dir: str | None = None,
    *,
    map_location: Any = None,
    progress: bool = True,
) -> Any:
    """Load a checkpoint from an address; a file fetched before is kept.

    Args:
        url (str): Address of the checkpoint.
        model_dir (str, optional): Folder to keep it in. Defaults to
            ``checkpoints`` in torch's hub folder.
        map_location (Any): As :func:`torch.load`. Defaults to None.
        progress (bool): Whether to show a bar. Defaults to True.

    Returns:
        Any: The checkpoint.

    Raises:
        ValueError: If it is damaged or would run code.
    """
    from torch import hub

    from ..serialization import load_checkpoint_file

    folder = Path(model_dir or os.path.join(hub.get_dir(), 'checkpoints'))
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / os.path.basename(urlparse(url).path)
    if not path.exists():
        hub.download_url_to_file(url, str(path), progress=progress)
    return load_checkpoint_file(path, map_location)
