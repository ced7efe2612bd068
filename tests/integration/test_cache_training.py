"""A training from a cache is that from the pickle, to the bit."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from mmaction.registry import TRANSFORMS

from shapmix_mm.datasets.cache.builder import build_cache

STEP = dict(type='PreNormalize3D', zaxis=[0, 1], xaxis=[2, 3])
RANDOM = f"""
pipeline[:1] = [
    dict({STEP}), dict(type='RandomScale3D', scale=(0.9, 1.1)),
    dict(type='UniformSampleFrames', clip_len=8)]
train_dataloader['num_workers'] = 2
train_cfg['max_epochs'] = 2
"""
STOCK = """
train_dataloader['dataset']['type'] = 'PoseDataset'
val_dataloader['dataset']['type'] = 'PoseDataset'
train_cfg['max_epochs'] = 1
"""


@pytest.fixture
def outcome(build):
    """Function that trains, and tells weights, losses and accuracies."""

    def train(ann_file, extra, shapmix=True):
        runner = build(ann_file, RANDOM + extra, shapmix=shapmix)
        runner.train()
        scalars = runner.message_hub.log_scalars
        return (
            {k: v.clone() for k, v in runner.model.state_dict().items()},
            {
                key: np.array(scalars[key].data[0])
                for key in scalars
                if 'loss' in key or 'acc' in key
            },
        )

    return train


def test_not_one_bit_differs(write_stick, outcome, tmp_path):
    file = write_stick()
    build_cache(file, tmp_path / 'plain')
    step = TRANSFORMS.build(STEP)
    build_cache(file, tmp_path / 'normalised', transforms=[step])
    weights, scalars = outcome(file, '')
    assert {'train/loss', 'val/acc/overall'} <= scalars.keys()
    for cache in ('plain', 'normalised'):
        others, again = outcome(tmp_path / cache, '')
        assert weights.keys() == others.keys()
        for name, value in weights.items():
            assert torch.equal(value, others[name]), name
        assert scalars.keys() == again.keys()
        for name, values in scalars.items():
            np.testing.assert_array_equal(values, again[name], err_msg=name)
    # The comparison has something to see.
    others, _ = outcome(tmp_path / 'plain', 'randomness["seed"] = 1')
    assert not all(torch.equal(v, others[k]) for k, v in weights.items())


def test_a_stock_config_trains_from_a_cache(tool, write_stick, write_config):
    file = write_stick()
    cache = Path(file).with_suffix('.cache')
    build_cache(file, cache)
    cfg = write_config(cache, STOCK, shapmix=False)
    work = cache.parent / 'work'
    out = tool('train', cfg, '--work-dir', work).out
    assert 'CachedPoseDataset' in out
    assert (work / 'epoch_1.pth').is_file()
