"""Every recognizer gives what its authors' network gives."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from mmaction.registry import MODELS
from torch.utils.flop_counter import FlopCounterMode

sys.path.insert(0, str(Path(__file__).parent))
import authors
from authors import CASES, relative_error

from shapmix_mm.models.backbones.efficientgcn import input_branches
from shapmix_mm.models.backbones.shiftgcn import TemporalShift
from shapmix_mm.models.heads.fr_head import PrototypeContrast
from shapmix_mm.models.heads.latent_heads import divergence, information_terms


@pytest.mark.real_data
@pytest.mark.parametrize('case', CASES, ids=lambda case: case.id)
def test_scores_and_parameters_are_those_of_the_authors(case, shared_dir):
    ref = authors.reference(shared_dir, case.file or case.model)
    model = authors.loaded(case, ref)
    x = ref.input(case.name)
    found = authors.scores(model, x)
    assert relative_error(found, ref.logits(case.name)) < 1e-5
    # Another input gives other scores: the check could fail.
    assert relative_error(authors.scores(model, x.flip(-2)), found) > 1e-3

    state = ref.state_dict(case.name)
    trained = [
        value.numel()
        for key, value in state.items()
        if 'running_' not in key
        and not key.endswith(('.A', '.xpos'))
        and key != 'A'
    ]
    ours = sum(p.numel() for p in model.parameters())
    assert ours + case.unused == sum(trained)


# What our order of operations does less (or more) than the authors'.
def _relation(model, frames):
    """Query and key are convolved once, not in every frame."""
    total = 0
    for block, T in zip(model.net, frames):
        conv = block.gcn1.convs[0].conv1
        total += 3 * 2 * conv.in_channels * conv.out_channels * (T - 1)
    return 2 * 25 * total


def _gated_relation(model, frames):
    """And the relation is widened for each joint, not for each pair."""
    total = _relation(model, frames)
    for block in model.net:
        conv = block.gcn1.convs[0].conv4
        size = conv.in_channels * conv.out_channels
        total += 2 * 3 * size * (25 * 25 - 2 * 25)
        # The gate is counted as a convolution of one frame.
        total += 2 * 3 * conv.in_channels
    # Training alone needs the variance's layer and the second classifier.
    return total + 256 * 256 * 2 + 256 * 120


def _attention(model, frames):
    """Heads are convolved before their graphs; no variance is computed."""
    total = 0
    for block, T in zip(model.net, frames):
        conv = block.gcn1.conv_d[0]
        total += 3 * 25 * 25 * T * (conv.out_channels - conv.in_channels)
    return 256 * 256 - 2 * total


FEWER = dict(ctrgcn=_relation, streamgcn=_gated_relation, infogcn=_attention)


@pytest.mark.parametrize(
    'case', [c for c in CASES if c.cost[0]], ids=lambda case: case.id
)
def test_multiply_adds_are_those_of_the_authors(case):
    frames, expected = case.cost
    persons = 1 if case.model == 'sgn' else 2
    x = torch.empty(1, persons, frames, 25, 3, device='meta')
    backbone = authors.recognizer(case, 120, 256).backbone.to('meta')
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        channels = backbone(x).size(2)
    found = counter.get_total_flops() // 2 + 120 * channels
    if case.head != 'GCNHead':
        found += 256 * 256 * (1 + (case.model == 'infogcn'))
    if case.model in FEWER:
        times = [64] * 5 + [32] * 3 + [16] * 2
        if case.model == 'infogcn':
            times = [64] * 4 + [32] * 3 + [16] * 2
        found += FEWER[case.model](backbone, times)
    if case.model in ('hdgcn', 'sgn'):
        # Edges are convolved per joint, and constant inputs once.
        assert 0.93 * expected < found < expected
    else:
        assert found == expected


@pytest.mark.real_data
@pytest.mark.parametrize(
    'name, layout, options',
    [
        ('ntu', 'nturgb+d', dict()),
        (
            'coco_m1',
            'coco',
            dict(
                base_channels=48,
                num_gcn_scales=8,
                num_g3d_scales=4,
                num_person=1,
            ),
        ),
    ],
)
def test_msg3d_of_mmaction2_keeps_its_names_and_features(
    name, layout, options, shared_dir
):
    ref = authors.reference(shared_dir, 'msg3d_port')
    model = MODELS.build(
        dict(
            type='MSG3D',
            graph_cfg=dict(layout=layout),
            variant='mmaction',
            **options,
        )
    ).eval()
    state = ref.state_dict(name)
    for key, value in state.items():
        if key.rpartition('.')[2] == 'A':
            torch.testing.assert_close(model.state_dict()[key], value)
    missing, unexpected = model.load_state_dict(state, strict=False)
    assert unexpected == []
    assert {key.rpartition('.')[2] for key in missing} <= {
        'num_batches_tracked'
    }
    with torch.no_grad():
        pooled = model(ref.input(name)).mean((1, 3, 4))
    assert relative_error(pooled, ref.logits(name)) < 1e-5


@pytest.mark.real_data
@pytest.mark.parametrize(
    'name, case',
    [
        ('A_powers', 'msg3d-ntu'),
        ('A_powers', 'msg3d-kinetics'),
        ('A_scales_w3', 'msg3d-ntu'),
        ('A_init', 'hdgcn-ntu_com1'),
        ('A_init', 'hdgcn-ntu_com21'),
        ('PA_init', 'frhead-ntu'),
        ('PA_init', 'streamgcn-ucla'),
        ('hash_A_vector', 'infogcn-ntu_k8'),
        ('hash_A_vector', 'infogcn-ucla'),
        ('hash_hop_A', 'efficientgcn-b4_sep'),
    ],
)
def test_graphs_start_as_those_of_the_authors(name, case, shared_dir):
    (case,) = [c for c in CASES if c.id == case]
    ref = authors.reference(shared_dir, case.model)
    backbone = authors.recognizer(case, 5, 256).backbone
    graph = {
        'A_powers': lambda: backbone.sgcn1[0].A.flatten(0, 1),
        'A_scales_w3': lambda: (
            backbone.gcn3d1.gcn3d[0].gcn3d[1].A.flatten(0, 1)
        ),
        'A_init': lambda: backbone.net[0].gcn1.PA,
        'PA_init': lambda: backbone.A,
        'hash_A_vector': lambda: backbone.differences,
        'hash_hop_A': lambda: backbone.main[0].scn.conv.A,
    }[name]()
    expected = torch.from_numpy(ref.npz[f'{case.name}_{name}']).float()
    torch.testing.assert_close(graph.detach(), expected)


@pytest.mark.real_data
def test_input_branches_are_those_of_the_feeder(shared_dir):
    ref = authors.reference(shared_dir, 'efficientgcn')
    model = MODELS.build(
        dict(type='EfficientGCN', graph_cfg=dict(layout='nturgb+d'))
    )
    found = input_branches(ref.input('b4_sep')[:1], model.parents, 1)
    expected = torch.from_numpy(ref.npz['b4_sep_hash_jvb_sample0'])
    torch.testing.assert_close(found[:, 0].permute(0, 4, 2, 3, 1), expected)


@pytest.mark.real_data
@pytest.mark.parametrize('stride', [1, 2])
def test_shift_and_its_gradients_are_those_of_the_kernels(stride, shared_dir):
    """Also the gradient of the positions, which is a sign."""
    npz = authors.reference(shared_dir, 'shiftgcn').npz

    def unit(name):
        return torch.from_numpy(npz[f'unit_s{stride}_{name}'])

    x = unit('x').permute(1, 3, 2, 0).contiguous().requires_grad_()
    position = unit('ypos').clone().requires_grad_()
    out = TemporalShift.apply(x, position, stride)
    torch.testing.assert_close(out.permute(3, 0, 2, 1), unit('out'))
    grads = torch.autograd.grad(
        out, (x, position), unit('g').permute(1, 3, 2, 0)
    )
    torch.testing.assert_close(grads[0].permute(3, 0, 2, 1), unit('grad_x'))
    torch.testing.assert_close(grads[1], unit('grad_ypos'))


@pytest.mark.real_data
def test_information_terms_are_those_of_infogcn(shared_dir):
    npz = authors.reference(shared_dir, 'infogcn').npz
    unit = {k[5:]: npz[k] for k in npz.files if k.startswith('unit_')}
    z = torch.from_numpy(unit['z']).requires_grad_()
    labels = F.one_hot(torch.from_numpy(unit['label']).long(), 5).float()
    # One class is absent.
    assert (labels.sum(0) == 0).sum() == 1
    per_class, length = information_terms(
        z, labels, torch.from_numpy(unit['prior'])
    )
    assert per_class.item() == pytest.approx(float(unit['mmd']), rel=1e-6)
    assert length.item() == pytest.approx(float(unit['norm']), rel=1e-6)
    (0.1 * per_class + 1e-4 * length).backward()
    assert relative_error(z.grad, torch.from_numpy(unit['grad_z'])) < 1e-5


@pytest.mark.real_data
def test_divergences_are_those_of_streamgcn(shared_dir):
    npz = authors.reference(shared_dir, 'streamgcn').npz
    unit = {
        k[5:]: torch.from_numpy(npz[k])
        for k in npz.files
        if k.startswith('unit_')
    }
    first = divergence(unit['z'], unit['prior'])
    assert first.item() == pytest.approx(unit['d1'].item(), rel=1e-6)
    q = unit['q'].requires_grad_()
    second = divergence(unit['scores'], q)
    assert second.item() == pytest.approx(unit['d2'].item(), rel=1e-6)
    second.backward()
    assert relative_error(q.grad, unit['grad_q']) < 1e-5


@pytest.mark.real_data
@pytest.mark.parametrize(
    'version', ['V0', 'V1', 'V2', 'NO_FN', 'NO_FP', 'NO_FN_and_FP']
)
@pytest.mark.parametrize(
    'threshold, use_probability', [(0.0, True), (0.4, True), (0.0, False)]
)
def test_contrast_is_that_of_frhead(
    version, threshold, use_probability, shared_dir
):
    npz = authors.reference(shared_dir, 'frhead').npz

    def unit(name):
        return torch.from_numpy(npz[f'unit_{name}'])

    model = PrototypeContrast(
        40,
        5,
        16,
        version=version,
        threshold=threshold,
        use_probability=use_probability,
    )
    model.fc.load_state_dict(dict(weight=unit('weight'), bias=unit('bias')))
    model.memory.copy_(unit('memory'))
    feature = unit('feat').clone().requires_grad_()
    loss = model(feature, unit('label').long(), unit('logit'))
    loss.backward()
    key = f'{version}_thr{threshold}_pmap{int(use_probability)}_'
    for found, name in (
        (loss, 'loss'),
        (feature.grad, 'grad_feat'),
        (model.fc.weight.grad, 'grad_weight'),
        (model.memory, 'memory'),
    ):
        assert relative_error(found, unit(key + name)) < 1e-5, name


@pytest.mark.real_data
@pytest.mark.parametrize('name', ['ntu', 'ucla'])
def test_refinement_loss_and_prototypes_are_those_of_frhead(name, shared_dir):
    (case,) = [c for c in CASES if c.id == f'frhead-{name}']
    ref = authors.reference(shared_dir, 'frhead')
    model = authors.loaded(case, ref)
    value = type(ref).state_dict.__globals__['value']
    gain = float(ref.npz[f'{name}_gain'])
    for i, level in enumerate(model.refinement.levels):
        for j, part in enumerate(('spatial', 'temporal')):
            memory = getattr(level, f'{part}_contrast').memory
            memory.copy_(
                value(2000000 + 2 * i + j, 'avg_f', tuple(memory.shape), gain)
            )
    labels = torch.from_numpy(ref.npz[f'{name}_hash_labels']).long()
    model.training = True  # Maps are kept, batch norms evaluate.
    maps = {}
    for tap in model.taps:
        model.backbone.net[tap].register_forward_hook(
            lambda m, a, y, tap=tap: maps.update({tap: y})
        )
    x = ref.input(name)
    with torch.no_grad():
        scores = model.cls_head(model.backbone(x))
        loss = model.refinement(
            [model._by_person(maps[tap], len(x)) for tap in model.taps],
            labels,
            scores,
        )
    expected = float(ref.npz[f'{name}_hash_cl_loss_V0'])
    assert 0.1 * expected == pytest.approx(loss.item(), rel=1e-5)


@pytest.mark.real_data
def test_reference_covers_the_sheet(shared_dir):
    """No configuration of the files is left out here."""
    folder = shared_dir / 'reference' / 'recognisers'
    done = {(case.file or case.model, case.name) for case in CASES}
    for path in folder.glob('*.npz'):
        if path.stem in ('ctrgcn', 'msg3d_port'):
            continue
        names = authors.reference(shared_dir, path.stem).names
        assert {(path.stem, name) for name in names} <= done
