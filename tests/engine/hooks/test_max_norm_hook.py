"""The projection against numpy, after every step of real runs."""

import numpy as np
import pytest
import torch
from mmengine.hooks import Hook

from shapmix_mm.config.launch import bare_model
from shapmix_mm.engine import MaxNormHook

LARGE_STEPS = {'optim_wrapper.optimizer.lr': 5.0}


def norms(runner):
    weight = bare_model(runner).cls_head.fc.weight.detach().numpy()
    return np.sqrt((weight.astype(np.float64) ** 2).sum(1))


class Witness(Hook):
    """Norms after the projection, and after the step before it."""

    priority = 'VERY_LOW'

    def __init__(self):
        self.norms, self.epochs = [], []

    def after_train_iter(
        self, runner, batch_idx, data_batch=None, outputs=None
    ):
        self.norms.append(norms(runner))

    def after_train_epoch(self, runner):
        self.epochs.append(norms(runner))


class Scale(Hook):
    """A classifier of norms that are known."""

    priority = 'VERY_HIGH'

    def __init__(self, wanted):
        self.wanted = torch.tensor(wanted)

    def before_train(self, runner):
        fc = bare_model(runner).cls_head.fc
        own = fc.weight.data.norm(dim=1)
        fc.weight.data.mul_((self.wanted / own)[:, None])


@pytest.fixture
def run(second_stage, build):
    """Function that runs with a classifier of norms 1, 2, 3, 5."""

    def go(wanted=(1.0, 2.0, 3.0, 5.0), resume=None, **hook):
        cfg = second_stage(dict(type='MaxNormHook', **hook), **LARGE_STEPS)
        if resume is not None:
            cfg.resume, cfg.load_from = True, str(resume)
        runner = build(cfg)
        witness = Witness()
        runner.register_hook(witness)
        if wanted is not None:
            runner.register_hook(Scale(list(wanted)))
        runner.train()
        return runner, witness

    return go


def hook_of(runner):
    (found,) = (h for h in runner.hooks if isinstance(h, MaxNormHook))
    return found


def test_a_projection_is_numpys():
    hook = MaxNormHook(radius=1.5)
    hook._layer = torch.nn.Linear(7, 5)
    rng = np.random.default_rng(0)
    weight = rng.normal(size=(5, 7)) * np.array([[0.1], [1], [2], [0], [9]])
    hook._layer.weight.data = torch.tensor(weight)
    bias = hook._layer.bias.detach().clone()
    hook._project()
    expected = weight.copy()
    for row in expected:
        norm = np.sqrt((row**2).sum())
        if norm > 1.5:
            row *= 1.5 / norm
    np.testing.assert_allclose(
        hook._layer.weight.detach().numpy(), expected, rtol=1e-6
    )
    assert torch.equal(hook._layer.bias, bias)


def test_the_radius_comes_from_the_loaded_classifier(run):
    runner, witness = run()
    # 1 + 0.1 (5 - 1)
    assert hook_of(runner).radius == pytest.approx(1.4, rel=1e-6)
    assert len(witness.norms) == 6
    for found in witness.norms:
        assert found.max() <= 1.4 * (1 + 1e-6)
    runner, witness = run(share=0.5)
    assert hook_of(runner).radius == pytest.approx(3.0, rel=1e-6)
    # It is a bound, and one that is met.
    assert max(found.max() for found in witness.norms) == pytest.approx(3.0)


def test_steps_would_leave_the_ball_without_it(run):
    _, witness = run(by_epoch=True, radius=1.0)
    assert min(found.max() for found in witness.norms[:3]) > 1.1
    for found in witness.epochs:
        assert found.max() <= 1 + 1e-6


def test_a_resumed_run_keeps_the_radius(run, tmp_path):
    whole, _ = run()
    one = tmp_path / 'second' / 'epoch_1.pth'
    assert torch.load(one, weights_only=False)[
        'max_norm_radius'
    ] == pytest.approx(1.4)
    resumed, witness = run(wanted=None, resume=one)
    assert hook_of(resumed).radius == hook_of(whole).radius
    assert len(witness.norms) == 3
    expected = bare_model(whole).state_dict()
    for name, value in bare_model(resumed).state_dict().items():
        torch.testing.assert_close(value, expected[name], rtol=0, atol=0)


def test_the_checkpoint_is_within_the_ball(run, tmp_path):
    run(by_epoch=True)
    saved = torch.load(tmp_path / 'second' / 'epoch_2.pth', weights_only=False)
    weight = saved['state_dict']['cls_head.fc.weight']
    assert weight.norm(dim=1).max() <= 1.4 * (1 + 1e-6)


@pytest.mark.parametrize(
    'bad',
    [dict(share=-0.1), dict(share=1.1), dict(radius=0.0), dict(radius=np.nan)],
)
def test_arguments_out_of_range(bad):
    with pytest.raises(ValueError, match=next(iter(bad))):
        MaxNormHook(**bad)


def test_norms_that_give_no_radius(run):
    with pytest.raises(ValueError, match='not all of them 0'):
        run(wanted=(0.0, 0.0, 0.0, 0.0))


def test_a_cosine_classifier_has_no_norms_to_bound(second_stage, build):
    cfg = second_stage(dict(type='MaxNormHook'))
    cfg.model.cls_head.type = 'CosineGCNHead'
    with pytest.raises(TypeError, match='linear classifier .* CosineLinear'):
        build(cfg).train()
