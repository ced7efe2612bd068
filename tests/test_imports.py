"""What ``import shapmix_mm`` gives, mends, and leaves for later."""

import subprocess
import sys

import pytest

LATER = 'matplotlib pandas jinja2 scipy.stats onnx sphinx'.split()
STOCK = 'stgcn_8xb16-joint-u100-80e_ntu60-xsub-keypoint-3d.py'
CODE = f"""
import sys
# What setuptools 82 leaves.
sys.modules['pkg_resources'] = None
import shapmix_mm
shapmix_mm.shapley.combination_masks, shapmix_mm.skeletons.get_layout
print(*sys.modules)
from mmaction.datasets.transforms import pose_transforms
print(pose_transforms.mode([1, 2, 2]).mode)
from mmengine.config import Config
from mmengine.hub import get_config
assert shapmix_mm.compat.applied()['pkg_resources']
leaf = Config.fromfile(sys.argv[1])
stock = get_config('mmaction::skeleton/stgcn/{STOCK}')
print(leaf.default_scope, stock.model.type)
import mmcv.cnn.bricks.transformer
"""


@pytest.fixture(scope='module')
def fresh(tmp_path_factory):
    """What a fresh process says."""
    leaf = tmp_path_factory.mktemp('fresh') / 'leaf.py'
    leaf.write_text("_base_ = 'mmaction::_base_/default_runtime.py'\n")
    done = subprocess.run(
        [sys.executable, '-W', 'default', '-c', CODE, str(leaf)],
        capture_output=True,
        text=True,
    )
    assert not done.returncode, done.stderr
    return done


@pytest.mark.parametrize('name', LATER)
def test_what_is_rarely_used_is_imported_when_it_is_used(fresh, name):
    assert name not in fresh.stdout.split('\n')[0].split()


def test_the_deferred_function_is_scipys(fresh):
    assert fresh.stdout.split('\n')[1] == '2'


def test_stock_configs_load_without_pkg_resources(fresh):
    assert fresh.stdout.split()[-2:] == ['mmaction', 'RecognizerGCN']


def test_nobody_is_warned_of_an_operator_that_no_skeleton_needs(fresh):
    assert 'MultiScaleDeformableAttention' not in fresh.stderr
