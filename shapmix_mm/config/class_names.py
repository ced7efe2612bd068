"""Names of the classes, from whichever source tells them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from mmengine.config import Config

from .data import innermost

__all__ = ['find_class_names', 'read_class_names', 'spread_class_names']

_LOADERS = ('test_dataloader', 'val_dataloader', 'train_dataloader')


def find_class_names(
    number: int,
    *,
    given: str | Path | Sequence[str] | None = None,
    metas: Sequence[dict[str, Any] | None] = (),
    cfg: Config | None = None,
) -> list[str] | None:
    """Find the names of K classes.

    The config's ``class_names`` go before what datasets and checkpoints tell,
    as in :func:`spread_class_names`, and the ``metainfo`` of its datasets
    comes last.

    Args:
        number (int): K.
        given (str, Path or Sequence[str], optional): Names, or a text file
            of them, that go before all else. Defaults to None.
        metas (Sequence[dict]): What a dataset or a checkpoint tells of
            itself, ``classes`` among it; the first that names K classes
            counts. Defaults to ().
        cfg (Config, optional): Complete config. Defaults to None.

    Returns:
        list[str] or None: The names; None where nothing names K classes.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If the names given are not K.

    Example:
        >>> find_class_names(2, metas=[None, dict(classes=('a', 'b'))])
        ['a', 'b']
    """
    if given is not None:
        names = read_class_names(given)
        if len(names) != number:
            where = 'the list' if isinstance(given, (list, tuple)) else given
            raise ValueError(
                f'{where} names {len(names)} classes, the model has {number}'
            )
        return names
    told = [] if cfg is None else [dict(classes=cfg.get('class_names'))]
    for meta in [*told, *metas, *_told(cfg)]:
        classes = (meta or {}).get('classes')
        names = [] if classes is None else read_class_names(classes)
        if len(names) == number:
            return names
    return None


def read_class_names(source: str | Path | Sequence[str]) -> list[str]:
    """Names as they are, or the lines of a text file.

    Args:
        source (str, Path or Sequence[str]): Names, or a file with one in
            each line, in the order of the labels.

    Returns:
        list[str]: The names.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is no text.
    """
    if not isinstance(source, (str, Path)):
        return [str(name) for name in source]
    path = Path(source)
    if not path.is_file():
        raise FileNotFoundError(f'file of class names {path} does not exist')
    try:
        lines = path.read_text(encoding='utf-8-sig').splitlines()
    except UnicodeDecodeError as error:
        raise ValueError(
            f'{path} is no text, expected the name of a class in each line'
        ) from error
    return [line.strip() for line in lines if line.strip()]


def spread_class_names(cfg: Config) -> None:
    """Give the config's ``class_names`` to all of its datasets.

    MMEngine carries the ``metainfo`` of a dataset into checkpoints, and hands
    it to metrics and hooks.

    Args:
        cfg (Config): The config, changed in place. Without ``class_names``,
            a list or a text file, nothing is done.
    """
    if cfg.get('class_names') is None:
        return
    names = read_class_names(cfg.class_names)
    for loader in _LOADERS:
        for node in innermost(cfg.get(loader)):
            node['metainfo'] = dict(node.get('metainfo') or {}, classes=names)


def _told(cfg: Config | None) -> Iterator[dict[str, Any]]:
    for loader in _LOADERS:
        for node in innermost(None if cfg is None else cfg.get(loader)):
            yield node.get('metainfo') or {}
