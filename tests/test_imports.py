"""What ``import shapmix_mm`` gives, and what it leaves for later."""

import subprocess
import sys

import pytest

LATER = 'matplotlib pandas jinja2 scipy.stats onnx sphinx'.split()


@pytest.fixture(scope='module')
def loaded():
    """Names of the modules that a fresh process has after the import."""
    code = """
import sys, shapmix_mm
shapmix_mm.shapley.combination_masks, shapmix_mm.skeletons.get_layout
print(*sys.modules)
from mmaction.datasets.transforms import pose_transforms
print(pose_transforms.mode([1, 2, 2]).mode)
"""
    done = subprocess.run(
        [sys.executable, '-c', code], capture_output=True, text=True
    )
    assert not done.returncode, done.stderr
    return done.stdout.split('\n')


@pytest.mark.parametrize('name', LATER)
def test_what_is_rarely_used_is_imported_when_it_is_used(loaded, name):
    assert name not in loaded[0].split()


def test_the_deferred_function_is_scipys(loaded):
    assert loaded[1] == '2'
