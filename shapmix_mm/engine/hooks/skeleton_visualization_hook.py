"""Pictures of what a recognizer makes of skeletons."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import torch
from mmaction.engine.hooks import VisualizationHook
from mmaction.registry import HOOKS
from mmaction.structures import ActionDataSample
from mmengine.dist import is_main_process
from mmengine.runner import Runner

from shapmix_mm import visualization
from shapmix_mm.skeletons import Layout, get_layout

from ...arguments import NonNegative, PositiveInt
from ...config.data import stream_features
from ...config.launch import bare_model
from ...saliency import feature_joints

__all__ = ['SkeletonVisualizationHook']


@HOOKS.register_module()
class SkeletonVisualizationHook(VisualizationHook):
    """MMAction2's ``VisualizationHook`` for skeletons.

    Every ``interval``-th sample of a validation or test is drawn with the
    classes of the highest scores and the true one: as an animation, or as
    some of its frames. Joints come from the features that the model sees;
    of bone features the root stands at the origin, and motion alone cannot
    be drawn.

    Args:
        enable (bool): Whether to draw. Defaults to False.
        interval (int): Samples between pictures. Defaults to 5000.
        show (bool): Whether to show pictures in a window. Defaults to False.
        out_dir (str, optional): Folder of the pictures. Defaults to None:
            they are sent to the backends of the visualizer.
        layout (str or dict, optional): Joint layout. Defaults to None: that
            of the dataset, of the blend, or of the backbone's graph.
        suffix (str): ``'.gif'`` or ``'.png'``; windows and backends get an
            image in any case. Defaults to '.gif'.
        fps (int): Frames per second of an animation. Defaults to 10.
        wait_time (float): Seconds that a window stays open, 0 until a key is
            pressed. Defaults to 2.
    """

    def __init__(
        self,
        enable: bool = False,
        interval: PositiveInt = 5000,
        show: bool = False,
        out_dir: str | None = None,
        layout: str | Mapping[str, Any] | None = None,
        suffix: Literal['.gif', '.png'] = '.gif',
        fps: PositiveInt = 10,
        wait_time: NonNegative = 2,
    ) -> None:
        super().__init__(enable, interval, show, out_dir)
        self.layout = None if layout is None else get_layout(layout)
        self.suffix = suffix
        self.fps = fps
        self.wait_time = wait_time

    def before_val(self, runner: Runner) -> None:
        """Find out what the samples hold.

        Args:
            runner (Runner): The runner.
        """
        if self.enable:
            self._prepare(runner, runner.val_dataloader.dataset)

    def before_test(self, runner: Runner) -> None:
        """Find out what the samples hold.

        Args:
            runner (Runner): The runner.
        """
        if self.enable:
            self._prepare(runner, runner.test_dataloader.dataset)

    def _prepare(self, runner: Runner, dataset: Any) -> None:
        self._seen = 0
        self._feats = stream_features(dataset)
        self._joints = self.layout or _find_layout(runner, dataset)
        metainfo = getattr(dataset, 'metainfo', None) or {}
        self._classes = metainfo.get('classes')
        self._folder = Path(runner.log_dir, 'predictions')

    def _draw_samples(
        self,
        batch_idx: int,
        data_batch: dict,
        data_samples: Sequence[ActionDataSample],
        step: int = 0,
    ) -> None:
        """Draw the samples of a batch whose turn it is.

        Args:
            batch_idx (int): Index of the batch.
            data_batch (dict): The batch, as the dataset served it.
            data_samples (Sequence[ActionDataSample]): What the model found.
            step (int): Epoch, to name the pictures by. Defaults to 0.
        """
        if not self.enable or not is_main_process():
            return
        # The last batch may be smaller than its index tells.
        for clip, sample in zip(data_batch['inputs'], data_samples):
            if self._seen % self.interval == 0:
                self._draw_one(clip, sample, self._seen, step)
            self._seen += 1

    def _draw_one(
        self,
        inputs: torch.Tensor,
        sample: ActionDataSample,
        number: int,
        step: int,
    ) -> None:
        """Draw the first clip of a sample."""
        truth = sample.get('gt_label')
        name = Path(str(sample.get('frame_dir') or f'{number:06d}')).name
        drawn: dict[str, Any] = dict(
            clip=feature_joints(
                inputs[0].cpu().numpy(), self._feats, self._joints
            ),
            scores=sample.pred_score.cpu().numpy(),
            layout=self._joints,
            classes=self._classes,
            label=None if truth is None else int(truth),
            fps=self.fps,
        )
        if self.out_dir is not None:
            target = Path(self.out_dir, f'{name}_{step}{self.suffix}')
            visualization.plot_prediction(path=target, **drawn)
        if self.show or self.out_dir is None:
            self._send(drawn, name, step)

    def _send(self, drawn: dict[str, Any], name: str, step: int) -> None:
        """Hand an image to the window or the backends."""
        from matplotlib.image import imread

        path = self._folder / f'{name}.png'
        visualization.plot_prediction(path=path, **drawn)
        image = (imread(path)[..., :3] * 255).round().astype('uint8')
        path.unlink()
        if self.show:
            self._visualizer.show(image, name, self.wait_time)
        if self.out_dir is None:
            self._visualizer.add_image(name, image, step)


def _find_layout(runner: Runner, dataset: Any) -> Layout:
    """Layout of dataset, blend or graph, whichever tells it."""
    model = bare_model(runner)
    blend = getattr(
        getattr(model, 'data_preprocessor', None), 'blending', None
    )
    config = runner.cfg.get('model') or {}
    graph = (config.get('backbone') or {}).get('graph_cfg') or {}
    for found in (
        getattr(dataset, 'layout', None),
        getattr(blend, 'layout', None),
        graph.get('layout'),
    ):
        if isinstance(found, (str, Layout)) or (found and 'parts' in found):
            return get_layout(found)
    raise ValueError(
        'no layout with parts in dataset, blend or model.backbone.graph_cfg; '
        'SkeletonVisualizationHook needs one as layout='
    )
