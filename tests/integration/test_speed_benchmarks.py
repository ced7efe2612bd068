"""The speed benchmarks on tiny batches: rows that fit together, no timings."""

import json
import re
from pathlib import Path

import pytest
import torch
from mmaction.registry import MODELS

from shapmix_mm.models import SkeletonBlending

BENCHMARK = Path(__file__).resolve().parents[2] / 'tools/benchmark'
UNGUIDED = {'plain_n', 'plain_2n', 'stmix'}
GUIDED = {'shapmix_faithful', 'shapmix_fast', 'shapmix_realistic'}
VARIANTS = UNGUIDED | GUIDED
SHARES = ('blend', 'forward', 'backward', 'saliency', 'other')


@pytest.fixture
def rows(tmp_path, tool):
    """Function that runs a benchmark and returns its rows and its text."""

    def run(name, *args):
        path = tmp_path / 'rows.json'
        args = (*args, '--rounds', 1, '--json', path)
        out = tool(f'benchmark/{name}', *args, path=[BENCHMARK]).out
        return json.loads(path.read_text()), out

    return run


def test_step(rows, write_config):
    # One round, so that a median is the one value.
    cfg = write_config('absent.pkl', shapmix=False)
    found, out = rows('step', cfg, '--batch', 8)
    by_name = {row['variant']: row for row in found}
    assert set(by_name) == VARIANTS and len(found) == len(VARIANTS)
    floor = by_name['plain_2n']
    for name, row in by_name.items():
        assert row['ratio'] == pytest.approx(row['ms'] / floor['ms'])
        shares = [row[f'share_{phase}'] for phase in SHARES]
        assert sum(shares) == pytest.approx(1) and min(shares) >= 0
        assert row['share_forward'] > 0 and row['share_backward'] > 0
        assert (row['share_blend'] > 0) == ('mix' in name)
        assert (row['share_saliency'] > 0) == ('shapmix' in name)
        assert row['saliency_ratio'] == pytest.approx(
            row['share_saliency'] * row['ratio']
        )
        # Warming up, the round, and the round that tells the memory.
        assert row['steps'] == 15
    for name in UNGUIDED:
        assert by_name[name]['table_updates'] == 0
        assert by_name[name]['saliency_passes'] == 0
    faithful, fast = by_name['shapmix_faithful'], by_name['shapmix_fast']
    assert faithful['table_updates'] == 15 and fast['table_updates'] == 3
    assert 1 <= faithful['saliency_passes'] <= 2
    # P + 1 prefixes of half of the batch in one step of five.
    assert 0.5 <= fast['saliency_passes'] <= 0.6
    assert floor['peak_mb'] > 1.5 * by_name['plain_n']['peak_mb'] > 0
    assert 'shapmix_fast adds to stmix' in out


def test_step_on_a_choice_of_variants(rows, write_config):
    cfg = write_config('absent.pkl', shapmix=False)
    args = ('--variants', 'glmc', '--against', 'plain_n', '--frames', 4)
    found, out = rows('step', cfg, *args)
    assert [row['variant'] for row in found] == ['glmc', 'plain_n']
    assert [row['steps'] for row in found] == [3, 3]
    assert [row['ratio'] == 1 for row in found] == [False, True]
    # Two views of as many partners beside the batch, mixed in pairs.
    assert found[0]['peak_mb'] > 1.5 * found[1]['peak_mb']
    assert 'ratio to plain_n' in out


def test_blend(rows):
    found, out = rows('blend', '--batch', 3, 6, '--frames', 8)
    assert [row['n'] for row in found] == sorted(row['n'] for row in found)
    for row in found:
        assert row['device'] == 'cpu' and row['n'] in (3, 6)
        assert row['ratio_to_copy'] == pytest.approx(
            row['ms'] / row['copy_ms']
        )
        assert row['whole_ms'] > 0
        # There is a new batch at the least.
        assert row['peak_copies'] >= 1
    names = {row['blend'] for row in found}
    assert len(found) == 2 * len(names)
    registered = {
        name
        for name, cls in MODELS.module_dict.items()
        if isinstance(cls, type)
        and issubclass(cls, SkeletonBlending)
        and cls.num_clips == 1
        # Other tests of this process may have registered blends of theirs.
        and cls.__module__.startswith('shapmix_mm.')
    }
    assert registered <= names
    assert 'ShapMixBlending, cut only' in names
    assert out.count('grows as N^') == len(names)


@pytest.mark.parametrize('name', ['step', 'blend'])
def test_no_rounds_are_refused(tool, name):
    result = tool(
        f'benchmark/{name}', '--rounds', 0, ok=False, path=[BENCHMARK]
    )
    assert result.rc == 2
    assert "--rounds: '0' should be greater than 0" in result.out


def test_ideas_of_the_backbone(rows):
    args = ('--batch', 2, '--frames', 8, '--stages', 2)
    args = (*args, '--inflate-stages', '--down-stages', '--ideas')
    found, out = rows('backbone', *args)
    names = [row['model'] for row in found if row['mode'] == 'forward']
    assert names[0] == 'ctrgcn_textbook' and names[-1] == 'ctrgcn'
    assert len(names) == 6 and 'stgcn' not in names
    for row in found:
        assert row['ms'] > 0 and row['saved_mb'] > 0
    assert all(name in out for name in names)


def test_textbook_forms(tool):
    args = ('--models', 'SGN', '--rounds', 1, '--batch', 1)
    try:
        out = tool('benchmark/backbone_forms', *args, path=[BENCHMARK]).out
    finally:
        torch.set_flush_denormal(False)
    head, off, *modes = out.splitlines()[-4:]
    assert float(off.split()[4]) < 1e-9 and off.startswith('SGN: ')
    for mode, line in zip(('forward', 'forward_backward'), modes):
        found = re.fullmatch(
            rf'  {mode} +[\d.]+ ms +(\d.\d\d) \[(.*), (.*)\]', line
        )
        # Of one round, whose spread is the ratio.
        assert found and found[1] == found[2] == found[3] != '0.00'
