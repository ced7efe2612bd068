"""Overall, mean-class and many/medium/few accuracy for MMEngine loops."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from mmaction.registry import METRICS
from mmengine.evaluator import BaseMetric
from mmengine.logging import MMLogger, print_log

from shapmix_mm.arguments import NonNegative, PositiveInt, type_name

from ..functional import (
    GroupedAccuracy,
    accuracy_table,
    check_class_counts,
    check_thresholds,
    expected_calibration_error,
    grouped_accuracy,
    probabilities,
    write_per_class,
)
from .data_samples import read_labels, read_score

# Thresholds of the paper.
MANY, FEW = 100, 20


@METRICS.register_module()
class LongTailMetric(BaseMetric):
    """Accuracy as the long-tailed literature reports it.

    Keys under the prefix: ``overall``, ``overall_top5``, ``mean_class``,
    ``many``, ``medium``, ``few``, ``ece`` (see
    :func:`expected_calibration_error`, 15 bins) and ``num_many``,
    ``num_medium``, ``num_few``, the numbers of classes per group. Accuracies
    and ``ece`` are fractions.
    A top-k that could not fail (k >= K) and a group without a class in the
    test set are absent. ``save_best='acc/mean_class'`` picks its rule itself;
    under a prefix without ``acc`` it needs ``rule='greater'``.

    Training counts come from the first of: the argument,
    ``dataset_meta['class_counts']``, :meth:`set_class_counts`.

    Args:
        many (float): Many-shot classes have more training samples than this.
            Defaults to 100.
        few (float): Few-shot classes have fewer training samples than this.
            Defaults to 20.
        topk (int | Sequence[int]): The k of top-k accuracy; k = 1 is always
            ``overall``. Defaults to (1, 5).
        class_counts (Sequence[int], optional): Training samples of each
            class. Defaults to None.
        per_class_file (str, optional): CSV file, rewritten at each
            evaluation, with one row per class. A relative path starts at the
            work directory of the run, or at the current one outside a run.
            Defaults to None.
        collect_device (str): ``'cpu'`` or ``'gpu'``, see
            :class:`BaseMetric`. Defaults to 'cpu'.
        prefix (str, optional): Replaces ``'acc'`` in the keys.
            Defaults to None.

    Raises:
        ValueError: If thresholds, ``topk`` or ``class_counts`` are wrong.
    """

    default_prefix = 'acc'
    needs_class_counts = True

    def __init__(
        self,
        many: NonNegative = MANY,
        few: NonNegative = FEW,
        topk: PositiveInt | Sequence[PositiveInt] = (1, 5),
        class_counts: Sequence[NonNegative] | np.ndarray | None = None,
        per_class_file: str | None = None,
        collect_device: Literal['cpu', 'gpu'] = 'cpu',
        prefix: str | None = None,
    ) -> None:
        super().__init__(collect_device=collect_device, prefix=prefix)
        check_thresholds(many, few)
        self.many, self.few = many, few
        self.topk = (topk,) if isinstance(topk, int) else tuple(topk)
        if not self.topk:
            raise ValueError('topk must hold at least one integer')
        if per_class_file is not None and os.path.isdir(per_class_file):
            raise ValueError(
                f'per_class_file {per_class_file!r} is a folder, '
                'expected the path of a CSV file'
            )
        self.per_class_file = per_class_file
        self.given_counts = (
            None if class_counts is None else check_class_counts(class_counts)
        )
        self._hook_counts: np.ndarray | None = None
        self._warned = False

    def set_class_counts(self, counts: Sequence[int] | torch.Tensor) -> None:
        """Take training counts from the class-count hook.

        They are used when neither the config nor the dataset has any.

        Args:
            counts (Sequence[int] | Tensor): Counts ``(K,)``.
        """
        if isinstance(counts, torch.Tensor):
            counts = counts.detach().cpu().tolist()
        self._hook_counts = check_class_counts(counts)

    def class_counts(self) -> np.ndarray | None:
        """Training counts ``(K,)`` in force, or None if none are known."""
        if self.given_counts is not None:
            return self.given_counts
        counts = (self.dataset_meta or {}).get('class_counts')
        if counts is not None:
            return check_class_counts(counts)
        return self._hook_counts

    def process(self, data_batch: Any, data_samples: Sequence[dict]) -> None:
        """Keep score and label of each sample of a batch on the CPU.

        Args:
            data_batch (Any): Not used.
            data_samples (Sequence[dict]): Samples with ``pred_score``
                ``(K,)`` and ``gt_label`` ``(1,)``.

        Raises:
            KeyError: If a sample lacks one of the two.
            TypeError: If a sample has several labels or several scores.
            ValueError: If the scores' K is not that of the class counts.
        """
        if not len(data_samples):
            return
        scores = torch.stack([read_score(sample) for sample in data_samples])
        if scores.element_size() < 4:
            scores = scores.float()  # NumPy has no bfloat16
        counts = self.class_counts()
        if counts is not None:
            # Checked here, on every rank: an error in compute_metrics would
            # leave the other ranks waiting for the broadcast.
            check_class_counts(counts, scores.shape[1])
        labels = read_labels(data_samples)
        self.results.extend(zip(scores.detach().cpu().numpy(), labels))

    def compute_metrics(self, results: list) -> dict:
        """Compute, log and save the accuracies (main process only).

        Args:
            results (list): Pairs of scores ``(K,)`` and label.

        Returns:
            dict: Accuracies and group sizes by name.
        """
        if not results:
            raise ValueError('LongTailMetric has no samples to evaluate')
        counts = self.class_counts()
        if counts is None:
            self._warn_once()
        scores, labels = zip(*results)
        stacked = np.stack(scores)
        result = grouped_accuracy(
            stacked,
            labels,
            counts,
            many=self.many,
            few=self.few,
            topk=self.topk,
        )
        print_log(
            'Accuracy by training samples per class\n'
            + accuracy_table(result, many=self.many, few=self.few),
            logger='current',
        )
        if self.per_class_file is not None:
            self._save(result, counts)
        metrics = self._as_dict(result)
        metrics['ece'] = expected_calibration_error(
            probabilities(stacked), labels
        ).ece
        return metrics

    def _as_dict(self, result: GroupedAccuracy) -> dict:
        metrics: dict = dict(overall=result.overall)
        metrics.update({f'overall_top{k}': v for k, v in result.topk.items()})
        metrics['mean_class'] = result.mean_class
        for name, group in result.groups.items():
            if group.accuracy is not None:
                metrics[name] = group.accuracy
        for name, group in result.groups.items():
            # MMEngine's log of a test drops integers.
            metrics[f'num_{name}'] = float(group.num_classes)
        return metrics

    def _save(
        self, result: GroupedAccuracy, counts: np.ndarray | None
    ) -> None:
        path = _work_dir() / str(self.per_class_file)
        classes = (self.dataset_meta or {}).get('classes')
        if classes is not None and len(classes) != len(result.support):
            classes = None
        try:
            write_per_class(
                result,
                path,
                class_counts=counts,
                classes=classes,
                many=self.many,
                few=self.few,
            )
        except OSError as error:
            # A full disk must not end a training run over a report.
            print_log(
                f'per-class accuracies not written to {path}: {error}',
                logger='current',
                level=logging.WARNING,
            )

    def _warn_once(self) -> None:
        if self._warned:
            return
        self._warned = True
        print_log(
            'LongTailMetric knows no training counts and reports no '
            'many/medium/few accuracy. Give it class_counts=[...], use '
            'LongTailedPoseDataset for validation, or add '
            "custom_hooks=[dict(type='ClassCountsHook')] when training.",
            logger='current',
            level=logging.WARNING,
        )


def _work_dir() -> Path:
    """Work directory of the Runner in this process, else the current one.

    The Runner does not tell metrics where it works; its log file does, being
    ``work_dir/TIMESTAMP/TIMESTAMP*.log``.
    """
    log_file = MMLogger.get_current_instance().log_file
    if log_file is not None:
        folder = Path(log_file).absolute().parent
        if Path(log_file).name.startswith(folder.name):
            return folder.parent
    return Path()


def metric_settings(cfg: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Settings of the ``LongTailMetric`` of a config.

    Args:
        cfg (Mapping): Config with ``val_evaluator`` or ``test_evaluator``.

    Returns:
        Mapping | None: The settings; None without such a metric.
    """
    for key in ('val_evaluator', 'test_evaluator'):
        found = cfg.get(key) or []
        for item in found if isinstance(found, (list, tuple)) else [found]:
            if type_name(item.get('type')) == 'LongTailMetric':
                return item
    return None


def metric_thresholds(cfg: Mapping[str, Any]) -> tuple[float, float] | None:
    """Thresholds by which a run groups its classes.

    They are the one source: figures, reports and tables of a run take theirs
    from here.

    Args:
        cfg (Mapping): Config with ``val_evaluator`` or ``test_evaluator``.

    Returns:
        tuple[float, float] | None: Counts (few, many) of the first
        ``LongTailMetric``; None if no evaluator has one.
    """
    metric = metric_settings(cfg)
    if metric is None:
        return None
    return metric.get('few', FEW), metric.get('many', MANY)


def thresholds_of(cfg: Mapping[str, Any]) -> tuple[float, float]:
    """The same, with the metric's defaults where a config has none.

    Args:
        cfg (Mapping): Config with ``val_evaluator`` or ``test_evaluator``.

    Returns:
        tuple[float, float]: Counts (few, many).
    """
    return metric_thresholds(cfg) or (FEW, MANY)
