"""The long tail of the published anchors, and every loss ready to train."""

import numpy as np
import pytest
import torch
from mmaction.registry import MODELS

import shapmix_mm  # noqa: F401

COUNTS = (90, 31, 9, 4)


@pytest.fixture
def ntu60_counts():
    """Training samples per class of LT-NTU-60 at imbalance factor 100."""
    return [int(600 * 100 ** (-k / 59)) for k in range(60)]


@pytest.fixture
def ready():
    """Function that builds a loss in its last phase, or an early one."""

    def build(counts=COUNTS, *, late=True, **cfg):
        loss = MODELS.build(cfg)
        for module in loss.modules():
            if getattr(module, 'needs_class_counts', False):
                module.set_class_counts(counts)
            if getattr(module, 'needs_progress', False):
                module.set_progress(
                    99 if late else 0, total=100, iters_per_pass=10
                )
        return loss

    return build


@pytest.fixture
def data():
    """Logits, hard labels, soft labels and features, in float64."""
    rng = np.random.default_rng(0)
    return (
        torch.tensor(rng.normal(scale=2, size=(7, 4))),
        torch.tensor(rng.integers(0, 4, size=7)),
        torch.tensor(rng.dirichlet([0.5] * 4, size=7)),
        torch.tensor(rng.normal(size=(7, 3))),
    )
