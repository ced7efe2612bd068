"""--help of a data tool answers at once: it needs no package."""

import subprocess
import sys
from pathlib import Path

import pytest

TOOLS = Path(__file__).resolve().parents[3] / 'tools' / 'data'
# Of those that prepare sets in one go, one stands for all.
SAID = dict(
    build_cache='--normalize',
    from_arrays='--joints',
    inspect='--thresholds',
    make_longtail_split='--benchmark ntu120_xsub --imbalance 100',
    prepare_k400='--kpfiles DIR',
    prepare_ntu='--missing-list LIST',
    prepare_nw_ucla='tar.xz',
)


@pytest.mark.parametrize('name', SAID)
def test_help_needs_no_package(name):
    done = subprocess.run(
        # -S leaves site-packages out, so that torch and MMAction2 are missing.
        [sys.executable, '-S', '-E', str(TOOLS / f'{name}.py'), '--help'],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert SAID[name] in done.stdout
