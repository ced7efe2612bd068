"""The scaling benchmark on tiny batches: rows that fit together."""

import json
from pathlib import Path

import pytest

BENCHMARK = Path(__file__).resolve().parents[2] / 'tools/benchmark'


@pytest.fixture(scope='module')
def scaling(tool, stick_maker, tmp_path_factory):
    """All that ``--quick`` writes and prints."""
    folder = tmp_path_factory.mktemp('scaling')
    config = stick_maker.config(folder, 'absent.pkl', shapmix=False)
    result = tool(
        'benchmark/scaling',
        config,
        '--quick',
        '--rounds',
        1,
        '--variants',
        'plain_2n',
        'shapmix_fast',
        '--json',
        folder / 'rows.json',
        path=[BENCHMARK],
    )
    rows = json.loads((folder / 'rows.json').read_text())
    return rows, result.out


def chosen(scaling, what):
    return [row for row in scaling[0] if row['what'] == what]


def test_steps_and_the_fit(scaling):
    steps = chosen(scaling, 'step')
    assert {row['axis'] for row in steps} == {'base', 'n', 't', 'v', 'k'}
    assert len(steps) == 2 * 5
    for row in steps:
        assert row['clips_per_s'] == pytest.approx(1e3 * row['n'] / row['ms'])
        assert (row['saliency_ms'] > 0) == (row['variant'] == 'shapmix_fast')
    fits = {row['variant']: row for row in chosen(scaling, 'fit')}
    assert set(fits) == {'plain_2n', 'shapmix_fast'}
    assert all(0 <= row['median_error'] < 1 for row in fits.values())


def test_two_ranks_beside_one(scaling):
    rows = chosen(scaling, 'ranks')
    ways = ['one rank', 'two apart', 'two together']
    assert [row['way'] for row in rows] == 2 * ways
    for start in (0, 3):
        one, apart, together = rows[start : start + 3]
        assert one['efficiency_cpu'] == one['efficiency_wall'] == 1
        assert apart['efficiency_to_apart'] == 1
        assert together['efficiency_to_apart'] == pytest.approx(
            apart['wall_ms'] / together['wall_ms']
        )
        assert (one['ranks'], together['ranks']) == (1, 2)


def test_traffic_depends_on_the_table_and_not_on_the_classes(scaling):
    rows = chosen(scaling, 'traffic')
    assert {row['variant'] for row in rows} == {'shapmix_fast'}
    assert len({row['classes_touched'] for row in rows}) > 1
    for row in rows:
        # Once in the schedule of five steps; 4 classes, 20 combinations.
        assert row['table_bytes'] == row['formula_bytes'] == 16 * 4 * 20
        assert row['steps'] == 5
        # Labels and places of the batch, because a share of it is chosen.
        assert 0 < row['hook_bytes'] - row['table_bytes'] < 200
    assert len({row['hook_bytes'] for row in rows}) == 1


def test_projections_say_what_they_are(scaling):
    out = scaling[1]
    future = chosen(scaling, 'projection')
    assert {row['clips'] for row in future} == {63026, 630260}
    assert {row['k'] for row in future} == {120, 1200}
    assert {row['machines'][:4] for row in future} == {'8 x '}
    assert all(0 < row['efficiency'] < 1 for row in future)
    heading = out.index('PROJECTION, not measured')
    assert out.index('GPU, full model') > heading


def test_unknown_variants_are_refused(tool):
    result = tool(
        'benchmark/scaling', '--variants', 'magic', ok=False, path=[BENCHMARK]
    )
    assert result.rc == 2 and 'magic' in result.out
