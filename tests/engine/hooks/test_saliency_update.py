"""The table's step against sums over samples written out."""

import pytest
import torch

from shapmix_mm.saliency.guidance import Observation
from shapmix_mm.saliency.update import update_table
from shapmix_mm.shapley import SaliencyTable

VALUES = torch.tensor([[0.4, -0.2], [0.1, -0.6], [0.3, 0.5]])
COLUMNS = torch.tensor([[0, 3], [0, 3], [7, 0]])
LABEL = torch.tensor([1, 1, 0])


def moved(observation, **options):
    table = SaliencyTable(2, 5)
    table.values.fill_(1.0)
    table.updates.fill_(1.0)
    options = dict(average='ema', momentum=0.9, clamp=False) | options
    update_table(table, LABEL, observation, **options)
    return table.values


@pytest.mark.parametrize(
    'clamp, means',
    [
        (False, {(1, 0): 0.25, (1, 3): -0.4, (0, 7): 0.3, (0, 0): 0.5}),
        (True, {(1, 0): 0.25, (1, 3): 0.0, (0, 7): 0.3, (0, 0): 0.5}),
    ],
)
@pytest.mark.parametrize('momentum', [0.9, 0.0])
def test_an_entry_moves_by_the_mean_of_its_class(clamp, means, momentum):
    seen = Observation(VALUES, COLUMNS, 3)
    values = moved(seen, clamp=clamp, momentum=momentum)
    expected = torch.ones(2, 20)
    for entry, mean in means.items():
        expected[entry] = momentum + (1 - momentum) * mean
    torch.testing.assert_close(values, expected)


def test_a_rank_that_has_seen_nothing_moves_nothing():
    assert torch.equal(moved(None), torch.ones(2, 20))


def test_the_recent_average_forgets_what_no_contribution_made():
    """Its values are sums over evidence, of which there was none."""
    values = moved(Observation(VALUES, COLUMNS, 3), average='recent')
    assert values[1, 0] == pytest.approx(0.25)
    assert values[0, 7] == pytest.approx(0.3)
