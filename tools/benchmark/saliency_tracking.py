"""Tables of several estimators, learnt side by side in one training."""

from __future__ import annotations

from typing import Any, Sequence

import numpy as np
import torch
from mmengine.hooks import Hook
from mmengine.runner import Runner
from saliency_replay import Scheme

from shapmix_mm.config.data import unrepeated
from shapmix_mm.engine import SaliencyHook
from shapmix_mm.evaluation.functional import (
    classes_with_true_parts_first,
    named_parts,
)
from shapmix_mm.saliency import (
    SeededSamples,
    choose_samples,
    class_saliency,
    exact_worths,
    sample_labels,
    table_error,
)
from shapmix_mm.shapley import SaliencyTable


def errors_of(
    table: SaliencyTable, exact: torch.Tensor, scheme: Scheme
) -> dict[str, float]:
    """Error of a table as the blend reads it.

    Args:
        table (SaliencyTable): Learnt table.
        exact (Tensor): Exact values, shape (K, B), NaN where unknown.
        scheme (Scheme): How the table was learnt.

    Returns:
        dict[str, float]: RMSE over all entries, NaN for Grad-CAM, which has
        another unit; mean rank correlation within a class; and the share of
        entries that were observed.
    """
    known = ~exact.isnan()
    error = table_error(table.filled().cpu().numpy(), exact.cpu().numpy())
    rank = error.rank_corr[np.isfinite(error.rank_corr)]
    seen = (table.updates > 0).to(known.device)[known]
    return dict(
        rmse=float('nan')
        if scheme.estimator == 'gradcam'
        else error.overall_rmse,
        rank_corr=float(rank.mean()) if len(rank) else float('nan'),
        seen=float(seen.float().mean()),
    )


class Shadow(SaliencyHook):
    """A saliency hook with a table of its own, which guides nothing.

    Args:
        scheme (Scheme): How the table is learnt.
    """

    def __init__(self, scheme: Scheme) -> None:
        super().__init__(
            scheme.estimator,
            average=scheme.average,
            interval=scheme.interval,
            share=scheme.share,
            momentum=scheme.momentum,
        )
        self.scheme = scheme
        self.passes = 0.0

    def before_train(self, runner: Runner) -> None:
        """Find the blend and make the table."""
        self.attach(runner)
        blend = self.blend
        self.table = SaliencyTable(
            blend.num_classes, blend.layout.num_parts, blend.sizes
        ).to(blend.guided.device)

    def after_train_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: Any = None,
        outputs: Any = None,
    ) -> None:
        """Estimate without logging."""
        if runner.iter % self.interval == 0:
            self.passes += self.estimate(runner, data_batch)


class TrackTables(Hook):
    """Learn a table with every scheme; compare with the current model.

    Args:
        schemes (Sequence[Scheme]): What to learn with.
        every (int): Epochs between comparisons. Defaults to 2.
        max_per_class (int, optional): Most samples of each class that the
            exact values are computed of. Defaults to None: all.
    """

    def __init__(
        self,
        schemes: Sequence[Scheme],
        *,
        every: int = 2,
        max_per_class: int | None = None,
    ) -> None:
        self.shadows = [Shadow(scheme) for scheme in schemes]
        self.every = every
        self.max_per_class = max_per_class
        self.rows: list[dict[str, Any]] = []

    def before_train(self, runner: Runner) -> None:
        """Attach every shadow; choose the samples to compare on."""
        for shadow in self.shadows:
            shadow.before_train(runner)
        train = unrepeated(runner.train_dataloader.dataset)
        chosen = choose_samples(
            sample_labels(train), max_per_class=self.max_per_class
        )
        self.samples = SeededSamples(train, chosen)
        metainfo = getattr(train, 'metainfo', None) or {}
        self.true_parts = named_parts(
            metainfo.get('salient_parts'),
            metainfo.get('classes'),
            self.shadows[0].blend.layout.part_names,
        )

    def after_train_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: Any = None,
        outputs: Any = None,
    ) -> None:
        """Let every shadow estimate."""
        for shadow in self.shadows:
            shadow.after_train_iter(runner, batch_idx, data_batch)

    def _true_parts_first(self, table: SaliencyTable) -> dict[str, float]:
        """Share of classes whose best combination holds their true parts."""
        if self.true_parts is None:
            return {}
        found = classes_with_true_parts_first(
            table.filled().cpu().numpy(),
            None,
            table.combinations,
            self.true_parts,
        )
        return dict(true_parts_first=found.share)

    def after_train_epoch(self, runner: Runner) -> None:
        """Compare every table with the exact values of the model."""
        if (runner.epoch + 1) % self.every:
            return
        exact = self._exact()
        for shadow in self.shadows:
            self.rows.append(
                dict(
                    estimator=shadow.scheme.name,
                    epoch=runner.epoch + 1,
                    passes=shadow.passes,
                    **errors_of(shadow.table, exact, shadow.scheme),
                    **self._true_parts_first(shadow.table),
                )
            )
        own = ', '.join(
            f'{row["estimator"]} {row["rmse"]:.3f}'
            for row in self.rows[-len(self.shadows) :]
        )
        print(f'epoch {runner.epoch + 1}: RMSE {own}', flush=True)

    def _exact(self) -> torch.Tensor:
        shadow = self.shadows[0]
        blend = shadow.blend
        worths = exact_worths(
            shadow.model,
            self.samples,
            mean=blend.mean_pose,
            layout=blend.layout,
        )
        parts = blend.layout.num_parts
        exact = class_saliency(worths, parts, blend.sizes, blend.num_classes)
        return torch.from_numpy(exact.values[:, exact.columns(blend.sizes)])
