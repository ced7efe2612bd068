"""The table's EMA against a loop by hand."""

import numpy as np
import torch

from shapmix_mm.shapley import SaliencyTable


def test_ema_equals_a_loop_and_leaves_unseen_entries_alone():
    rng = np.random.default_rng(0)
    table = SaliencyTable(4, 5)
    values, updates = np.zeros((4, 20)), np.zeros((4, 20))
    for _ in range(60):
        column = int(rng.integers(20))
        counts = rng.integers(0, 3, 4).astype(np.float32)
        counts[3] = 0
        totals = rng.normal(size=4).astype(np.float32) * counts
        table.update(
            torch.from_numpy(totals[:, None]),
            torch.from_numpy(counts[:, None]),
            momentum=0.9,
            columns=[column],
        )
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


def test_whole_table_and_single_columns_agree():
    totals, counts = torch.rand(3, 20), torch.randint(0, 3, (3, 20)).float()
    whole, single = SaliencyTable(3, 5), SaliencyTable(3, 5)
    for _ in range(2):
        whole.update(totals, counts, momentum=0.5)
        for c in range(20):
            single.update(
                totals[:, [c]], counts[:, [c]], momentum=0.5, columns=[c]
            )
    assert torch.equal(whole.values, single.values)
    assert torch.equal(whole.updates, single.updates)


def test_state_dict_round_trip_keeps_values_and_updates():
    table = SaliencyTable(3, 5)
    table.update(torch.rand(3, 20), torch.ones(3, 20), momentum=0.9)
    state = table.state_dict()
    assert set(state) == {'values', 'updates'}
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
