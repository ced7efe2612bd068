"""What can guide the mixing: Shapley estimators, Grad-CAM, or nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Callable

import torch
from torch import Tensor

from shapmix_mm.models import ShapMixBlending
from shapmix_mm.shapley import ESTIMATORS, get_estimator

from .gradcam import joint_gradcam
from .plan_worths import plan_worths

__all__ = ['GUIDANCE', 'Observation', 'SampledBatch', 'observer']


@dataclass(frozen=True)
class SampledBatch:
    """Samples to observe.

    Args:
        clips (Tensor): Skeletons, shape (n, 1, M, T, V, C).
        label (Tensor): Class indices, shape (n,), on the clips' device.
        positions (Tensor): Place of each sample in the batch of all ranks,
            int64, shape (n,), on the CPU.
        total (int): Samples in the batch of all ranks.
        from_empty (bool): Whether contributions are to the empty coalition
            alone. Defaults to False.
    """

    clips: Tensor
    label: Tensor
    positions: Tensor
    total: int
    from_empty: bool = False


@dataclass(frozen=True)
class Observation:
    """What one update of the table learns from.

    Args:
        values (Tensor): Contributions, shape (n, E).
        columns (Tensor): Their table columns, int64, shape (n, E).
        scored (int): Clips that the model was given for it.
    """

    values: Tensor
    columns: Tensor
    scored: int


#: Observes samples of a batch; the generator is shared by all ranks.
Observer = Callable[[Any, SampledBatch, torch.Generator], Observation]


def shapley_observer(blend: ShapMixBlending, name: str) -> Observer:
    """Observer that scores the coalitions which an estimator plans.

    Args:
        blend (ShapMixBlending): Blend with the mean pose.
        name (str): A key of ``shapmix_mm.shapley.ESTIMATORS``.
    """
    layout = blend.layout
    estimator = get_estimator(name, layout.num_parts, blend.sizes)

    def observe(
        model: Any, batch: SampledBatch, generator: torch.Generator
    ) -> Observation:
        # Drawn for the batch of all ranks: each has its own samples' rows of
        # what a single rank would draw.
        plan = estimator.plan(batch.total, generator=generator)
        plan = plan.take(batch.positions)
        if batch.from_empty:
            plan = plan.from_empty()
        worths, scored = plan_worths(
            model,
            batch.clips,
            batch.label,
            blend.mean_pose,
            plan.coalitions,
            layout,
        )
        return Observation(plan.contributions(worths), plan.columns, scored)

    return observe


def gradcam_observer(blend: ShapMixBlending) -> Observer:
    """Observer that sums Grad-CAM over the joints of each combination.

    Args:
        blend (ShapMixBlending): Blend with the combinations.
    """

    def observe(
        model: Any, batch: SampledBatch, generator: torch.Generator
    ) -> Observation:
        cam = joint_gradcam(model, batch.clips, batch.label)
        values = cam @ blend.part_joints.to(cam).T
        columns = torch.arange(values.size(1)).expand(len(values), -1)
        return Observation(values, columns, len(values))

    return observe


#: Names for ``SaliencyHook(estimator=...)``; random guidance observes nothing.
GUIDANCE = (*ESTIMATORS, 'gradcam', 'random')


def observer(blend: ShapMixBlending, name: str) -> Observer | None:
    """Observer of a kind of guidance.

    Args:
        blend (ShapMixBlending): The blend to guide.
        name (str): One of ``GUIDANCE``.

    Returns:
        Callable or None: The observer; None for ``'random'``: a table that
        stays empty makes every combination of Eq. 3 equally likely.
    """
    if name == 'random':
        return None
    if name == 'gradcam':
        return gradcam_observer(blend)
    return shapley_observer(blend, name)
