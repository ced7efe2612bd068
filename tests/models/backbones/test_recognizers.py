"""What every backbone of the package must bear, in small sizes."""

from __future__ import annotations

import warnings

import pytest
import torch
from mmaction.registry import MODELS

from shapmix_mm.models.backbones import hdgcn, stack

NINE = dict(
    name='nine',
    num_node=9,
    inward=[(j, (j - 1) // 2) for j in range(1, 9)],
    center=0,
    parts=[[0], [1, 3, 7, 8], [2, 5], [4], [6]],
)
SMALL = dict(
    base_channels=16, num_stages=3, inflate_stages=[2], down_stages=[3]
)
BACKBONES = dict(
    CTRGCN=dict(variant='authors', **SMALL),
    StreamGCN=SMALL,
    InfoGCN=dict(SMALL, base_channels=32),
    HDGCN=SMALL,
    MSG3D=dict(base_channels=12, num_gcn_scales=4, num_g3d_scales=3),
    MSTGCN=SMALL,
    ShiftGCN=SMALL,
    SGN=dict(out_channels=32),
    EfficientGCN=dict(),
)
#: Layout, joints, persons and frames: odd, and shorter than any kernel.
INPUTS = [
    ('nturgb+d', 25, 2, 9),
    ('coco', 17, 1, 2),
    ('openpose', 18, 3, 5),
    ('nw-ucla', 20, 1, 1),
    (NINE, 9, 2, 4),
]


def _build(name, layout='nturgb+d', **kwargs):
    torch.manual_seed(0)
    model = MODELS.build(
        dict(
            type=name,
            graph_cfg=dict(layout=layout, mode='spatial'),
            **BACKBONES[name],
            **kwargs,
        )
    )
    model.init_weights()
    return model


@pytest.mark.parametrize('layout, V, M, T', INPUTS, ids=lambda x: str(x)[:8])
@pytest.mark.parametrize('name', BACKBONES)
def test_any_layout_and_length_trains(name, layout, V, M, T):
    model = _build(name, layout, num_person=M)
    x = torch.randn(3, M, T, V, 3, requires_grad=True)
    y = model.train()(x)
    down = {'MSG3D': 4, 'EfficientGCN': 4, 'SGN': T}.get(name, 2)
    joints = 1 if name == 'SGN' else V
    assert y.shape[:2] == (3, M) and y.is_contiguous()
    assert y.shape[3:] == (-(-T // down), joints)
    y.square().mean().backward()
    for key, param in [('x', x), *model.named_parameters()]:
        assert param.grad is not None, key
        assert param.grad.isfinite().all(), key
    with torch.no_grad():
        assert model.eval()(x).isfinite().all()


@pytest.mark.parametrize('name', BACKBONES)
def test_samples_do_not_see_each_other_and_persons_are_apart(name):
    """In evaluation; each person's maps follow from its own skeleton."""
    model = _build(name, num_person=2).eval()
    x = torch.randn(3, 2, 8, 25, 3)
    with torch.no_grad():
        y = model(x)
        alone = model(x[1:2])
        x[1, 1] += torch.randn(8, 25, 3)
        moved = model(x)
    torch.testing.assert_close(alone, y[1:2], rtol=1e-4, atol=1e-5)
    assert not torch.allclose(moved[1, 1], y[1, 1])
    torch.testing.assert_close(moved[0], y[0], rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(moved[1, 0], y[1, 0], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize('name', BACKBONES)
def test_half_precision_stays_close_and_trains(name):
    model = _build(name, num_person=1)
    x = torch.randn(4, 1, 8, 25, 3)
    with torch.autocast('cpu', torch.bfloat16):
        y = model.train()(x)
    y.float().square().mean().backward()
    for key, param in model.named_parameters():
        assert param.grad.isfinite().all(), key
        assert param.grad.dtype == torch.float32, key
    model.eval()
    with torch.no_grad():
        full = model(x)
        with torch.autocast('cpu', torch.bfloat16):
            half = model(x)
    # Nearest neighbours of HD-GCN may change.
    limit = 0.5 if name == 'HDGCN' else 0.1
    assert (half.float() - full).norm() < limit * full.norm()


@pytest.mark.parametrize('name', BACKBONES)
def test_another_batch_is_named(name):
    model = _build(name, num_person=1)
    with pytest.raises(ValueError, match=f'2 persons where {name}'):
        model(torch.zeros(1, 2, 4, 25, 3))


@pytest.mark.slow
@pytest.mark.parametrize('name', BACKBONES)
def test_onnx_export_matches(name, tmp_path):
    onnxruntime = pytest.importorskip('onnxruntime')
    pytest.importorskip('onnx')
    model = _build(name, num_person=2).eval()
    x = torch.randn(2, 2, 8, 25, 3)
    path = str(tmp_path / 'model.onnx')
    with warnings.catch_warnings():
        # SGN looks whether it takes as many frames.
        kept = 'ignore' if name == 'SGN' else 'error'
        warnings.simplefilter(kept, torch.jit.TracerWarning)
        torch.onnx.export(
            model,
            (x,),
            path,
            input_names=['x'],
            output_names=['y'],
            dynamic_axes=dict(x={0: 'N', 2: 'T'}),
            opset_version=18,
            dynamo=False,
        )
    session = onnxruntime.InferenceSession(path)
    for N, T in ((2, 8), (3, 13)):
        x = torch.randn(N, 2, T, 25, 3)
        (found,) = session.run(None, dict(x=x.numpy()))
        with torch.no_grad():
            expected = model(x)
        scale = expected.abs().max().item()
        assert scale > 1e-3
        error = (torch.from_numpy(found) - expected).abs().max()
        assert error <= 1e-4 * max(1.0, scale)


def test_groups_of_a_layout_without_a_hierarchy_are_distances():
    model = _build('HDGCN', NINE)
    assert model.groups == [[0], [1, 2], [3, 4, 5, 6], [7, 8]]
    assert len(model.net[0].gcn1.PA) == 3
    A = hdgcn.hierarchy(model.groups, 9)
    torch.testing.assert_close(A[1, 1].sum(0)[[1, 2]], torch.ones(2))
    assert A[1, 1].nonzero().tolist() == [
        [far, near] for far in (3, 4, 5, 6) for near in (1, 2)
    ]
    with pytest.raises(ValueError, match='no partition of the 9 joints'):
        _build('HDGCN', NINE, groups=[[0], [1, 2]])


def test_trees_hang_from_their_root():
    bones = [(1, 0), (2, 1), (3, 1)]
    assert stack.tree_parents(bones, 0) == [0, 0, 1, 1]
    assert stack.tree_parents(bones, 3) == [1, 3, 1, 3]


def test_information_input_is_the_joint_less_its_ancestor():
    model = _build('InfoGCN', NINE, k=2)
    x = torch.randn(9, 3)
    expected = x.clone()
    for joint, ancestor in ((3, 0), (4, 0), (5, 0), (6, 0), (7, 1), (8, 1)):
        expected[joint] -= x[ancestor]
    torch.testing.assert_close(model.differences @ x, expected)


def test_sgn_wants_no_more_frames_than_it_embeds():
    with pytest.raises(ValueError, match='num_frames=20 .* 21 frames'):
        _build('SGN', num_person=1)(torch.zeros(2, 1, 21, 25, 3))


def test_positions_of_the_shift_move_by_the_sign():
    """However large the loss, a step is a hundredth of the rate."""
    model = _build('ShiftGCN', num_person=1)
    model(torch.randn(2, 1, 8, 25, 3)).square().sum().mul(1e4).backward()
    grad = model.net[1].tcn1.shift_in.grad
    assert set(grad.abs().unique().tolist()) <= {
        torch.tensor(0.01).item(),
        torch.tensor(1e-4).item(),
    }
