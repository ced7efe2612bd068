"""Scores of a checkpoint on the test set, computed once and kept."""

from __future__ import annotations

import argparse
import copy
import hashlib
import json
import tempfile
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmengine.config import Config
from mmengine.evaluator import BaseMetric
from tqdm import tqdm

from shapmix_mm.config.data import ann_file_of, innermost
from shapmix_mm.config.launch import build_runner, check_annotations
from shapmix_mm.evaluation.metrics.data_samples import read_labels, read_score
from shapmix_mm.serialization import whole_file

from .run import RunError

__all__ = ['Scores', 'scores_of']

_TESTED_BY = ('model', 'test_dataloader', 'test_cfg', 'custom_hooks')


@dataclass(frozen=True)
class Scores:
    """What a test gave; S samples of K classes.

    Attributes:
        scores (np.ndarray): Scores ``(S, K)``.
        labels (np.ndarray): True classes, ``(S,)``.
        metainfo (dict): What the test set says of itself: ``classes``,
            ``class_counts``, ``salient_parts``, where it knows them.
    """

    scores: np.ndarray
    labels: np.ndarray
    metainfo: dict[str, Any]


class KeepScores(BaseMetric):
    """Keeps scores and labels, and shows how far the test is.

    Args:
        total (int): Number of samples.
    """

    def __init__(self, total: int) -> None:
        super().__init__(prefix='report')
        self.bar = tqdm(total=total, desc='test', unit='clip')
        self.kept: list[tuple[np.ndarray, int]] = []

    def process(self, data_batch: Any, data_samples: Sequence[dict]) -> None:
        """Keep a batch.

        Args:
            data_batch (Any): Not used.
            data_samples (Sequence[dict]): Samples with their scores.
        """
        scores = torch.stack([read_score(sample) for sample in data_samples])
        self.results += zip(
            scores.float().cpu().numpy(), read_labels(data_samples)
        )
        self.bar.update(len(data_samples))

    def compute_metrics(self, results: list) -> dict:
        """Take over all samples.

        Args:
            results (list): Pairs of scores and label.

        Returns:
            dict: Nothing.
        """
        self.kept = results
        return {}


def scores_of(cfg: Config, checkpoint: Path, folder: Path) -> Scores:
    """Test a checkpoint, or take the scores from an earlier report.

    Args:
        cfg (Config): Config of the run.
        checkpoint (Path): Checkpoint to test.
        folder (Path): Where scores are kept, by name, size and time of the
            checkpoint and by the settings that the test depends on, as long
            as no annotation file of the test is newer.

    Returns:
        Scores: The scores.

    Raises:
        RunError: If an annotation file is missing or the test fails.
    """
    kept = folder / f'{_key(cfg, checkpoint)}.npz'
    if kept.is_file() and not _is_older(kept, cfg):
        try:
            found = _read(kept)
            print(f'scores of {checkpoint} taken from {kept}', flush=True)
            return found
        except (OSError, ValueError, KeyError, zipfile.BadZipFile):
            print(f'{kept} cannot be read, testing again')
    if cfg.get('test_dataloader') is None:
        raise RunError(
            'the config has no test_dataloader; --no-test makes the page '
            'without the test'
        )
    try:
        check_annotations(cfg, 'test_dataloader')
    except FileNotFoundError as error:
        what = str(error).split('. ')[0]
        raise RunError(
            f'{what}; --no-test makes the page without the test'
        ) from error
    print(f'testing {checkpoint}', flush=True)
    try:
        found = _test(cfg, checkpoint)
    except Exception as error:
        # Whatever user code the config names can fail in any way.
        what = ' '.join(str(error).split()) or type(error).__name__
        raise RunError(
            f'the test of {checkpoint} failed: {what}; '
            '--no-test makes the page without the test'
        ) from error
    _write(kept, found)
    return found


def _key(cfg: Config, checkpoint: Path) -> str:
    state = checkpoint.stat()
    settings = {key: cfg.get(key) for key in _TESTED_BY}
    text = json.dumps(settings, sort_keys=True, default=str)
    digest = hashlib.sha256(
        f'{state.st_size} {state.st_mtime_ns} {text}'.encode()
    )
    return f'scores_{checkpoint.stem}_{digest.hexdigest()[:12]}'


def _is_older(kept: Path, cfg: Config) -> bool:
    """Whether the samples of the test were written later than its scores."""
    paths = map(ann_file_of, innermost(cfg.get('test_dataloader')))
    files = [Path(path) for path in paths if path]
    times = [file.stat().st_mtime for file in files if file.exists()]
    return max(times, default=0) > kept.stat().st_mtime


def _test(cfg: Config, checkpoint: Path) -> Scores:
    cfg = copy.deepcopy(cfg)
    cfg.load_from, cfg.resume = str(checkpoint), False
    cfg.log_level = 'WARNING'
    cfg.experiment_name = f'report_{id(cfg)}'
    # The test is nobody's training: no figures, no accounts.
    cfg.visualizer = dict(type='ActionVisualizer', vis_backends=[])
    cfg.default_hooks.pop('visualization', None)
    with tempfile.TemporaryDirectory() as work_dir:
        cfg.work_dir = work_dir
        start = argparse.Namespace(launcher='none', local_rank=0)
        runner = build_runner(cfg, start)
        loop: Any = runner.test_loop
        dataset = loop.dataloader.dataset
        keep = KeepScores(len(dataset))
        metainfo = getattr(dataset, 'metainfo', None) or {}
        keep.dataset_meta = metainfo
        loop.evaluator.metrics.append(keep)
        try:
            runner.test()
        finally:
            keep.bar.close()
    scores, labels = zip(*keep.kept)
    known = {
        key: metainfo[key]
        for key in ('classes', 'class_counts', 'salient_parts')
        if metainfo.get(key) is not None
    }
    return Scores(np.stack(scores), np.asarray(labels), known)


def _read(path: Path) -> Scores:
    with np.load(path, allow_pickle=False) as kept:
        metainfo = json.loads(str(kept['metainfo']))
        return Scores(kept['scores'], kept['labels'], metainfo)


def _write(path: Path, found: Scores) -> None:
    try:
        with whole_file(path) as scratch:
            np.savez_compressed(
                scratch,
                scores=found.scores,
                labels=found.labels,
                metainfo=json.dumps(found.metainfo, default=_plain),
            )
    except OSError as error:
        print(f'scores not kept for a later report: {error}')


def _plain(value: Any) -> Any:
    return value.tolist() if hasattr(value, 'tolist') else list(value)
