"""Passes over large sets on machines that are not here: a projection."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Iterator, Sequence

import numpy as np
from mmaction.registry import MODELS
from mmengine.config import Config
from scaling_model import CostModel, Row
from synthetic_clips import Shape

from shapmix_mm.config.mixins import load_config

__all__ = ['Machines', 'project', 'projected']

CONFIGS = Path(__file__).resolve().parents[2] / 'configs'
# The full model on clips of NTU RGB+D, as it is trained on GPUs.
TARGET = CONFIGS / 'ctrgcn_shapmix_ltntu120.py'
NTU120_XSUB_CLIPS = 63026
RANKS = 8
COLUMNS = 20
FLOOR = 'plain_2n'


@dataclass(frozen=True)
class Machines:
    """What a projection takes for granted; nothing of it is measured.

    Attributes:
        name (str): What kind of machines.
        ranks (int): How many.
        gigabytes (float): Bandwidth between two of them, GB/s.
        latency_ms (float): Of one message between two of them.
    """

    name: str
    ranks: int
    gigabytes: float
    latency_ms: float

    def exchange_ms(self, size: float) -> float:
        """A ring all-reduce: 2 (R - 1) messages of a share 1 / R each."""
        if not size:
            return 0.0
        share = size / self.ranks / (self.gigabytes * 1e6)
        return 2 * (self.ranks - 1) * (share + self.latency_ms)


# In the order of a network card, and of the link between GPUs.
CPUS = Machines('CPU core as here, narrow model', RANKS, 1.0, 0.1)
GPUS = Machines('GPU, full model', RANKS, 20.0, 0.02)


def projected(
    models: Sequence[CostModel], config: str, gpu_step_ms: Sequence[float]
) -> Iterator[Row]:
    """Passes over NTU RGB+D 120, and over ten times as much.

    On CPU cores a step costs what the model says. On a GPU a plain step on
    2N clips costs what is assumed, and the others in proportion to the model.

    Args:
        models (Sequence[CostModel]): Fitted models.
        config (str): Config that they were fitted to.
        gpu_step_ms (Sequence[float]): Assumed times of ``plain_2n``.
    """
    target, own = load_config(str(TARGET)), load_config(config)
    full = Shape.of(target)
    floor = next((m for m in models if m.variant == FLOOR), None)
    sets = ((1, 120), (10, 120), (10, 1200))
    grads = {
        classes: (_gradients(own, classes), _gradients(target, classes))
        for _, classes in sets
    }
    for model in models:
        for times, classes in sets:
            size = dict(
                n=full.batch,
                m=full.persons,
                t=full.frames,
                v=full.joints,
                k=classes,
            )
            work: dict[str, Any] = dict(
                size=size,
                clips=times * NTU120_XSUB_CLIPS,
                table_bytes=_table_bytes(model.variant, classes),
            )
            yield project(
                model.variant,
                model.ms(size),
                machines=CPUS,
                gradient_bytes=grads[classes][0],
                **work,
            )
            for assumed in gpu_step_ms if floor else ():
                yield project(
                    model.variant,
                    assumed * model.ms(size) / floor.ms(size),
                    machines=GPUS,
                    gradient_bytes=grads[classes][1],
                    **work,
                )


def project(
    variant: str,
    step_ms: float,
    *,
    size: Row,
    machines: Machines,
    clips: int,
    gradient_bytes: int,
    table_bytes: int,
) -> Row:
    """Time of a pass, no exchange hidden behind any computation.

    Args:
        variant (str): What a step does.
        step_ms (float): What it takes on one rank by itself.
        size (dict): Sizes n, m, t, v, k of each rank's batch.
        machines (Machines): Where.
        clips (int): Training clips of the data set.
        gradient_bytes (int): Size of the gradients.
        table_bytes (int): What the hook exchanges in a step.
    """
    grads = machines.exchange_ms(gradient_bytes)
    hook = machines.exchange_ms(table_bytes)
    steps = int(np.ceil(clips / (machines.ranks * size['n'])))
    total = step_ms + grads + hook
    return dict(
        what='projection',
        variant=variant,
        machines=machines.name,
        ranks=machines.ranks,
        clips=clips,
        **size,
        step_ms=step_ms,
        gradient_bytes=gradient_bytes,
        gradient_ms=grads,
        hook_bytes=table_bytes,
        hook_ms=hook,
        efficiency=step_ms / total,
        steps_per_pass=steps,
        clips_per_s=1e3 * machines.ranks * size['n'] / total,
        minutes_per_pass=steps * total / 6e4,
    )


def _table_bytes(variant: str, classes: int) -> int:
    """Sums and counts in float64, at most once a step."""
    return 16 * classes * COLUMNS if variant.startswith('shapmix') else 0


def _gradients(cfg: Config, classes: int) -> int:
    settings = cfg.model.copy()
    settings.cls_head.num_classes = classes
    settings.pop('data_preprocessor', None)
    settings.cls_head.loss_cls = dict(type='CrossEntropyLoss')
    model = MODELS.build(settings)
    return sum(p.numel() * p.element_size() for p in model.parameters())
