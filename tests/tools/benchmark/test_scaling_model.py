"""The cost model finds known costs; a projection is worked out by hand."""

import importlib
import sys
from pathlib import Path

import numpy as np
import pytest

BENCHMARK = Path(__file__).resolve().parents[3] / 'tools/benchmark'
WEIGHTS = dict(a=3.0, b=2e-3, c=0.05, d=4e-4, e=0.01)


@pytest.fixture(scope='module')
def modules():
    """The modules, which the script finds beside it."""
    sys.path.insert(0, str(BENCHMARK))
    try:
        yield [
            importlib.import_module(f'scaling_{name}')
            for name in ('model', 'projection', 'points')
        ]
    finally:
        sys.path.remove(str(BENCHMARK))


def cost(row, a, b, c, d, e):
    n, m, t, v, k = (row[name] for name in 'nmtvk')
    return a + n * m * (b * t * v + c * t + d * v * v) + e * k


@pytest.fixture
def rows(modules):
    """The sizes that are measured, with exact costs."""
    axes = modules[2].AXES
    found = []
    for point in modules[2].points(False):
        row = {a: getattr(point.shape, field) for a, field in axes.items()}
        found.append({**row, 'ms': cost(row, **WEIGHTS)})
    return found


def test_known_costs_are_found(modules, rows):
    model = modules[0].fit('x', rows)
    np.testing.assert_allclose(model.weights, list(WEIGHTS.values()), 1e-6)
    assert model.r2 == pytest.approx(1)
    assert max(model.error, model.worst, model.left_out) < 1e-6
    size = dict(n=64, m=2, t=64, v=25, k=120)
    # By hand: 3 + 128 * (3.2 + 3.2 + 0.25) + 1.2.
    assert model.ms(size) == pytest.approx(855.4)


def test_noise_is_told_in_the_errors(modules, rows):
    rng = np.random.default_rng(0)
    factors = 1 + 0.1 * rng.standard_normal(len(rows))
    noisy = [{**r, 'ms': r['ms'] * f} for r, f in zip(rows, factors)]
    model = modules[0].fit('x', noisy)
    assert 0.01 < model.error < 0.1 < model.worst < 0.3
    assert model.left_out >= model.error
    ms = np.array([row['ms'] for row in noisy])
    off = np.array([model.ms(row) for row in noisy]) - ms
    assert model.r2 == pytest.approx(
        1 - (off @ off) / ((ms - ms.mean()) @ (ms - ms.mean()))
    )
    assert (model.weights >= 0).all()


def test_every_axis_is_measured_apart_from_the_others(modules):
    for quick in (False, True):
        base, *others = modules[2].points(quick)
        assert base.axis == 'base'
        for point in others:
            changed = [
                axis
                for axis, field in modules[2].AXES.items()
                if getattr(point.shape, field) != getattr(base.shape, field)
            ]
            assert changed == [point.axis]
    # Three of each kind, so that a line through two can be told from a curve.
    axes = [p.axis for p in modules[2].points(False)]
    assert all(axes.count(axis) >= 2 for axis in 'ntvk')


def test_a_projection_by_hand(modules):
    machines = modules[1].Machines('x', 4, gigabytes=2.0, latency_ms=0.5)
    # 2 * 3 messages of 2 MB at 2 GB/s, 1 ms each, and 0.5 ms of latency.
    assert machines.exchange_ms(8e6) == pytest.approx(9.0)
    assert machines.exchange_ms(0) == 0
    row = modules[1].project(
        'shapmix',
        41.0,
        size=dict(n=10, m=1, t=1, v=5, k=3),
        machines=machines,
        clips=1001,
        gradient_bytes=8_000_000,
        table_bytes=0,
    )
    assert row['what'] == 'projection'
    assert row['steps_per_pass'] == 26  # The last one is not full.
    assert row['efficiency'] == pytest.approx(41 / 50)
    assert row['clips_per_s'] == pytest.approx(40 / 0.05)
    assert row['minutes_per_pass'] == pytest.approx(26 * 0.05 / 60)


def test_what_the_hook_exchanges_in_a_projection(modules):
    """The shape of the table that the shipped config builds."""
    from mmaction.registry import MODELS

    from shapmix_mm.config.mixins import load_config

    cfg = load_config(str(modules[1].TARGET))
    blend = MODELS.build(cfg.model.data_preprocessor).blending
    values = blend.saliency.values
    assert values.shape == (120, modules[1].COLUMNS)
    # Sums and counts, 8 bytes each.
    expected = 2 * 8 * values.numel()
    assert modules[1]._table_bytes('shapmix_fast', 120) == expected == 38400
    assert modules[1]._table_bytes('plain_2n', 120) == 0
