"""A config's blend on its own, with the state that a training gave it."""

from __future__ import annotations

from mmaction.registry import MODELS
from mmengine.config import Config

from shapmix_mm.models.blending import SkeletonBlending
from shapmix_mm.serialization import load_checkpoint_file

__all__ = ['build_blend']

_PREFIX = 'data_preprocessor.blending.'


def build_blend(cfg: Config, checkpoint: str | None) -> SkeletonBlending:
    """Build the blend of a config and give it a checkpoint's state.

    Args:
        cfg (Config): The config.
        checkpoint (str, optional): Checkpoint file.

    Returns:
        SkeletonBlending: The blend.

    Raises:
        ValueError: If the config has no blend that mixes skeletons, or the
            checkpoint is of another one.
    """
    settings = cfg.model.get('data_preprocessor', {}).get('blending')
    if settings is None:
        raise ValueError(
            'the config has no model.data_preprocessor.blending; add one, '
            'such as by --with shapmix'
        )
    blend = MODELS.build(settings)
    if not isinstance(blend, SkeletonBlending):
        raise ValueError(
            f'the blend {type(blend).__name__} draws no mixture of pairs: it '
            'is no SkeletonBlending'
        )
    if checkpoint is not None:
        _load(blend, checkpoint)
    return blend


def _load(blend: SkeletonBlending, checkpoint: str) -> None:
    file = load_checkpoint_file(checkpoint, map_location='cpu')
    weights = file.get('state_dict', file) if isinstance(file, dict) else {}
    names = {name: name.removeprefix('module.') for name in weights}
    state = {
        new[len(_PREFIX) :]: weights[old]
        for old, new in names.items()
        if new.startswith(_PREFIX)
    }
    if blend.state_dict() and not state:
        raise ValueError(
            f'checkpoint {checkpoint} holds no state of a '
            f'{type(blend).__name__}; it was trained without one'
        )
    pose = state.get('mean_pose')
    if pose is not None and pose.ndim == 3:
        where = f'checkpoint {checkpoint}: its mean pose'
        blend.layout.check_joints(pose.size(1), where)
    values = state.get('saliency.values')
    if values is not None and not bool(values.isfinite().all()):
        wrong = (~values.isfinite()).any(1).nonzero().flatten().tolist()
        raise ValueError(
            f'checkpoint {checkpoint}: its saliency table is not finite for '
            f'class {", ".join(map(str, wrong))}'
        )
    try:
        blend.load_state_dict(state, strict=False)
    except RuntimeError as error:
        reason = str(error).splitlines()[-1].strip()
        raise ValueError(
            f'checkpoint {checkpoint} was trained with other classes, parts '
            f'or combinations than the config: {reason}'
        ) from error
