"""The table's EMA against a loop by hand."""

import numpy as np
import pytest
import torch

from shapmix_mm.shapley import SaliencyTable, combination_parts, part_weights


def test_ema_equals_a_loop_and_leaves_unseen_entries_alone():
    rng = np.random.default_rng(0)
    table = SaliencyTable(4, 5)
    values, updates = np.zeros((4, 20)), np.zeros((4, 20))
    for _ in range(60):
        column = int(rng.integers(20))
        counts = rng.integers(0, 3, 4).astype(np.float32)
        counts[3] = 0
        totals = rng.normal(size=4).astype(np.float32) * counts
        entries = torch.zeros(2, 4, 20)
        entries[0, :, column] = torch.from_numpy(totals)
        entries[1, :, column] = torch.from_numpy(counts)
        table.update(*entries, momentum=0.9)
        for k in range(4):
            if counts[k] == 0:
                continue
            mean = totals[k] / counts[k]
            first = updates[k, column] == 0
            values[k, column] = (
                mean if first else (0.9 * values[k, column] + 0.1 * mean)
            )
            updates[k, column] += 1
    np.testing.assert_allclose(table.values, values, atol=1e-6)
    np.testing.assert_array_equal(table.updates, updates)
    assert not table.updates[3].any() and not table.values[3].any()


def test_a_step_for_each_sample_equals_a_loop_over_the_samples():
    """Equal samples leave no question of their order."""
    table = SaliencyTable(1, 3, (1,))
    table.update(torch.ones(1, 3), torch.ones(1, 3), momentum=0.9)
    counts = torch.tensor([[0.0, 1.0, 4.0]])
    table.update(counts * 3, counts, momentum=0.9, per_sample=True)
    expected = [1.0, 1.0, 1.0]
    for column, samples in enumerate((0, 1, 4)):
        for _ in range(samples):
            expected[column] += 0.1 * (3 - expected[column])
    np.testing.assert_allclose(table.values[0], expected, rtol=1e-6)


def test_recent_average_equals_weights_spelt_out():
    """Each observation's weight is its count times all later decays."""
    rng = np.random.default_rng(1)
    table = SaliencyTable(2, 3, (1,))
    seen = []
    for step in range(1, 120):
        counts = rng.integers(0, 3, (2, 3)).astype(np.float32)
        counts[1, 2] = 0
        values = rng.normal(size=(2, 3)).astype(np.float32)
        decay = max(1 - 2 / step, 0.95)
        seen = [(v, c, w * decay) for v, c, w in seen]
        seen.append((values, counts, 1.0))
        table.update_recent(
            torch.from_numpy(values * counts), torch.from_numpy(counts)
        )
        if step in (1, 2, 40, 119):
            weight = sum(c * w for _, c, w in seen)
            mean = sum(v * c * w for v, c, w in seen) / weight.clip(1e-9)
            np.testing.assert_allclose(table.values, mean, atol=2e-5)
            np.testing.assert_allclose(table.evidence, weight, rtol=1e-4)
    assert table.steps == 119 and table.updates[1, 2] == 0


def test_recent_average_of_a_fixed_game_has_no_noise_floor():
    """Sixteen times the updates, about a quarter of the error."""
    generator = torch.Generator().manual_seed(0)
    table, errors = SaliencyTable(50, 3, (1,)), []
    for step in range(1, 1601):
        noise = torch.randn(50, 3, generator=generator)
        table.update_recent(noise, torch.ones(50, 3))
        if step in (100, 1600):
            errors.append(float(table.values.square().mean().sqrt()))
    assert 0.18 < errors[1] / errors[0] < 0.34


def test_state_dict_round_trip_keeps_values_and_updates():
    table = SaliencyTable(3, 5)
    table.update(torch.rand(3, 20), torch.ones(3, 20), momentum=0.9)
    state = table.state_dict()
    assert set(state) == {'values', 'updates', 'evidence', 'steps'}
    assert all(v.dtype == torch.float32 for v in state.values())
    other = SaliencyTable(3, 5)
    other.load_state_dict(state)
    assert torch.equal(other.values, table.values)


def test_filled_takes_the_class_mean_for_unseen_entries():
    table = SaliencyTable(2, 3, (1,))
    table.update(
        torch.tensor([[1.0, 3.0, 9.0], [0.0, 0.0, 0.0]]),
        torch.tensor([[1.0, 1.0, 0.0], [0.0, 0.0, 0.0]]),
        momentum=0.9,
    )
    assert table.filled().tolist() == [[1.0, 3.0, 2.0], [0.0, 0.0, 0.0]]


def test_entries_that_are_not_finite_are_forgotten_and_named():
    table = SaliencyTable(3, 3, (1,))
    for rule in (table.update_recent, lambda *x: table.update(*x, momentum=0)):
        rule(torch.rand(3, 3) + 1, torch.ones(3, 3))
    before = {name: x.clone() for name, x in table.state_dict().items()}
    assert table.forget_nonfinite() == []
    table.values[2, 1], table.values[0, 0] = torch.nan, torch.inf
    assert table.forget_nonfinite() == [0, 2]
    for name in ('values', 'updates', 'evidence'):
        found, old = table.state_dict()[name], before[name]
        assert found[2, 1] == found[0, 0] == 0
        old[2, 1] = old[0, 0] = 0
        assert torch.equal(found, old) and bool(old.any())


@pytest.mark.parametrize('sizes', [(2, 3), (1,), (2,), (1, 4)])
def test_part_weights_are_the_least_squares_solution(sizes):
    combinations = combination_parts(5, sizes)
    members = np.array([[p in b for p in range(5)] for b in combinations])
    values = np.random.default_rng(0).normal(size=len(combinations))
    want = np.linalg.lstsq(members.astype(float), values, rcond=None)[0]
    got = torch.from_numpy(values).float() @ part_weights(5, sizes)
    np.testing.assert_allclose(got, want, atol=1e-6)
