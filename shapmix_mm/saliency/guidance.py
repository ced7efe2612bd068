"""What guides the mixing: observed by an estimator, brought into the table."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import Any, Callable, Literal

import numpy as np
import torch
from mmengine import dist
from torch import Tensor

from shapmix_mm.models import ShapMixBlending
from shapmix_mm.models.blending.mixing import present_persons
from shapmix_mm.shapley import SaliencyTable, get_estimator, sum_by_class

from .score import coalition_worths, evaluating

__all__ = [
    'Average',
    'Guidance',
    'Observation',
    'SampledBatch',
    'choose_share',
    'joint_gradcam',
    'observer',
    'shared_generator',
    'update_table',
]

#: The Shapley estimators, Grad-CAM, or nothing at all.
Guidance = Literal[
    'marginal', 'marginal_per_sample', 'permutation', 'gradcam', 'random'
]
#: Rules by which a table averages what it observes.
Average = Literal['ema', 'recent', 'ema_per_sample']


def shared_generator(seed: int, iteration: int) -> torch.Generator:
    """Random stream of an iteration, the same on all ranks and in resumes.

    Args:
        seed (int): Seed that the ranks agree on.
        iteration (int): Training step.

    Returns:
        torch.Generator: CPU generator.
    """
    state = np.random.SeedSequence([seed, iteration])
    mixed = int(state.generate_state(1, np.uint64)[0] >> np.uint64(1))
    return torch.Generator().manual_seed(mixed)


def choose_share(
    label: Tensor,
    class_counts: Tensor,
    *,
    share: float,
    generator: torch.Generator,
) -> tuple[Tensor, Tensor, int]:
    """Choose a share of the batch of all ranks, rare classes first.

    A class of n_k training samples is drawn with weight 1 / n_k: a frequent
    class has more contributions behind its mean than it needs. The choice is
    one weighted draw without replacement over the samples of all ranks, so
    that it does not depend on their number.

    Args:
        label (Tensor): Classes of this rank's samples, int64, shape (n,),
            on the CPU.
        class_counts (Tensor): Training samples of each class, shape (K,).
        share (float): Share of the samples to choose, in (0, 1].
        generator (torch.Generator): CPU generator, equal on all ranks.

    Returns:
        tuple[Tensor, Tensor, int]: Indices of the chosen samples of this
        rank, their places in the batch of all ranks, both int64, and the
        size of that batch. MMEngine's sampler deals samples out in turn, so
        that sample i of rank r has place ``i * ranks + r``.
    """
    ranks, rank = dist.get_world_size(), dist.get_rank()
    places = torch.arange(len(label)) * ranks + rank
    if share == 1:
        return torch.arange(len(label)), places, ranks * len(label)
    # Counts and places of all ranks; batches may differ in length at the end.
    both = dist.all_gather_object([places.tolist(), label.tolist()])
    order = torch.tensor(sum((own[0] for own in both), []))
    classes = torch.tensor(sum((own[1] for own in both), []))
    total = int(order.max()) + 1
    noise = torch.empty(total).exponential_(generator=generator)[order]
    weighted = noise * class_counts.cpu()[classes]
    chosen = order[weighted.argsort()[: ceil(share * len(order))]]
    own = torch.isin(places, chosen)
    return own.nonzero().flatten(), places[own], total


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
        worths, scored = coalition_worths(
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


def observer(blend: ShapMixBlending, name: Guidance) -> Observer | None:
    """Observer of a kind of guidance.

    Args:
        blend (ShapMixBlending): The blend to guide.
        name (str): One of ``Guidance``.

    Returns:
        Callable or None: The observer; None for ``'random'``: a table that
        stays empty makes every combination of Eq. 3 equally likely.
    """
    if name == 'random':
        return None
    if name == 'gradcam':
        return gradcam_observer(blend)
    return shapley_observer(blend, name)


def joint_gradcam(model: Any, clips: Tensor, label: Tensor) -> Tensor:
    r"""Share of each joint in the evidence for a sample's own class.

    The map is :math:`\mathrm{ReLU}(\sum_c \alpha_c A_c)` over the features A
    of the backbone, with the mean gradient of the class's logit as weight
    :math:`\alpha_c` of channel c, for each person by itself; gradients end
    at the features, so that no parameter receives any. Source: Selvaraju et
    al., Grad-CAM (ICCV 2017), Eq. 1 and 2; the guidance that Table 8 of the
    Shap-Mix paper compares with.

    Args:
        model (RecognizerGCN): A recognizer whose backbone gives features of
            shape (n, M, C, T', V).
        clips (Tensor): Skeletons, shape (n, 1, M, T, V, C).
        label (Tensor): Class indices, shape (n,).

    Returns:
        Tensor: float32, shape (n, V). Each row is not negative and sums to
        one, or is zero where nothing speaks for the class.

    Raises:
        ValueError: If the features have no joint dimension of size V.
    """
    with evaluating(model):
        with torch.no_grad():
            features = model(clips, stage='backbone', mode='tensor')
        if features.ndim != 5 or features.size(-1) != clips.size(-2):
            raise ValueError(
                'Grad-CAM needs backbone features of shape (n, M, C, T, '
                f'{clips.size(-2)}), got {tuple(features.shape)}'
            )
        with torch.enable_grad():
            features = features.detach().requires_grad_()
            logits = model.cls_head(features).float()
            own = logits.gather(1, label[:, None]).sum()
            (gradient,) = torch.autograd.grad(own, features)
    weight = gradient.float().mean((3, 4), keepdim=True)
    cam = (weight * features.detach().float()).sum(2).clamp(min=0).mean(2)
    present = present_persons(clips.squeeze(1))
    cam = (cam * present[..., None]).sum(1)
    return cam / cam.sum(1, keepdim=True).clamp(min=torch.finfo().tiny)


def update_table(
    table: SaliencyTable,
    label: Tensor,
    observation: Observation | None,
    *,
    average: str,
    momentum: float,
    clamp: bool,
) -> None:
    """Move a table by the contributions of all ranks, alike on each.

    Args:
        table (SaliencyTable): The table.
        label (Tensor): Classes of this rank's samples, int64, shape (n,).
        observation (Observation, optional): Their contributions; None if
            this rank has observed nothing.
        average (str): One of ``shapmix_mm.shapley.AVERAGES``.
        momentum (float): Share of the old value in the EMA.
        clamp (bool): Whether negative contributions count as zero.
    """
    shape = (table.values.size(0), table.values.size(1))
    sums = table.values.new_zeros(2, *shape, dtype=torch.float64)
    if observation is not None:
        values = observation.values
        values = values.clamp(min=0) if clamp else values
        sums = sum_by_class(values, label, observation.columns, shape)
    # One float64 tensor of 2 K B numbers is all that ranks exchange.
    dist.all_reduce(sums)
    totals, counts = sums.float()
    if average == 'recent':
        table.update_recent(totals, counts)
    else:
        per_sample = average == 'ema_per_sample'
        table.update(totals, counts, momentum=momentum, per_sample=per_sample)
