"""The cost model finds known costs; a projection is worked out by hand."""

import importlib
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from mmaction.registry import MODELS
from mmengine.config import Config

BENCHMARK = Path(__file__).resolve().parents[3] / 'tools/benchmark'
WEIGHTS = dict(a=3.0, b=2e-3, c=0.05, d=4e-4, e=0.01)


@pytest.fixture(scope='module')
def scaling():
    """The script, with the modules beside it."""
    sys.path.insert(0, str(BENCHMARK))
    try:
        yield importlib.import_module('scaling')
    finally:
        sys.path.remove(str(BENCHMARK))


def cost(row, a, b, c, d, e):
    n, m, t, v, k = (row[name] for name in 'nmtvk')
    return a + n * m * (b * t * v + c * t + d * v * v) + e * k


@pytest.fixture
def rows(scaling):
    """The sizes that are measured, with exact costs."""
    shapes = [scaling.BASE]
    for axis, values in scaling.SWEEP.items():
        field = scaling.AXES[axis]
        shapes += [replace(scaling.BASE, **{field: x}) for x in values]
    found = []
    for shape in shapes:
        row = {a: getattr(shape, f) for a, f in scaling.AXES.items()}
        found.append({**row, 'ms': cost(row, **WEIGHTS)})
    return pd.DataFrame(found)


def test_known_costs_are_found(scaling, rows):
    model = scaling.fit('x', rows)
    weights = [model[name] for name in scaling.TERMS]
    np.testing.assert_allclose(weights, list(WEIGHTS.values()), 1e-6)
    assert model['r2'] == pytest.approx(1)
    errors = ('median_error', 'worst_error', 'left_out_error')
    assert max(model[name] for name in errors) < 1e-6
    size = dict(n=64, m=2, t=64, v=25, k=120)
    # By hand: 3 + 128 * (3.2 + 3.2 + 0.25) + 1.2.
    assert scaling.cost_ms(model, size) == pytest.approx(855.4)


def test_noise_is_told_in_the_errors(scaling, rows):
    rng = np.random.default_rng(0)
    noisy = rows.assign(ms=rows.ms * (1 + 0.1 * rng.normal(size=len(rows))))
    model = scaling.fit('x', noisy)
    assert 0.01 < model['median_error'] < 0.1 < model['worst_error'] < 0.3
    assert model['left_out_error'] >= model['median_error']
    own = [scaling.cost_ms(model, row) for row in noisy.to_dict('records')]
    off = np.array(own) - noisy.ms
    around = noisy.ms - noisy.ms.mean()
    assert model['r2'] == pytest.approx(1 - (off @ off) / (around @ around))
    assert min(model[name] for name in scaling.TERMS) >= 0


def test_a_projection_by_hand(scaling, monkeypatch):
    monkeypatch.setattr(scaling, 'RANKS', 4)
    monkeypatch.setattr(scaling, 'MACHINES', dict(x=(2.0, 0.5)))
    # 2 * 3 messages of 2 MB at 2 GB/s, 1 ms each, and 0.5 ms of latency.
    assert scaling.exchange_ms(8e6, 'x') == pytest.approx(9.0)
    assert scaling.exchange_ms(0, 'x') == 0
    monkeypatch.setattr(scaling, 'NTU120_XSUB_CLIPS', 1001)
    monkeypatch.setattr(
        scaling.MODELS, 'build', lambda cfg: scaling.torch.nn.Linear(999, 2000)
    )
    cfg = Config(dict(model=dict(cls_head=dict(num_classes=1))))
    size = dict(n=10, m=1, t=1, v=5, k=3)
    row = scaling.project(dict(variant='plain'), 41.0, 'x', size, 1, cfg)
    assert row['what'] == 'projection' and row['hook_ms'] == 0
    assert row['efficiency'] == pytest.approx(41 / 50)
    assert row['clips_per_s'] == pytest.approx(40 / 0.05)
    # 26 steps, of which the last is not full.
    assert row['minutes_per_pass'] == pytest.approx(26 * 0.05 / 60)
    # Sums and counts of 3 classes and 20 combinations: 960 bytes.
    row = scaling.project(dict(variant='shapmix'), 41.0, 'x', size, 1, cfg)
    assert row['hook_ms'] == pytest.approx(6 * (960 / 4 / 2e6 + 0.5))


def test_what_the_hook_exchanges_in_a_projection(scaling):
    """The shape of the table that the shipped config builds."""
    cfg = scaling.load_config(str(scaling.TARGET))
    blend = MODELS.build(cfg.model.data_preprocessor).blending
    # Sums and counts, 8 bytes each.
    assert blend.saliency.values.numel() * 16 == 16 * 120 * 20
