"""Projections of the classifier are those of the authors' code."""

import logging
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import nn

from shapmix_mm.engine import MaxNormHook, TauNormHook

FOLDER = Path(__file__).resolve().parents[2] / 'authors_numbers'


@pytest.fixture
def found():
    return np.load(FOLDER / 'maxnorm.npz')


@pytest.fixture
def runner(found):
    fc = nn.Linear(6, 10).double()
    fc.weight.data = torch.from_numpy(found['weight']).clone()
    fc.bias.data = torch.from_numpy(found['bias']).clone()
    model = nn.Module()
    model.cls_head = nn.Module()
    model.cls_head.fc = fc
    return SimpleNamespace(
        model=model, hooks=[], logger=logging.getLogger('none'), _resume=False
    )


@pytest.mark.parametrize('share', [0.1, 0.5, 1.0])
def test_max_norm(runner, found, share):
    fc = runner.model.cls_head.fc
    hook = MaxNormHook(share=share)
    hook.before_train(runner)
    assert hook.radius == pytest.approx(float(found[f't{share}_tau1_radius']))
    hook.after_train_iter(runner, 0)
    np.testing.assert_allclose(
        fc.weight.detach(), found[f't{share}_tau1_weight'], rtol=1e-5
    )
    np.testing.assert_array_equal(fc.bias.detach(), found['bias'])


@pytest.mark.parametrize('tau', [1.0, 1.9])
def test_tau_normalisation(runner, found, tau):
    TauNormHook(tau=tau, keep_bias=True).before_train(runner)
    fc = runner.model.cls_head.fc
    np.testing.assert_allclose(
        fc.weight.detach(), found[f'taunorm_{tau:g}_weight'], rtol=1e-6
    )
    np.testing.assert_array_equal(fc.bias.detach(), found['bias'])
