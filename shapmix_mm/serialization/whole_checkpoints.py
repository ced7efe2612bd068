"""Finding the last checkpoint that was written to its end."""

from __future__ import annotations

import os
import re
import zipfile
from pathlib import Path

__all__ = ['find_whole_checkpoint', 'is_whole_checkpoint']

_NAME = re.compile(r'(?:stopped_)?(epoch|iter)_(\d+)\.pth')
_BLOCK = 1 << 20


def is_whole_checkpoint(path: str | os.PathLike[str]) -> bool:
    """Tell whether a checkpoint was written to its end and is undamaged.

    The archive's directory, which comes last, must be there and every record
    must match its checksum. Nothing is unpickled.

    Args:
        path (str | os.PathLike): File that :func:`torch.save` wrote in its
            zip format, the default since torch 1.6.

    Returns:
        bool: False as well for a file that is missing or of another kind.
    """
    try:
        return damaged_record(path) is None
    except Exception:
        return False


def damaged_record(path: str | os.PathLike[str]) -> str | None:
    """Compare the records of a checkpoint with their checksums.

    Args:
        path (str | os.PathLike): File in torch's zip format.

    Returns:
        str | None: The first record that does not match, or None.

    Raises:
        Exception: Of any kind, if it is no such file or its directory is
            damaged.
    """
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
        for name in names:
            try:
                with archive.open(name) as record:
                    while record.read(_BLOCK):
                        pass
            except Exception:
                # A damaged header can name any compression, and fail in any.
                return name
    return None if any(n.endswith('data.pkl') for n in names) else 'data.pkl'


def find_whole_checkpoint(work_dir: str | os.PathLike[str]) -> str | None:
    """Return the last whole checkpoint of a training run.

    The file that ``last_checkpoint`` names is where the run was; only a
    checkpoint of a later step, written after it, comes before it. That is
    the one whose run ended between writing it and naming it. Without a
    usable ``last_checkpoint`` the newest whole file counts.

    Args:
        work_dir (str | os.PathLike): Work directory of the run.

    Returns:
        str | None: Path, or None if no checkpoint there is whole.
    """
    folder = Path(work_dir)
    files = [p for p in folder.glob('*.pth') if _NAME.fullmatch(p.name)]
    named = _named_checkpoint(folder)
    if named is not None:
        files = [p for p in files if _is_later(p, named)]
    for path in sorted(files, key=_age, reverse=True):
        if is_whole_checkpoint(path):
            return str(path)
    return None if named is None else str(named)


def _named_checkpoint(folder: Path) -> Path | None:
    try:
        text = (folder / 'last_checkpoint').read_text().strip()
    except (OSError, UnicodeDecodeError):
        return None
    if not text:
        return None
    # The folder may have been moved since.
    for path in (folder / Path(text).name, Path(text)):
        if is_whole_checkpoint(path):
            return path
    return None


def _is_later(path: Path, named: Path) -> bool:
    one, other = _NAME.fullmatch(path.name), _NAME.fullmatch(named.name)
    return (
        one is not None
        and other is not None
        and one[1] == other[1]
        and int(one[2]) > int(other[2])
        and path.stat().st_mtime >= named.stat().st_mtime
    )


def _age(path: Path) -> tuple[float, int]:
    match = _NAME.fullmatch(path.name)
    return path.stat().st_mtime, int(match[2]) if match else -1
