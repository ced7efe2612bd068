"""cfg.compile: the step is compiled, the blend and the scoring are not."""

import pytest
import torch
import torch._dynamo

from shapmix_mm.engine.compiling import keep_preprocessing_eager

# What the blend alone does, in this model's step.
DRAWS = {'randperm', 'randint', 'rand', 'exponential_', 'empty_like', 'lerp'}
DRAWS |= {'index_select', 'sample', 'argsort'}


@pytest.fixture
def graphs(monkeypatch):
    """The graphs that were compiled, each with what went on at that time."""
    found = []
    state = dict(iter=-1, scoring=False)

    def backend(module, inputs):
        names = {
            getattr(node.target, '__name__', str(node.target))
            for node in module.graph.nodes
            if node.op in ('call_function', 'call_method')
        }
        found.append(dict(state, names=names))
        return module.forward

    torch._dynamo.reset()
    torch._dynamo.utils.counters.clear()
    yield found, state, backend
    torch._dynamo.reset()


def one_block(cfg):
    """Compiling takes a second for each block."""
    cfg.model.backbone = dict(
        type='STGCN',
        base_channels=8,
        num_stages=1,
        inflate_stages=[],
        down_stages=[],
        graph_cfg=dict(layout='nturgb+d', mode='stgcn_spatial'),
    )
    cfg.model.cls_head.in_channels = 8


def watch(runner, state):
    """Keep track of the step, and of whether the hook is at work."""
    hook = next(h for h in runner.hooks if type(h).__name__ == 'SaliencyHook')
    before, after = hook.before_train_iter, hook.after_train_iter

    def before_train_iter(runner, *args, **kwargs):
        state['iter'] = runner.iter
        return before(runner, *args, **kwargs)

    def after_train_iter(*args, **kwargs):
        state['scoring'] = True
        try:
            return after(*args, **kwargs)
        finally:
            state['scoring'] = False

    hook.before_train_iter = before_train_iter
    hook.after_train_iter = after_train_iter


def test_the_curve_is_that_of_the_eager_run(
    curve, prepare, train, graphs, monkeypatch
):
    found, state, backend = graphs
    plain = curve(one_block)
    runner = prepare(one_block)
    runner.cfg.compile = dict(backend='eager')
    original = torch.compile
    monkeypatch.setattr(
        torch, 'compile', lambda f, **kw: original(f, backend=backend)
    )
    keep_preprocessing_eager(runner.model)
    watch(runner, state)
    run = train(runner)
    torch.testing.assert_close(run.losses, plain.losses, rtol=0, atol=1e-4)
    torch.testing.assert_close(
        run.table.values, plain.table.values, rtol=0, atol=1e-4
    )
    assert any('conv2d' in graph['names'] for graph in found)
    assert not [g for g in found if g['names'] & DRAWS]
    assert not [g for g in found if g['scoring']]
    # The first step, SGD with its momentum in the second, and the one short
    # batch at the end of the first pass.
    assert {g['iter'] for g in found} <= {0, 1, 4}
    assert len(run.losses) == 15
