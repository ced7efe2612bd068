"""A trained recognizer that takes clips as they come."""

from __future__ import annotations

import operator
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Union

import numpy as np
import torch
from mmengine.config import Config
from mmengine.dataset import Compose, pseudo_collate
from mmengine.device import get_device
from mmengine.registry import DefaultScope
from pydantic import Field
from rich.progress import track
from torch import Tensor, nn
from typing_extensions import Annotated

from shapmix_mm.arguments import NonNegativeInt, PositiveInt, check_value
from shapmix_mm.config.class_names import find_class_names
from shapmix_mm.config.data import build_split, innermost
from shapmix_mm.config.launch import num_classes_of
from shapmix_mm.config.mixins import load_config
from shapmix_mm.config.trained_model import (
    TrainedModel,
    choose_layout,
    default_sizes,
    load_trained,
)
from shapmix_mm.datasets import KeepMainPersons
from shapmix_mm.datasets.transforms.keypoints import present
from shapmix_mm.evaluation.functional import probabilities
from shapmix_mm.randomness import preserved_random_state
from shapmix_mm.saliency import SeededSamples, choose_mean
from shapmix_mm.skeletons import Layout, get_layout

from .calibration import (
    Calibrated,
    fit_temperature,
    read_temperature,
    tempered,
    write_temperature,
)
from .clip import Clip, ClipError, annotation_clip, array_clip, check_clip
from .explanation import (
    ClassExplanation,
    Segment,
    explain_class,
    joint_values,
    part_worths,
    segment_values,
)
from .joints import order_joints
from .onnx import load_onnx
from .readers import find_files, read_clips
from .samples import ClipSamples

__all__ = [
    'Answer',
    'Explanation',
    'Prediction',
    'Prepared',
    'Recognizer',
    'SegmentCount',
]

ClipLike = Union[Clip, Mapping[str, Any], np.ndarray]
ClipsLike = Union[ClipLike, str, Path, Iterable[ClipLike]]
# Each doubles the forward passes.
SegmentCount = Annotated[int, Field(ge=0, le=16)]
_CHOOSERS = ('KeepMainPersons', 'MergePersons', 'CheckJoints')


@dataclass(frozen=True)
class Answer:
    """A class that a clip may show.

    Args:
        index (int): Index of the class.
        name (str): Its name; its index where none is known.
        probability (float): How likely the recognizer takes it.
    """

    index: int
    name: str
    probability: float


@dataclass(frozen=True)
class Prediction:
    """What a recognizer says of a clip.

    Args:
        name (str): The clip.
        scores (np.ndarray): Scores as ``tools/test.py --dump`` writes them,
            float32, shape (K,).
        probabilities (np.ndarray): Of the K classes, float64, shape (K,).
        top (tuple[Answer]): The likeliest classes, best first.
        true (int, optional): The class in the annotation. Defaults to None.
        notes (tuple[str]): What a user should know. Defaults to ().
    """

    name: str
    scores: np.ndarray
    probabilities: np.ndarray
    top: tuple[Answer, ...]
    true: int | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Explanation:
    """A prediction with its reasons.

    Args:
        prediction (Prediction): The prediction.
        clip (Clip): The clip, its joints and persons those of the model.
        layout (Layout): How its joints are arranged.
        classes (dict[int, ClassExplanation]): Reasons for and against each
            class that was asked for.
    """

    prediction: Prediction
    clip: Clip
    layout: Layout
    classes: dict[int, ClassExplanation]


@dataclass(frozen=True)
class Prepared:
    """A clip that went through the pipeline.

    Args:
        clip (Clip): The clip, its joints and persons those of the model.
        sample (dict): What the pipeline made of it: ``inputs`` of shape
            (clips, M, T, V, C) and ``data_samples``.
        frames (np.ndarray): Frame of the clip that each input frame shows,
            shape (clips * T,), NaN where none.
    """

    clip: Clip
    sample: dict[str, Any]
    frames: np.ndarray


class Recognizer:
    """A trained recognizer, with the test pipeline of its config.

    Args:
        config (str, Path or Config): Config file, or ``package::path``.
        checkpoint (str or Path): Checkpoint, or an ``.onnx`` file that
            MMAction2's ``export_onnx_gcn.py`` made of one, which runs on the
            CPU.
        device (torch.device or str, optional): Where it computes. Defaults
            to None: a GPU where there is one.
        mixins (Sequence[str]): Mixins to merge into the config file. Defaults
            to ().
        layout (str, optional): Layout of the joints, where the config does
            not tell the body parts: a name, or a file with
            ``layout = dict(...)``. Defaults to None.
        classes (str, Path or Sequence[str], optional): Class names, or a
            text file of them. Defaults to None: those of the checkpoint, or
            else of the config.
        joint_map (Mapping[str, str], optional): What clips call a joint of
            the model. Defaults to None: as the model does.
        batch_size (int): Clips that are scored at once. Defaults to 32.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If the checkpoint does not fit the config, or there are
            mixins for a Config.

    Example:
        >>> recognizer = Recognizer(
        ...     'configs/ctrgcn_shapmix_demo.py', 'epoch_30.pth'
        ... )  # doctest: +SKIP
        >>> recognizer.predict(np.zeros((60, 25, 3))).top  # doctest: +SKIP
    """

    def __init__(
        self,
        config: str | Path | Config,
        checkpoint: str | Path,
        device: torch.device | str | None = None,
        *,
        mixins: Sequence[str] = (),
        layout: str | None = None,
        classes: str | Path | Sequence[str] | None = None,
        joint_map: Mapping[str, str] | None = None,
        batch_size: int = 32,
    ) -> None:
        self.cfg = config = _read_config(config, mixins)
        self.checkpoint = str(checkpoint)
        self.device = torch.device(device or get_device())
        self.batch_size = batch_size
        self.joint_map = joint_map
        check_value('batch_size', batch_size, PositiveInt)
        #: Temperature that calibrates probabilities; 1 leaves them alone.
        self.temperature = 1.0
        self._given_layout = layout
        self._mean: Tensor | None = None
        with DefaultScope.overwrite_default_scope('mmaction'):
            self.trained = self._load()
            self.pipeline = Compose(_test_settings(config)['pipeline'])
        self.num_classes = num_classes_of(self.trained.model)
        names = find_class_names(
            self.num_classes,
            given=classes,
            metas=[self.trained.dataset_meta],
            cfg=config,
        )
        #: Whether the names of the classes are known.
        self.named = names is not None
        self.classes = names or [str(k) for k in range(self.num_classes)]

    def _load(self) -> TrainedModel:
        if self.checkpoint.endswith('.onnx'):
            self.device = torch.device('cpu')
            return load_onnx(self.cfg, self.checkpoint)
        return load_trained(self.cfg, self.checkpoint, self.device)

    @cached_property
    def layout(self) -> Layout:
        """Layout: How the joints are arranged, body parts among it.

        Raises:
            ValueError: If neither the config nor the user tells it.
        """
        own = _test_settings(self.cfg).get('layout')
        try:
            return choose_layout(self.cfg, self.trained)
        except ValueError:
            if own is not None:
                return get_layout(own)
            if self._given_layout is None:
                raise
            return choose_layout(self.cfg, self.trained, self._given_layout)

    def predict(self, clips: ClipsLike, top_k: int = 5) -> Any:
        """Say which classes clips show.

        Args:
            clips (Clip, dict, np.ndarray, str, Path or an iterable): An
                annotation as in an annotation file, which needs no label; an
                array (M, T, V, C) or (T, V, C); several of these; or a file
                or folder of clips, as ``tools/predict.py`` takes it.
            top_k (int): Classes to name. Defaults to 5.

        Returns:
            Prediction or list[Prediction]: One for one clip, else a list, as
            for a file.

        Raises:
            ClipError: If a clip cannot be taken.
        """
        many, found = _listed(clips)
        prepared = [self.prepare(clip) for clip in found]
        predictions = self.predict_prepared(prepared, top_k)
        return predictions if many else predictions[0]

    def predict_prepared(
        self, prepared: Sequence[Prepared], top_k: int = 5
    ) -> list[Prediction]:
        """Say which classes prepared clips show.

        Args:
            prepared (Sequence[Prepared]): The clips.
            top_k (int): Classes to name. Defaults to 5.

        Returns:
            list[Prediction]: One for each.

        Raises:
            ValueError: If ``top_k`` is not positive.
        """
        check_value('top_k', top_k, PositiveInt)
        scores: list[np.ndarray] = []
        for first in range(0, len(prepared), self.batch_size):
            batch = prepared[first : first + self.batch_size]
            scores += self._scores([item.sample for item in batch])
        return [
            self._prediction(item.clip, score, top_k)
            for item, score in zip(prepared, scores)
        ]

    def _scores(self, samples: list[dict[str, Any]]) -> list[np.ndarray]:
        model: Any = self.trained.model
        shapes = {sample['inputs'].shape for sample in samples}
        if len(shapes) > 1:
            return [self._scores([sample])[0] for sample in samples]
        with torch.no_grad(), preserved_random_state():
            found = model.test_step(pseudo_collate(samples))
        return [item.pred_score.float().cpu().numpy() for item in found]

    def _prediction(
        self, clip: Clip, scores: np.ndarray, top_k: int
    ) -> Prediction:
        chances = probabilities(scores)
        # Without averaging, a head gives the scores of every clip.
        chances = chances.mean(0) if chances.ndim == 2 else chances
        chances = tempered(chances, self.temperature)
        best = np.argsort(-chances, kind='stable')[:top_k].tolist()
        label: Any = clip.annotation.get('label')
        known = isinstance(label, (int, np.integer))
        return Prediction(
            clip.name,
            scores,
            chances,
            tuple(
                Answer(index, self.classes[index], float(chances[index]))
                for index in best
            ),
            int(label) if known and 0 <= label < self.num_classes else None,
            clip.notes,
        )

    def explain(
        self,
        clips: ClipsLike,
        classes: Sequence[int] | None = None,
        *,
        joints: bool | int = False,
        segments: int = 5,
        top_k: int = 5,
    ) -> Any:
        """Say which parts of the body make clips belong to a class.

        Args:
            clips: As for :meth:`predict`.
            classes (Sequence[int], optional): Classes to explain. Defaults to
                None: the predicted one.
            joints (bool or int): Whether to value single joints too, or by
                how many orders of them, half of which are the reverses of
                the others. Exact for up to 10 joints. Defaults to False;
                True takes 32.
            segments (int): Stretches of time to value, 2^segments forward
                passes, up to 16 of them. Defaults to 5; 0 values none.
            top_k (int): Classes to name. Defaults to 5.

        Returns:
            Explanation or list[Explanation]: One for one clip, else a list.

        Raises:
            ClipError: If a clip cannot be taken.
            ValueError: If there is no such class, a number is out of range,
                or the body parts or the mean pose cannot be told.
        """
        many, found = _listed(clips)
        prepared = [self.prepare(clip) for clip in found]
        explained = [
            self.explain_prepared(item, answer, classes, joints, segments)
            for item, answer in zip(
                prepared, self.predict_prepared(prepared, top_k)
            )
        ]
        return explained if many else explained[0]

    def explain_prepared(
        self,
        item: Prepared,
        prediction: Prediction,
        classes: Sequence[int] | None = None,
        joints: bool | int = False,
        segments: int = 5,
    ) -> Explanation:
        """Explain what was predicted of a prepared clip.

        Args:
            item (Prepared): The clip.
            prediction (Prediction): What :meth:`predict_prepared` says of it.
            classes (Sequence[int], optional): As for :meth:`explain`.
                Defaults to None.
            joints (bool or int): As for :meth:`explain`. Defaults to False.
            segments (int): As for :meth:`explain`. Defaults to 5.

        Returns:
            Explanation: The reasons.

        Raises:
            ValueError: As by :meth:`explain`.
        """
        check_value('joints', joints, Union[bool, NonNegativeInt])
        check_value('segments', segments, SegmentCount)
        shown = self._shown(classes, prediction)
        model = self.trained.model
        clips = self._inputs(item)
        mean = self._mean_pose(item)
        worths = part_worths(model, clips, mean, self.layout, self.temperature)
        valued = stretches = None
        if joints:
            number = 32 if joints is True else int(joints)
            valued = joint_values(
                model, clips, mean, self.temperature, permutations=number
            )
        edges = _edges(item.clip.keypoint.shape[1], segments)
        if segments:
            stretches = segment_values(
                model, clips, mean, item.frames, edges, self.temperature
            )
        sizes = default_sizes(self.layout.num_parts, self.trained.sizes)
        reasons = {
            index: explain_class(
                index,
                self.classes[index],
                worths,
                self.layout,
                sizes,
                valued,
                _segments(edges, stretches, index),
            )
            for index in shown
        }
        return Explanation(prediction, item.clip, self.layout, reasons)

    def _shown(
        self, classes: Sequence[int] | None, prediction: Prediction
    ) -> list[int]:
        """Classes to explain; the predicted one where none are named."""
        if classes is None:
            return [prediction.top[0].index]
        # NumPy's integers are as good as Python's.
        shown = [operator.index(one) for one in classes]
        last = self.num_classes - 1
        kind = Annotated[int, Field(ge=0, le=last)]
        check_value('classes', shown, Sequence[kind])  # type: ignore[valid-type]
        return shown

    def calibrate(self, refit: bool = False) -> Calibrated:
        """Calibrate all probabilities from now on.

        The temperature is the one beside the checkpoint, or else is fitted
        on the validation split of the config and written there.

        Args:
            refit (bool): Whether to fit it anew in any case. Defaults to
                False.

        Returns:
            Calibrated: The temperature, and how it was found.

        Raises:
            ValueError: If the split has no labels, or cannot be built.
            FileNotFoundError: If its annotation file is missing.
        """
        found = None if refit else read_temperature(self.checkpoint)
        if found is None:
            self.temperature = 1.0
            with DefaultScope.overwrite_default_scope('mmaction'):
                split = build_split(self.cfg, 'val')
            found = fit_temperature(*self._scored(split))
            write_temperature(self.checkpoint, found)
        self.temperature = found.temperature
        return found

    def _scored(self, split: Any) -> tuple[np.ndarray, list[int]]:
        """Probabilities (N, K) and labels of a split's samples."""
        samples, scores, labels = SeededSamples(split), [], []
        for first in track(
            range(0, len(samples), self.batch_size), 'calibrating'
        ):
            rows = range(first, min(first + self.batch_size, len(samples)))
            with preserved_random_state():
                batch = [samples[row] for row in rows]
            labels += [int(item['data_samples'].gt_label) for item in batch]
            scores += self._scores(batch)
        chances = probabilities(np.stack(scores))
        return chances.mean(1) if chances.ndim == 3 else chances, labels

    def _inputs(self, item: Prepared) -> Tensor:
        """Inputs of a sample as the model takes them, (clips, M, T, V, C)."""
        model: Any = self.trained.model
        batch = pseudo_collate([item.sample])
        clips = model.data_preprocessor(batch, False)['inputs']
        if clips.ndim != 6:
            raise ValueError(
                'explanations need skeletons of shape (N, clips, M, T, V, C), '
                f'got {tuple(clips.shape)}'
            )
        return clips[0]

    def _mean_pose(self, item: Prepared) -> Tensor:
        """Mean pose in the features of the pipeline, (M, V, C)."""
        if self._mean is None:
            samples = ClipSamples([item.clip], self.pipeline)
            with DefaultScope.overwrite_default_scope('mmaction'):
                try:
                    found, _ = choose_mean(
                        self.cfg,
                        self.trained,
                        samples,
                        self.layout,
                        self.device,
                    )
                except FileNotFoundError as error:
                    raise ValueError(
                        'the checkpoint has no mean pose, which explanations '
                        f'need, and it cannot be measured: {error}'
                    ) from error
            self._mean = found.to(self.device)
        return self._mean

    def prepare(self, clip: ClipLike) -> Prepared:
        """Check a clip and send it through the test pipeline.

        Args:
            clip (Clip, dict or np.ndarray): The clip.

        Returns:
            Prepared: What the model takes.

        Raises:
            ClipError: If the clip cannot be taken.
        """
        clip = self.adapt(clip)
        samples = ClipSamples([clip], self.pipeline)
        try:
            with preserved_random_state():
                sample = SeededSamples(samples)[0]
        except (AssertionError, LookupError, TypeError, ValueError) as error:
            reason = ' '.join(f'{type(error).__name__}: {error}'.split())
            raise ClipError(
                f'{clip.name} does not pass the test pipeline of the config '
                f'({reason})'
            ) from error
        inputs = sample['inputs']
        if not bool(torch.isfinite(inputs).all()):
            raise ClipError(
                f'{clip.name} has coordinates that are not finite after the '
                'test pipeline of the config'
            )
        self._check_numbers(clip, inputs)
        notes = self._scale_notes(inputs)
        return Prepared(clip.noted(*notes), sample, samples.frames[0])

    def adapt(self, clip: ClipLike) -> Clip:
        """Check a clip, order its joints and choose its persons.

        Args:
            clip (Clip, dict or np.ndarray): The clip.

        Returns:
            Clip: With the joints of the model and no more persons than it
            takes.

        Raises:
            ClipError: If the clip cannot be taken.
        """
        clip = _as_clip(clip)
        check_clip(clip)
        if self._asks_size and 'img_shape' not in clip.annotation:
            raise ClipError(
                f'{clip.name} does not tell the size of its image, which the '
                'pipeline divides by: --img-shape HEIGHT WIDTH, or the key '
                "'img_shape' of an annotation"
            )
        clip = order_joints(
            self._with_channels(clip),
            self._num_joints,
            self._joint_names,
            self.joint_map,
        )
        most = self._num_person
        if most is None or len(clip.keypoint) <= most:
            return clip
        there = int(present(clip.keypoint).any(1).sum())
        # As a pipeline of its own would; stock ones take the first.
        kept = KeepMainPersons(most)(dict(clip.annotation))
        chosen = {
            key: kept[key]
            for key in ('keypoint', 'keypoint_score')
            if key in kept
        }
        clip = clip.changed(**chosen)
        note = f'{there} persons, of whom the {most} that move most were taken'
        return clip.noted(note) if there > most else clip

    def _with_channels(self, clip: Clip) -> Clip:
        """Take what stands behind x and y of 2D joints for their score."""
        pose = clip.keypoint
        if not self._planar:
            flat = pose.shape[3] == 2
            return clip.noted(_FLAT) if flat else clip
        if pose.shape[3] == 2:
            return clip
        scores = clip.annotation.get('keypoint_score', pose[..., 2])
        return clip.changed(
            keypoint=pose[..., :2], keypoint_score=scores
        ).noted('the third number of its joints was taken for the score')

    @cached_property
    def _planar(self) -> bool:
        try:
            return self.layout.planar
        except ValueError:
            return False

    @cached_property
    def _asks_size(self) -> bool:
        """Whether the pipeline leaves the size of the image to the clip."""
        settings = _test_settings(self.cfg)['pipeline']
        return any(
            type(step).__name__ == 'PreNormalize2D' and 'img_shape' not in own
            for step, own in zip(self.pipeline.transforms, settings)
        )

    @cached_property
    def _num_person(self) -> int | None:
        """Persons that the pipeline takes; None where it chooses itself."""
        steps = self.pipeline.transforms
        if any(type(step).__name__ in _CHOOSERS for step in steps):
            return None
        numbers = [getattr(step, 'num_person', None) for step in steps]
        return next((n for n in reversed(numbers) if n), None)

    @cached_property
    def _joint_names(self) -> tuple[str, ...] | None:
        try:
            return self.layout.joint_names
        except ValueError:
            return None

    @cached_property
    def _num_joints(self) -> int | None:
        try:
            return self.layout.num_joints
        except ValueError:
            # A stock graph from a dict has joints, but no parts.
            backbone = self.cfg.model.get('backbone') or {}
            graph = (backbone.get('graph_cfg') or {}).get('layout')
            return graph['num_node'] if isinstance(graph, dict) else None

    def _check_numbers(self, clip: Clip, inputs: Tensor) -> None:
        """Refuse joints of more or fewer numbers than in the training."""
        norm = _first_norm(self.trained)
        if norm is None or inputs.ndim != 5:
            return
        _, persons, _, joints, numbers = inputs.shape
        size = joints * numbers
        if norm.num_features not in (size, persons * size):
            raise ClipError(
                f'{clip.name} has {numbers} numbers for each joint after the '
                'test pipeline of the config, the model was trained with '
                'others: is it 2D in the place of 3D?'
            )

    def _scale_notes(self, inputs: Tensor) -> list[str]:
        """Warn of units that are not those of the training."""
        usual = _trained_scale(self.trained)
        there = inputs.flatten(3).any(-1)
        if usual is None or not bool(there.any()):
            return []
        own = float(inputs[there].float().square().mean().sqrt())
        if 1 / _ODD < own / usual < _ODD:
            return []
        return [
            f'coordinates of another size than in the training: {own:.3g} '
            f'where it had {usual:.3g} (root mean square after the '
            'pipeline); are the units the same, such as metres?'
        ]


_FLAT = (
    'its joints are 2D, and the layout of the model does not say that it was '
    'trained with such'
)
# Units differ by a factor of 10 at least, bodies hardly by 3.
_ODD = 8.0


def _first_norm(trained: TrainedModel) -> nn.BatchNorm1d | None:
    """The layer that normalises the inputs of a graph network."""
    for name, module in trained.model.named_modules():
        if name.split('.')[-1] == 'data_bn':
            return module if isinstance(module, nn.BatchNorm1d) else None
    return None


def _trained_scale(trained: TrainedModel) -> float | None:
    """Root mean square of the training's inputs, by the first norm layer."""
    norm = _first_norm(trained)
    if norm is None or norm.running_mean is None or norm.running_var is None:
        return None
    # Of a person who is seldom there the power is small.
    power = norm.running_mean.square() + norm.running_var
    return float(power.mean().sqrt()) or None


def _read_config(config: str | Path | Config, mixins: Sequence[str]) -> Config:
    if not isinstance(config, Config):
        return load_config(str(config), mixins)
    if mixins:
        raise ValueError(
            'mixins merge into a config file: give its path, or a Config '
            'from load_config(path, mixins)'
        )
    return config


def _test_settings(cfg: Config) -> dict[str, Any]:
    """Settings of the dataset that is tested, or else validated."""
    for loader in ('test_dataloader', 'val_dataloader'):
        for node in innermost(cfg.get(loader)):
            if 'pipeline' in node:
                return node
    raise ValueError('the config has no test_dataloader with a pipeline')


def _edges(length: int, segments: int) -> list[int]:
    """First frames of equal stretches, and the end."""
    number = max(min(segments, length), 1)
    return np.linspace(0, length, number + 1).round().astype(int).tolist()


def _segments(
    edges: Sequence[int], values: Tensor | None, index: int
) -> tuple[Segment, ...] | None:
    if values is None:
        return None
    return tuple(
        Segment(start, end, value)
        for start, end, value in zip(
            edges, edges[1:], values[:, index].tolist()
        )
    )


def _as_clip(clip: ClipLike) -> Clip:
    if isinstance(clip, Clip):
        return clip
    if isinstance(clip, Mapping):
        return annotation_clip(clip)
    return array_clip(clip)


def _listed(clips: Any) -> tuple[bool, list[ClipLike]]:
    if isinstance(clips, (str, Path)):
        return True, [
            clip
            for path, names in find_files(clips)
            for clip in read_clips(path, names)
        ]
    if isinstance(clips, (Clip, Mapping, np.ndarray)):
        return False, [clips]
    return True, list(clips)
