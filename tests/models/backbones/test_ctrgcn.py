"""CTR-GCN against the textbook form and against known names and numbers."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest
import torch
from mmaction.registry import MODELS
from torch import nn

from shapmix_mm.models.backbones import CTRGCN, aggregation
from shapmix_mm.skeletons import get_layout

SMALL = dict(
    base_channels=16, num_stages=4, inflate_stages=[3], down_stages=[3]
)
TextbookCTRGCN = runpy.run_path(
    str(Path(__file__).with_name('textbook_ctrgcn.py'))
)['TextbookCTRGCN']


def _pair(dtype=torch.float64, layout='nturgb+d', **kwargs):
    """Our backbone and the textbook's, with the same random weights."""
    kwargs = {**SMALL, **kwargs}
    torch.manual_seed(0)
    ours = CTRGCN(dict(layout=layout, mode='spatial'), **kwargs).to(dtype)
    with torch.no_grad():
        for param in ours.parameters():
            param.add_(0.1 * torch.randn_like(param))
        for name, buffer in ours.named_buffers():
            if name.endswith('running_mean'):
                buffer.normal_()
            elif name.endswith('running_var'):
                buffer.uniform_(0.5, 2)
    textbook = TextbookCTRGCN(get_layout(layout).graph_layout(), **kwargs).to(
        dtype
    )
    textbook.load_state_dict(ours.state_dict(), strict=True)
    return ours, textbook


def _skeletons(N=5, M=2, T=12, V=25, C=3, dtype=torch.float64):
    generator = torch.Generator().manual_seed(1)
    return torch.randn(N, M, T, V, C, generator=generator).to(dtype)


def _run(model, x):
    x = x.clone().requires_grad_()
    y = model(x)
    generator = torch.Generator().manual_seed(2)
    weight = torch.randn(y.shape, generator=generator).to(y)
    grads = torch.autograd.grad((y * weight).sum(), [x, *model.parameters()])
    return y.detach(), grads


def _assert_same_step(ours, textbook, x, tol):
    (y, grads), (y_ref, grads_ref) = _run(ours, x), _run(textbook, x)
    assert (y - y_ref).abs().max() <= tol * y_ref.abs().max()
    # A bias before a batch norm has no gradient but rounding noise.
    noise = tol * max(grad.norm() for grad in grads_ref)
    names = ['x', *(name for name, _ in ours.named_parameters())]
    for name, grad, grad_ref in zip(names, grads, grads_ref):
        error = (grad - grad_ref).norm()
        assert error <= tol * grad_ref.norm() + noise, name
    for (name, value), ref in zip(
        ours.state_dict().items(), textbook.state_dict().values()
    ):
        torch.testing.assert_close(
            value, ref, rtol=tol, atol=tol, msg=f'buffer {name}'
        )


# -- the same model as MMAction2's projects/ctrgcn --------------------------


def test_state_dict_has_the_names_and_shapes_of_the_published_models():
    model = CTRGCN(dict(layout='nturgb+d', mode='spatial'))
    state = {k: tuple(v.shape) for k, v in model.state_dict().items()}
    assert len(state) == 821
    assert sum(p.numel() for p in model.parameters()) == 1_431_252
    expected = {
        'A': (3, 25, 25),
        'data_bn.weight': (150,),
        'data_bn.num_batches_tracked': (),
        'net.0.gcn1.A': (3, 25, 25),
        'net.0.gcn1.alpha': (1,),
        'net.0.gcn1.convs.0.conv1.weight': (8, 3, 1, 1),
        'net.0.gcn1.convs.2.conv2.bias': (8,),
        'net.0.gcn1.convs.2.conv3.weight': (64, 3, 1, 1),
        'net.0.gcn1.convs.2.conv4.weight': (64, 8, 1, 1),
        'net.0.gcn1.down.0.weight': (64, 3, 1, 1),
        'net.0.gcn1.down.1.running_var': (64,),
        'net.0.gcn1.bn.bias': (64,),
        'net.0.tcn1.branches.0.0.weight': (16, 64, 1, 1),
        'net.0.tcn1.branches.0.1.running_mean': (16,),
        'net.0.tcn1.branches.1.3.conv.weight': (16, 16, 5, 1),
        'net.0.tcn1.branches.1.3.bn.weight': (16,),
        'net.0.tcn1.branches.2.4.bias': (16,),
        'net.0.tcn1.branches.3.0.bias': (16,),
        'net.0.tcn1.branches.3.1.weight': (16,),
        'net.4.gcn1.convs.0.conv1.weight': (8, 64, 1, 1),
        'net.4.residual.conv.weight': (128, 64, 1, 1),
        'net.4.residual.bn.running_mean': (128,),
        'net.9.gcn1.convs.1.conv1.weight': (32, 256, 1, 1),
        'net.9.tcn1.branches.3.0.weight': (64, 256, 1, 1),
    }
    assert {key: state.get(key) for key in expected} == expected
    assert not [key for key in state if key.startswith('net.5.residual')]


def test_initialisation_follows_the_published_models():
    torch.manual_seed(0)
    model = CTRGCN(dict(layout='nturgb+d', mode='spatial'), num_stages=5)
    model.init_weights()
    state = model.state_dict()
    assert set(state['net.1.gcn1.bn.weight'].tolist()) == {
        torch.tensor(1e-6).item()
    }
    assert state['net.1.tcn1.branches.0.1.weight'].eq(1).all()
    assert state['net.4.gcn1.down.1.weight'].eq(1).all()
    assert state['net.1.gcn1.alpha'].eq(0).all()
    torch.testing.assert_close(state['net.1.gcn1.A'], state['A'])
    # Kaiming, fan-out, ReLU: sqrt(2 / (kernel * output channels)).
    for key, fan_out in (
        ('net.4.gcn1.convs.0.conv3.weight', 128),
        ('net.4.tcn1.branches.0.3.conv.weight', 5 * 32),
    ):
        assert state[key].std().item() == pytest.approx(
            (2 / fan_out) ** 0.5, rel=0.05
        )
        assert state[key.replace('weight', 'bias')].eq(0).all()


@pytest.mark.parametrize(
    'layout, V, M', [('nturgb+d', 25, 2), ('coco', 17, 2), ('nw-ucla', 20, 1)]
)
def test_layouts_give_the_stock_graph(layout, V, M):
    model = MODELS.build(
        dict(
            type='CTRGCN',
            graph_cfg=dict(layout=layout, mode='spatial'),
            num_person=M,
            **SMALL,
        )
    )
    assert model(_skeletons(2, M, 9, V).float()).shape == (2, M, 32, 5, V)
    if layout != 'nw-ucla':
        from mmaction.models.utils import Graph

        stock = torch.tensor(Graph(layout, 'spatial').A).float()
        torch.testing.assert_close(model.A, stock)


# -- equal to the textbook form ---------------------------------------------


@pytest.mark.parametrize('keep_from', [1, 10**6])
@pytest.mark.parametrize(
    'kwargs, T',
    [
        (dict(), 12),
        (dict(down_stages=[2, 3]), 7),
        (dict(base_channels=18, num_stages=3), 1),
        (dict(num_person=1), 4),
        (dict(variant='authors', num_stages=3), 6),
    ],
)
def test_training_step_equals_textbook(kwargs, T, keep_from, monkeypatch):
    """Outputs, all gradients and all buffers, in double precision."""
    # Small enough for several chunks, of which the last is not full.
    monkeypatch.setattr(aggregation, 'CHUNK_BYTES', 2**20)
    monkeypatch.setattr(aggregation, 'KEEP_FEATURES_FROM', keep_from)
    ours, textbook = _pair(**kwargs)
    x = _skeletons(T=T, M=kwargs.get('num_person', 2))
    _assert_same_step(ours.train(), textbook.train(), x, 1e-9)


def test_evaluation_equals_textbook():
    ours, textbook = _pair()
    _assert_same_step(ours.eval(), textbook.eval(), _skeletons(), 1e-9)
    with torch.no_grad():
        torch.testing.assert_close(ours(_skeletons()), textbook(_skeletons()))


def test_training_step_equals_textbook_in_single_precision():
    ours, textbook = _pair(torch.float32)
    _assert_same_step(ours, textbook, _skeletons(dtype=torch.float32), 1e-4)


def test_frozen_and_unequal_batch_norms_keep_their_meaning():
    ours, textbook = _pair()
    for model in (ours, textbook):
        model.train()
        branches = model.net[1].tcn1.branches
        branches[0][1].eval()
        branches[1][3].bn.momentum = None
        branches[3][1].eps = 1e-2
        model.data_bn.eval()
    _assert_same_step(ours, textbook, _skeletons(), 1e-9)


def test_a_kept_graph_gives_the_same_gradients_twice(monkeypatch):
    monkeypatch.setattr(aggregation, 'KEEP_FEATURES_FROM', 1)
    ours, _ = _pair()
    loss = ours(_skeletons()).square().mean()
    params = list(ours.parameters())
    first = torch.autograd.grad(loss, params, retain_graph=True)
    second = torch.autograd.grad(loss, params)
    for a, b in zip(first, second):
        torch.testing.assert_close(a, b, rtol=1e-12, atol=1e-15)


def test_dropout_is_applied_after_every_stage_but_the_first():
    model = CTRGCN(dict(layout='coco'), tcn_dropout=0.5, **SMALL)
    assert [block.tcn1.drop.p for block in model.net] == [0, 0.5, 0.5, 0.5]
    x = _skeletons(V=17, dtype=torch.float32)
    assert not torch.equal(model(x), model(x))


def test_saves_less_for_the_backward_pass_than_textbook():
    ours, textbook = _pair(torch.float32)
    x = _skeletons(8, T=16, dtype=torch.float32)

    def saved_bytes(model):
        seen = {}

        def pack(tensor):
            seen[tensor.data_ptr()] = tensor.untyped_storage().nbytes()
            return tensor

        with torch.autograd.graph.saved_tensors_hooks(pack, lambda t: t):
            y = model(x)
        assert y.requires_grad
        return sum(seen.values())

    assert saved_bytes(ours) < 0.5 * saved_bytes(textbook)


# -- precision, compilers ---------------------------------------------------


def test_bf16_autocast_stays_close_and_differentiable():
    ours, _ = _pair(torch.float32)
    ours.eval()
    x = _skeletons(dtype=torch.float32)
    with torch.no_grad():
        full = ours(x)
    with torch.autocast('cpu', torch.bfloat16):
        half = ours(x)
    half.float().sum().backward()
    error = (half.float() - full).norm() / full.norm()
    assert error < 0.05
    ours.train()
    with torch.autocast('cpu', torch.bfloat16):
        ours(x).float().mean().backward()
    assert all(p.grad.isfinite().all() for p in ours.parameters())
    assert ours.data_bn.running_mean.dtype == torch.float32


@pytest.mark.slow
def test_a_compiled_training_step_is_one_graph_of_equal_value():
    ours, textbook = _pair(num_stages=2, down_stages=[2])
    # A full graph is one without breaks.
    compiled = torch.compile(ours, fullgraph=True, backend='eager')
    x = _skeletons(2, T=4)
    torch.testing.assert_close(compiled(x), textbook.train()(x))
    torch.testing.assert_close(
        ours.net[1].gcn1.bn.running_var, textbook.net[1].gcn1.bn.running_var
    )


@pytest.mark.slow
def test_evaluation_compiles_without_graph_break():
    ours, _ = _pair(num_stages=2, down_stages=[2])
    found = torch._dynamo.explain(ours.eval())(_skeletons(2, T=4))
    assert found.graph_count == 1
    assert found.graph_break_count == 0, found.break_reasons


# -- bad input --------------------------------------------------------------


@pytest.mark.parametrize(
    'shape, message',
    [
        ((2, 2, 4, 17, 3), "17 joints where layout 'nturgb\\+d' has 25"),
        ((2, 1, 4, 25, 3), '1 persons .* num_person=2'),
        ((2, 2, 4, 25, 2), '2 channels .* in_channels=3'),
        (
            (2, 1, 2, 4, 25, 3),
            r'\(N, M, T, V, C\), got shape \(2, 1, 2, 4, 25',
        ),
    ],
)
def test_wrong_batch_is_named(shape, message):
    model = CTRGCN(dict(layout='nturgb+d', mode='spatial'), **SMALL)
    with pytest.raises(ValueError, match=message):
        model(torch.zeros(shape))


def test_one_value_per_channel_is_refused_as_by_batch_norm():
    model = CTRGCN(dict(layout='nturgb+d', mode='spatial'), **SMALL)
    with pytest.raises(ValueError, match='more than 1 value per channel'):
        model(torch.zeros(1, 2, 1, 25, 3))


def test_graph_dict_needs_no_parts_but_its_own_keys():
    chain = dict(num_node=3, inward=[(1, 0), (2, 1)], center=0)
    model = CTRGCN(dict(layout=chain, mode='spatial'), **SMALL)
    assert model.A.shape == (3, 3, 3)
    with pytest.raises(KeyError, match="lacks \\['center'\\]"):
        CTRGCN(dict(layout=dict(num_node=3, inward=[])), **SMALL)
    with pytest.raises(ValueError, match='kernel_size has 1 entries'):
        CTRGCN(dict(layout=chain), kernel_size=[5], **SMALL)


def test_modules_are_plain_layers_that_converters_find():
    """SyncBN conversion and the like walk over the modules."""
    model = CTRGCN(dict(layout='coco'), **SMALL)
    norms = [m for m in model.modules() if isinstance(m, nn.BatchNorm2d)]
    branches = 4 * 7
    assert len(norms) == branches + 4 + 2 + 1
    converted = nn.SyncBatchNorm.convert_sync_batchnorm(model).eval()
    x = _skeletons(V=17, dtype=torch.float32)
    assert converted(x).isfinite().all()
