"""Scores of the normalised classifier, worked out by hand."""

import numpy as np
import pytest
import torch
from mmaction.registry import MODELS

from shapmix_mm.config.launch import bare_model
from shapmix_mm.engine import TauNormHook

STEPLESS = {'train_cfg.type': 'SteplessTrainLoop', 'train_cfg.max_epochs': 1}


@pytest.fixture
def first(second_stage, build, tmp_path):
    """A trained model whose norms and biases differ much."""
    cfg = second_stage(name='first', **{'optim_wrapper.optimizer.lr': 0.5})
    build(cfg).train()
    path = tmp_path / 'first' / 'epoch_2.pth'
    saved = torch.load(path, weights_only=False)
    state = saved['state_dict']
    state['cls_head.fc.weight'] *= torch.tensor([[4.0], [2.0], [1.0], [0.5]])
    state['cls_head.fc.bias'] = torch.tensor([3.0, 1.0, -1.0, -3.0])
    torch.save(saved, path)
    return path


@pytest.fixture
def run(second_stage, build, first):
    """Function that normalises the first stage's classifier."""

    def go(**hook):
        cfg = second_stage(
            dict(type='SecondStageHook'),
            dict(type='TauNormHook', **hook),
            first=first,
            **STEPLESS,
        )
        runner = build(cfg)
        runner.train()
        return runner

    return go


@pytest.mark.parametrize(
    ('tau', 'keep'), [(1.0, False), (0.5, False), (1.9, True)]
)
def test_scores_by_hand(run, first, tau, keep):
    model = bare_model(run(tau=tau, keep_bias=keep)).eval()
    torch.manual_seed(0)
    clips = torch.randn(3, 1, 2, 12, 6, 3)
    with torch.no_grad():
        maps = model(clips, stage='backbone', mode='tensor')
        scores = model(clips, stage='head', mode='tensor')
    # Mean over frames, joints and persons; (N, M, D, T, V).
    features = maps.double().numpy().mean(axis=(1, 3, 4))
    state = torch.load(first, weights_only=False)['state_dict']
    weight = state['cls_head.fc.weight'].double().numpy()
    bias = state['cls_head.fc.bias'].double().numpy()
    expected = np.zeros((3, 4))
    for k in range(4):
        norm = np.sqrt((weight[k] ** 2).sum())
        expected[:, k] = features @ weight[k] / norm**tau + keep * bias[k]
    np.testing.assert_allclose(scores.numpy(), expected, rtol=1e-4, atol=1e-5)


def test_all_else_stays(run, first):
    own = bare_model(run()).state_dict()
    for name, value in torch.load(first, weights_only=False)[
        'state_dict'
    ].items():
        if not name.startswith('cls_head.fc'):
            assert torch.equal(own[name], value), name
    norms = own['cls_head.fc.weight'].norm(dim=1)
    torch.testing.assert_close(norms, torch.ones(4))


def test_averages_of_the_weights_are_normalised_too(
    second_stage, build, first
):
    """They are what a validation sees and what a checkpoint holds."""
    cfg = second_stage(
        dict(type='SecondStageHook'),
        dict(type='EMAHook'),
        dict(type='TauNormHook'),
        first=first,
        **STEPLESS,
    )
    build(cfg).train()
    saved = torch.load(f'{cfg.work_dir}/epoch_1.pth', weights_only=False)
    for name in ('state_dict', 'ema_state_dict'):
        weight = next(
            value
            for key, value in saved[name].items()
            if key.endswith('cls_head.fc.weight')
        )
        torch.testing.assert_close(weight.norm(dim=1), torch.ones(4))


def test_the_checkpoint_fits_the_stock_model(run, second_stage, tmp_path):
    runner = run()
    saved = torch.load(tmp_path / 'second' / 'epoch_1.pth', weights_only=False)
    cfg = second_stage()
    stock = MODELS.build(cfg.model.to_dict())
    stock.load_state_dict(saved['state_dict'], strict=True)
    assert type(stock).__name__ == 'RecognizerGCN'
    weight = bare_model(runner).cls_head.fc.weight
    assert torch.equal(stock.cls_head.fc.weight, weight)


def test_it_normalises_once(run, second_stage, build, tmp_path):
    """A resumed run finds a classifier that is normalised already."""
    before = bare_model(run(tau=0.5)).cls_head.fc.weight.detach().clone()
    cfg = second_stage(
        dict(type='SecondStageHook'),
        dict(type='TauNormHook', tau=0.5),
        first=tmp_path / 'second' / 'epoch_1.pth',
        resume=True,
        **STEPLESS,
    )
    runner = build(cfg)
    runner.train()
    assert torch.equal(bare_model(runner).cls_head.fc.weight, before)


def test_a_class_without_weights_stays_so(run, first):
    saved = torch.load(first, weights_only=False)
    saved['state_dict']['cls_head.fc.weight'][2] = 0.0
    torch.save(saved, first)
    weight = bare_model(run()).cls_head.fc.weight
    assert weight.isfinite().all() and (weight[2] == 0).all()


@pytest.mark.parametrize('tau', [-0.1, np.inf, np.nan])
def test_tau_out_of_range(tau):
    with pytest.raises(ValueError, match='TauNormHook: tau='):
        TauNormHook(tau=tau)


def test_a_cosine_classifier_has_no_norms_to_level(second_stage, build):
    cfg = second_stage(dict(type='TauNormHook'))
    cfg.model.cls_head.type = 'CosineGCNHead'
    with pytest.raises(TypeError, match='linear classifier .* CosineLinear'):
        build(cfg).train()
