"""Draw the learnt saliency at the end of a training."""

from __future__ import annotations

import os.path as osp

from mmaction.registry import HOOKS
from mmengine.dist import master_only
from mmengine.hooks import Hook
from mmengine.runner import Runner

from shapmix_mm.models import ShapMixBlending
from shapmix_mm.visualization import plot_saliency

from ..mean_pose import unrepeated
from .unwrapping import bare_model

__all__ = ['SaliencyFigureHook']


@HOOKS.register_module()
class SaliencyFigureHook(Hook):
    """Write ``saliency.png`` to the work directory when training ends.

    The figure shows saliency per joint, the quantity that Eq. 3 ranks.
    Class names, and the parts known to tell each class of a synthetic set,
    are taken from the dataset's metainfo (``classes``, ``salient_parts``).

    Args:
        filename (str): Name of the figure. Defaults to 'saliency.png'.
        thresholds (tuple[float, float]): Counts (few, many) that bound the
            groups. Defaults to (20, 100).
    """

    def __init__(
        self,
        filename: str = 'saliency.png',
        thresholds: tuple[float, float] = (20, 100),
    ) -> None:
        self.filename = filename
        self.thresholds = thresholds

    @master_only
    def after_train(self, runner: Runner) -> None:
        """Draw the table.

        Args:
            runner (Runner): The runner.

        Raises:
            ValueError: If the model has no Shap-Mix blend.
        """
        blend = getattr(bare_model(runner).data_preprocessor, 'blending', None)
        if not isinstance(blend, ShapMixBlending):
            raise ValueError(
                'SaliencyFigureHook needs a ShapMixBlending, '
                f'found {type(blend).__name__}'
            )
        dataset = unrepeated(runner.train_dataloader.dataset)
        metainfo = getattr(dataset, 'metainfo', None) or {}
        classes = metainfo.get('classes') or ()
        salient = metainfo.get('salient_parts')
        names = blend.layout.part_names
        true_parts = salient and [
            [names.index(part) for part in salient[name]] for name in classes
        ]
        path = plot_saliency(
            (blend.saliency.values / blend.joint_counts).cpu().numpy(),
            osp.join(runner.work_dir, self.filename),
            combinations=blend.saliency.combinations,
            part_names=names,
            class_counts=blend.class_counts.tolist(),
            classes=classes or None,
            updates=blend.saliency.updates.cpu().numpy(),
            true_parts=true_parts,
            thresholds=self.thresholds,
        )
        runner.logger.info(f'saliency per class: {path}')
