"""A trained recognizer, and what its checkpoint tells of saliency."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Sequence

import torch
from mmaction.registry import MODELS
from mmengine.config import Config
from mmengine.runner import CheckpointLoader
from torch import Tensor, nn

from shapmix_mm.models.blending import SkeletonBlending
from shapmix_mm.shapley import combination_parts
from shapmix_mm.shapley.coalitions import check_sizes
from shapmix_mm.skeletons import Layout, get_layout

__all__ = [
    'OF_TRAINING',
    'TrainedModel',
    'build_bare',
    'choose_layout',
    'default_sizes',
    'load_trained',
    'load_weights',
    'read_layout',
]

_BLEND = 'data_preprocessor.blending.'
#: What training needs and scoring does not.
OF_TRAINING = ('data_preprocessor.', 'cls_head.loss_cls.')


@dataclass
class TrainedModel:
    """A recognizer without its blend, and the blend's state.

    Args:
        model (nn.Module): Recognizer in evaluation mode.
        blend (nn.Module, optional): Blend of the config, not loaded.
        state (dict[str, Tensor]): Buffers of the blend in the checkpoint.
        class_counts (Tensor, optional): Training samples of each class.
        dataset_meta (dict): What the checkpoint tells of its training set,
            class names among it.
    """

    model: nn.Module
    blend: SkeletonBlending | None
    state: dict[str, Tensor]
    class_counts: Tensor | None
    dataset_meta: dict[str, Any] = field(default_factory=dict)

    @property
    def sizes(self) -> tuple[int, ...] | None:
        """tuple[int] or None: Combination sizes of the blend."""
        sizes = getattr(self.blend, 'sizes', None)
        return None if sizes is None else tuple(sizes)

    def table(self) -> tuple[Tensor, Tensor] | None:
        """Learnt saliency.

        Returns:
            tuple[Tensor, Tensor] or None: Values and updates, both (K, B).
        """
        names = ('saliency.values', 'saliency.updates')
        if not all(name in self.state for name in names):
            return None
        values, updates = (self.state[name].float() for name in names)
        return (values, updates) if bool(updates.any()) else None

    def mean_pose(self) -> Tensor | None:
        """Mean pose that the blend measured.

        Returns:
            Tensor or None: Shape (M, V, C).
        """
        mean = self.state.get('mean_pose')
        return mean if mean is not None and mean.ndim == 3 else None


def load_trained(
    cfg: Config, checkpoint: str, device: torch.device | str = 'cpu'
) -> TrainedModel:
    """Build a config's recognizer and load a checkpoint into it.

    Args:
        cfg (Config): Complete config.
        checkpoint (str): File or address.
        device (torch.device or str): Where to put it. Defaults to 'cpu'.

    Returns:
        TrainedModel: The recognizer.

    Raises:
        ValueError: If the checkpoint lacks weights of the model, or has them
            in another shape.
    """
    model, blend = build_bare(cfg)
    content = load_weights(model, checkpoint)
    state = _weights(content)
    counts = state.get(
        f'{_BLEND}class_counts', state.get('cls_head.loss_cls.class_counts')
    )
    return TrainedModel(
        model.to(device).eval(),
        blend if isinstance(blend, SkeletonBlending) else None,
        {
            name[len(_BLEND) :]: value
            for name, value in state.items()
            if name.startswith(_BLEND)
        },
        counts if counts is not None and counts.numel() else None,
        dict((content.get('meta') or {}).get('dataset_meta') or {}),
    )


def load_weights(model: nn.Module, checkpoint: str) -> Any:
    """Load a checkpoint into a model, which has to fit.

    Args:
        model (nn.Module): The recognizer.
        checkpoint (str): File or address.

    Returns:
        dict: Content of the checkpoint.

    Raises:
        ValueError: If the checkpoint lacks weights of the model, or has them
            in another shape.
    """
    content = CheckpointLoader.load_checkpoint(
        checkpoint, 'cpu', logger='silent'
    )
    state = {
        name: value
        for name, value in _weights(content).items()
        if not name.startswith(OF_TRAINING)
    }
    try:
        missing = model.load_state_dict(state, strict=False).missing_keys
    except RuntimeError as error:
        raise ValueError(
            f'checkpoint {checkpoint} does not fit the config: '
            f'{str(error).splitlines()[-1].strip()}'
        ) from error
    missing = [name for name in missing if not name.startswith(OF_TRAINING)]
    if missing:
        raise ValueError(
            f'checkpoint {checkpoint} lacks {len(missing)} tensors of the '
            f'model, such as {missing[0]}'
        )
    return content


def build_bare(cfg: Config) -> tuple[nn.Module, nn.Module | None]:
    """Build a config's recognizer, and its blend by itself.

    Args:
        cfg (Config): Complete config.

    Returns:
        tuple[nn.Module, nn.Module or None]: Recognizer whose preprocessor
        does not blend, and the blend, if the config has one.
    """
    settings = cfg.model.to_dict()
    blending = (settings.get('data_preprocessor') or {}).pop('blending', None)
    model = MODELS.build(settings)
    return model, None if blending is None else MODELS.build(blending)


def _weights(checkpoint: Any) -> dict[str, Tensor]:
    state = checkpoint.get('state_dict', checkpoint)
    return {name.removeprefix('module.'): v for name, v in state.items()}


def choose_layout(
    cfg: Config, trained: TrainedModel, given: str | None = None
) -> Layout:
    """Layout of the blend, or else the one given, or else of the graph.

    Args:
        cfg (Config): Complete config.
        trained (TrainedModel): The recognizer.
        given (str, optional): Name of a layout, or a file with a dict named
            ``layout``. Defaults to None.

    Returns:
        Layout: The layout.

    Raises:
        ValueError: If no layout can be told, or it is not the one that the
            checkpoint was trained with.
    """
    graph = (cfg.model.get('backbone') or {}).get('graph_cfg') or {}
    chosen = None if given is None else read_layout(given)
    if trained.blend is not None:
        own = trained.blend.layout
        if chosen is not None and chosen.parts != own.parts:
            raise ValueError(
                f'--layout {given} has other parts than layout {own.name!r}, '
                'with which the checkpoint was trained'
            )
        chosen = own
    elif chosen is None:
        chosen = _graph_layout(graph.get('layout'))
    _check_state(chosen, trained)
    return chosen


def read_layout(given: str) -> Layout:
    """Layout by name, or the one of a file.

    Args:
        given (str): Name, or a file with ``layout = dict(...)``.

    Returns:
        Layout: The layout.

    Raises:
        KeyError: If there is no layout of that name.
        ValueError: If the file has none.
    """
    if given.endswith(('.py', '.json', '.yaml', '.yml')):
        spec = Config.fromfile(given).get('layout')
        if spec is None:
            raise ValueError(f'--layout {given} has no value named layout')
        return get_layout(spec if isinstance(spec, str) else spec.to_dict())
    return get_layout(given)


def _graph_layout(layout: Any) -> Layout:
    if layout is None or (isinstance(layout, dict) and 'parts' not in layout):
        raise ValueError(
            'the config does not tell the body parts: no layout in the blend '
            'or with parts in model.backbone.graph_cfg; give --layout, a '
            'name or a file with layout = dict(..., parts=...)'
        )
    return get_layout(
        layout.to_dict() if hasattr(layout, 'to_dict') else layout
    )


def _check_state(layout: Layout, trained: TrainedModel) -> None:
    mean, table = trained.mean_pose(), trained.table()
    if mean is not None:
        layout.check_joints(mean.size(1), "The checkpoint's mean pose")
    sizes = default_sizes(layout.num_parts, trained.sizes)
    columns = len(combination_parts(layout.num_parts, sizes))
    if table is not None and table[0].size(1) != columns:
        raise ValueError(
            f"the checkpoint's saliency table has {table[0].size(1)} "
            f'combinations where layout {layout.name!r} with sizes {sizes} '
            f'has {columns}'
        )


def default_sizes(
    num_parts: int, sizes: Sequence[int] | None = None
) -> tuple[int, ...]:
    """Combination sizes: those given, or else 2 and 3 as far as they go.

    Args:
        num_parts (int): P.
        sizes (Sequence[int], optional): Sizes. Defaults to None.

    Returns:
        tuple[int, ...]: Ascending sizes.

    Raises:
        ValueError: If a size is outside 1..P-1.
    """
    if sizes is None:
        sizes = [size for size in (2, 3) if size < num_parts]
    return check_sizes(num_parts, sizes)
