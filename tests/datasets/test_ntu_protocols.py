"""NTU names and the training parts of the benchmarks."""

from __future__ import annotations

import pytest

from shapmix_mm.datasets import BENCHMARKS, get_benchmark, parse_ntu_name


def test_parse():
    parsed = parse_ntu_name('x/S017C003P020R002A059.skeleton')
    assert parsed == (17, 3, 20, 2, 59)
    with pytest.raises(ValueError, match="'S1C2' is no NTU"):
        parse_ntu_name('S1C2')


@pytest.mark.parametrize(
    ('benchmark', 'name', 'trains'),
    [
        ('ntu60_xsub', 'S001C001P001R001A060', True),
        ('ntu60_xsub', 'S001C002P003R001A001', False),
        ('ntu60_xsub', 'S018C002P045R001A061', False),
        ('ntu60_xview', 'S001C001P001R001A001', False),
        ('ntu60_xview', 'S001C003P003R001A001', True),
        ('ntu120_xsub', 'S018C001P045R001A061', True),
        ('ntu120_xsub', 'S018C001P044R001A061', False),
        ('ntu120_xset', 'S032C001P106R001A120', True),
        ('ntu120_xset', 'S031C001P001R001A001', False),
    ],
)
def test_training_part(benchmark, name, trains):
    assert BENCHMARKS[benchmark].trains(name) is trains


def test_sizes_of_the_rules():
    performers = BENCHMARKS['ntu120_xsub'].train_values
    assert len(performers) == 53
    assert len([p for p in performers if p <= 40]) == 20
    assert len(BENCHMARKS['ntu120_xset'].train_values) == 16


def test_unknown_benchmark():
    with pytest.raises(KeyError, match="no benchmark 'ntu_xsub'"):
        get_benchmark('ntu_xsub')
