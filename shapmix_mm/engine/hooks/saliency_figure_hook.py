"""Draw the learnt saliency while training, and keep how it came about."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Sequence

import numpy as np
from mmaction.registry import HOOKS
from mmengine.dist import is_main_process, master_only
from mmengine.hooks import Hook
from mmengine.runner import Runner
from pydantic import Field
from typing_extensions import Annotated

from shapmix_mm import visualization
from shapmix_mm.evaluation import metric_thresholds
from shapmix_mm.evaluation.functional import (
    classes_with_true_parts_first,
    named_parts,
)
from shapmix_mm.models import ShapMixBlending

from ...arguments import NonNegative, NonNegativeInt
from ...config.data import stream_features, unrepeated
from ...config.launch import bare_model
from ...saliency import SaliencyRecord, feature_joints
from .saliency_hook import SaliencyHook

__all__ = ['SaliencyFigureHook']

# Formats that a visualizer can be sent.
_PIXELS = ('.png', '.jpg', '.jpeg')
# Of what Matplotlib draws without further programs; none stands for .png.
_FIGURE = r'^([^.]+|.+\.(png|jpg|jpeg|pdf|svg))$'


@HOOKS.register_module()
class SaliencyFigureHook(Hook):
    """Write figures of the saliency to the work directory.

    When training ends there are a heat map, ``saliency.png``, a body per
    class, ``saliency_bodies.png``, and the table's way through the training,
    ``saliency_history.png``. At every ``interval`` epochs the first two are
    brought up to date and sent to the visualizer, so that TensorBoard and
    WandB show them. The table after each epoch is kept in
    ``saliency_history.npz``, which a resumed training goes on with.

    The figures show saliency per joint, the quantity that Eq. 3 ranks.
    Class names, and the parts known to tell each class of a synthetic set,
    are taken from the dataset's metainfo (``classes``, ``salient_parts``).
    Where such parts are known, the log ends with the number of classes for
    which the combination of largest v_b contains all of them.

    Args:
        filename (str): Name of the heat map; the other names begin with its
            stem. Defaults to 'saliency.png'.
        thresholds (Sequence[float], optional): Counts (few, many) that bound
            the groups, in a run whose evaluators do not tell them. Defaults
            to None: those of its ``LongTailMetric``, or else (20, 100).
        interval (int): Epochs between figures; 0 draws them at the end
            alone. Defaults to 10.
    """

    blend: ShapMixBlending
    record: SaliencyRecord

    def __init__(
        self,
        filename: Annotated[str, Field(pattern=_FIGURE)] = 'saliency.png',
        thresholds: Annotated[
            Sequence[NonNegative], Field(min_length=2, max_length=2)
        ]
        | None = None,
        interval: NonNegativeInt = 10,
    ) -> None:
        if thresholds is not None and thresholds[0] > thresholds[1]:
            raise ValueError(
                f'SaliencyFigureHook: thresholds={thresholds!r} should be '
                '(few, many) with few <= many'
            )
        self.filename = filename
        self._given = None if thresholds is None else tuple(thresholds)
        self.interval = interval
        self._drawn_at: int | None = None

    def before_train(self, runner: Runner) -> None:
        """Find the blend, and the history of a training that goes on.

        Args:
            runner (Runner): The runner, its checkpoint loaded.

        Raises:
            ValueError: If the model has no Shap-Mix blend, or the run's
                metric groups the classes by other thresholds.
        """
        blend = getattr(bare_model(runner).data_preprocessor, 'blending', None)
        if not isinstance(blend, ShapMixBlending):
            raise ValueError(
                'SaliencyFigureHook needs a ShapMixBlending, '
                f'found {type(blend).__name__}'
            )
        self.blend, self._drawn_at = blend, None
        self.thresholds = self._run_thresholds(runner)
        self._true_parts(runner)  # warns of odd ones in time
        if is_main_process():
            self._open_record(runner)

    def _run_thresholds(self, runner: Runner) -> tuple[float, float]:
        """One report is not to show two groupings of the same classes."""
        few, many = metric_thresholds(runner.cfg) or self._given or (20, 100)
        if self._given not in (None, (few, many)):
            raise ValueError(
                f'SaliencyFigureHook has thresholds={self._given}, the '
                f'LongTailMetric of the run few={few}, many={many}; leave '
                'those of the hook out, it takes those of the metric'
            )
        return few, many

    def _open_record(self, runner: Runner) -> None:
        path = self._path(runner, '_history').with_suffix('.npz')
        parts = range(self.blend.layout.num_parts)
        combinations = self.blend.saliency.combinations
        members = [[part in own for part in parts] for own in combinations]
        self.record = SaliencyRecord(
            path, np.array(members), self.blend.num_classes
        )
        if not runner._resume:
            return
        try:
            self.record.load()
        except ValueError as error:
            runner.logger.warning(f'{error}; a new history is begun')
        self.record.keep_until(runner.epoch)

    @master_only
    def after_train_epoch(self, runner: Runner) -> None:
        """Keep the table, and draw it every ``interval`` epochs.

        Args:
            runner (Runner): The runner.
        """
        table, epoch = self.blend.saliency, runner.epoch + 1
        values, updates = table.values.cpu(), table.updates.cpu()
        self.record.add(epoch, values.numpy(), updates.numpy())
        self.record.save()
        if self.interval and epoch % self.interval == 0:
            self._draw(runner, epoch)

    @master_only
    def after_train(self, runner: Runner) -> None:
        """Draw the table and its history.

        Args:
            runner (Runner): The runner.
        """
        if self._drawn_at != runner.epoch:
            self._draw(runner, runner.epoch)
        path = self._path(runner)
        runner.logger.info(f'saliency per class: {path}')
        self._log_known_parts(runner)
        if len(self.record):
            common = self._common(runner)
            visualization.plot_saliency_history(
                self.record.values / self._joint_counts(),
                self.record.epochs,
                self._path(runner, '_history'),
                updates=self.record.updates,
                part_names=self.blend.layout.part_names,
                **common,
            )

    def _log_known_parts(self, runner: Runner) -> None:
        parts, table = self._true_parts(runner), self.blend.saliency
        if not parts:
            return
        values = table.values.where(table.updates > 0, float('nan'))
        whole, dense = (
            classes_with_true_parts_first(
                values.cpu().numpy(), joints, table.combinations, parts
            )
            for joints in (None, self._joint_counts())
        )
        missed = whole.judged & ~whole.first
        names = np.array(_metainfo(runner)['classes'])[missed]
        runner.logger.info(
            'saliency: the combination of largest v_b has all telling parts '
            f'for {whole.first.sum()} of {whole.judged.sum()} classes'
            + (f', not for {", ".join(names)}' if len(names) else '')
            + f'; that of largest v_b / |b| for {dense.first.sum()}'
        )

    def _draw(self, runner: Runner, epoch: int) -> None:
        common, table = self._common(runner), self.blend.saliency
        values = table.values.cpu().numpy() / self._joint_counts()
        common['updates'] = table.updates.cpu().numpy()
        heat = visualization.plot_saliency(
            values,
            self._path(runner),
            part_names=self.blend.layout.part_names,
            true_parts=self._true_parts(runner),
            **common,
        )
        bodies = visualization.plot_bodies(
            values,
            self._path(runner, '_bodies'),
            layout=self.blend.layout,
            pose=self._pose(runner),
            part_errors=self._part_errors(runner),
            **common,
        )
        from matplotlib.image import imread

        for path in (heat, bodies):
            if path.suffix.lower() not in _PIXELS:
                continue
            image = imread(path, format=path.suffix.lstrip('.'))
            if image.dtype != np.uint8:
                image = (image * 255).round().astype(np.uint8)
            runner.visualizer.add_image(path.stem, image[..., :3], epoch)
        self._drawn_at = epoch

    def _part_errors(self, runner: Runner) -> np.ndarray | None:
        """Noise of the parts' values, told by the steps of their average.

        Of the paper's average alone is it known how its noise and its steps
        are related.
        """
        hooks = [h for h in runner.hooks if isinstance(h, SaliencyHook)]
        if not hooks or hooks[0].average != 'ema' or not len(self.record):
            return None
        return visualization.part_errors(
            self.record.values / self._joint_counts(),
            self.record.updates,
            combinations=self.blend.saliency.combinations,
            num_parts=self.blend.layout.num_parts,
            momentum=hooks[0].momentum,
        )

    def _path(self, runner: Runner, ending: str = '') -> Path:
        path = Path(runner.work_dir, self.filename)
        return path.with_name(f'{path.stem}{ending}{path.suffix or ".png"}')

    def _joint_counts(self) -> np.ndarray:
        return self.blend.joint_counts.cpu().numpy()

    def _common(self, runner: Runner) -> dict[str, Any]:
        """Arguments that all figures share."""
        return dict(
            combinations=self.blend.saliency.combinations,
            class_counts=self.blend.class_counts.tolist(),
            classes=_metainfo(runner).get('classes') or None,
            thresholds=self.thresholds,
        )

    def _true_parts(self, runner: Runner) -> list[list[int]] | None:
        metainfo = _metainfo(runner)
        return named_parts(
            metainfo.get('salient_parts'),
            metainfo.get('classes'),
            self.blend.layout.part_names,
        )

    def _pose(self, runner: Runner) -> np.ndarray | None:
        """Mean joints, or None where the stream has no joints."""
        pose = self.blend.mean_pose.cpu().numpy()
        feats = stream_features(runner.train_dataloader.dataset)
        if not pose.size or not {'j', 'b'} & set(feats):
            return None
        return feature_joints(pose, feats, self.blend.layout)


def _metainfo(runner: Runner) -> dict[str, Any]:
    dataset = unrepeated(runner.train_dataloader.dataset)
    return getattr(dataset, 'metainfo', None) or {}
