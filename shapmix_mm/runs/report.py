"""One self-contained page about a training run."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .config_section import config_section
from .head_section import head
from .page import page
from .report_failure import ReportError
from .run import Run, known_classes, thresholds_of
from .run_files import find_checkpoint, load_run_config, progress
from .run_log import read_log
from .saliency_section import saliency_section
from .score_sections import score_sections
from .scores import scores_of
from .training_sections import cost_section, counts_section, course_section

__all__ = ['write_report']


def write_report(
    work_dir: str | Path,
    out: str | Path | None = None,
    *,
    checkpoint: str | Path | None = None,
    test: bool = True,
    config: str | Path | None = None,
    cfg_options: Mapping[str, Any] | None = None,
) -> Path:
    """Write the page.

    Args:
        work_dir (str | Path): Work directory of the training.
        out (str | Path, optional): Page to write. Defaults to None,
            ``report.html`` in the work directory.
        checkpoint (str | Path, optional): Checkpoint to test. Defaults to
            None, the last of the run.
        test (bool): Whether to test it; the scores are kept in the folder
            ``report`` of the work directory. Defaults to True.
        config (str | Path, optional): Config file that the run was started
            with. Defaults to None, a shipped one of the same name.
        cfg_options (Mapping, optional): Settings of the test to override.
            Defaults to None.

    Returns:
        Path: The page.

    Raises:
        ReportError: If the run cannot be read, the test fails or the page
            cannot be written; nothing is tested before that is known.
    """
    work_dir = Path(work_dir)
    target = Path(out) if out is not None else work_dir / 'report.html'
    source = None if config is None else Path(config)
    if source is not None and not source.is_file():
        raise ReportError(f'config file {source} does not exist')
    given = None if checkpoint is None else Path(checkpoint)
    with tempfile.TemporaryDirectory() as folder:
        run = _read_run(work_dir, given, Path(folder))
        _check_writable(target)
        _complete(run, test, cfg_options)
        print('drawing', flush=True)
        sections = [
            config_section(run, source),
            counts_section(run),
            course_section(run),
            *score_sections(run),
            saliency_section(run),
            cost_section(run),
        ]
        text = page(run.name.removesuffix('.py'), head(run), sections)
    _write(target, text)
    return target


def _read_run(work_dir: Path, given: Path | None, folder: Path) -> Run:
    """Read logs, config and the checkpoint that was asked for."""
    log = read_log(work_dir)
    name, cfg = load_run_config(work_dir)
    run = Run(
        work_dir=work_dir,
        name=name,
        cfg=cfg,
        log=log,
        progress=progress(work_dir, cfg, log),
        checkpoint=None,
        state={},
        test=None,
        counts=None,
        classes=None,
        thresholds=thresholds_of(cfg),
        folder=folder,
    )
    if given is not None:
        _take(run, given)
    return run


def _take(run: Run, given: Path | None) -> None:
    run.checkpoint, content = find_checkpoint(run.work_dir, given)
    run.state = content['state_dict']


def _complete(
    run: Run, test: bool, cfg_options: Mapping[str, Any] | None
) -> None:
    """Add the checkpoint and its test, and what is known of the classes."""
    if run.checkpoint is None:
        try:
            _take(run, None)
        except ReportError:
            if test:
                raise
    cfg = run.cfg
    if cfg_options:
        cfg = cfg.__class__(cfg.to_dict())
        cfg.merge_from_dict(dict(cfg_options))
    if test and run.checkpoint is not None:
        folder = run.work_dir / 'report'
        run.test = scores_of(cfg, run.checkpoint, folder)
    run.counts, run.classes = known_classes(
        run.work_dir, cfg, run.state, run.test
    )


def _part(target: Path) -> Path:
    return target.with_name(f'.{target.name}.{os.getpid()}.tmp')


def _check_writable(target: Path) -> None:
    if target.is_dir():
        raise ReportError(f'{target} is a folder, expected a file to write')
    if target.parent.exists() and not target.parent.is_dir():
        raise ReportError(
            f'{target} cannot be written: {target.parent} is no folder'
        )
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        _part(target).touch()
        _part(target).unlink()
    except OSError as error:
        raise ReportError(
            f'{target} cannot be written: {error.strerror}'
        ) from error


def _write(target: Path, text: str) -> None:
    part = _part(target)
    try:
        part.write_text(text, encoding='utf-8')
        part.replace(target)
    except OSError as error:
        raise ReportError(
            f'{target} cannot be written: {error.strerror}'
        ) from error
    finally:
        part.unlink(missing_ok=True)
