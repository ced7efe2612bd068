"""Checkpoints of the authors, converted and loaded."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest
import torch
from mmaction.registry import MODELS
from mmengine.runner import load_checkpoint

sys.path.insert(0, str(Path(__file__).parents[1] / 'models' / 'backbones'))
import authors

from shapmix_mm.config.mixins import load_config

ROOT = Path(__file__).resolve().parents[2]


def _tool():
    path = ROOT / 'tools' / 'convert_checkpoint.py'
    spec = importlib.util.spec_from_file_location('convert_checkpoint', path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


tool = _tool()
# The smaller configuration of each model.
CASES = {case.model: case for case in authors.CASES}


def test_every_model_of_the_tool_is_tested():
    from shapmix_mm.serialization import UPSTREAM

    assert set(tool.MODELS) == set(UPSTREAM) == set(CASES)


@pytest.mark.real_data
@pytest.mark.parametrize('name', tool.MODELS)
def test_a_converted_file_gives_the_authors_scores(
    name, shared_dir, tmp_path, capsys
):
    case = CASES[name]
    ref = authors.reference(shared_dir, case.file or case.model)
    state = ref.state_dict(case.name)
    # As saved by a parallel wrapper, with what upstream keeps twice.
    state = {f'module.{key}': value for key, value in state.items()}
    for key in list(state):
        if '.gcn1.conv.5.' in key:
            again = key.replace('.conv.5.', '.conv_d.')
            state[again] = state[key]
    source, target = tmp_path / 'theirs.pt', tmp_path / 'ours.pth'
    torch.save(state, source)
    assert tool.main([name, str(source), str(target)]) == 0
    out = capsys.readouterr().out
    assert f"'type': '{case.kind}'" in out

    weight = state[
        {
            'infogcn': 'module.decoder.weight',
            'streamgcn': 'module.classify.weight',
            'efficientgcn': 'module.classifier.fc.weight',
        }.get(name, 'module.fc.weight')
    ]
    model = authors.recognizer(case, *weight.shape[:2])
    load_checkpoint(model, str(target), map_location='cpu', strict=True)
    scores = authors.scores(model, ref.input(case.name))
    assert authors.relative_error(scores, ref.logits(case.name)) < 1e-5


def _ctrgcn(**kwargs):
    return MODELS.build(
        dict(
            type='RecognizerGCN',
            backbone=dict(
                type='CTRGCN',
                graph_cfg=dict(layout='nw-ucla', mode='spatial'),
                variant='authors',
                num_person=1,
            ),
            cls_head=dict(type='GCNHead', num_classes=5, in_channels=256),
            **kwargs,
        )
    )


def test_there_and_back_is_the_same(tmp_path):
    ours = _ctrgcn().state_dict()
    paths = [str(tmp_path / name) for name in ('a.pth', 'b.pt', 'c.pth')]
    torch.save(dict(state_dict=ours, meta={}), paths[0])
    assert tool.main(['ctrgcn', paths[0], paths[1], '--reverse']) == 0
    theirs = torch.load(paths[1])
    assert 'l1.gcn1.PA' in theirs and 'fc.weight' in theirs
    assert not any(key.startswith(('backbone', 'cls')) for key in theirs)
    assert tool.main(['ctrgcn', paths[1], paths[2]]) == 0
    back = torch.load(paths[2])['state_dict']
    assert list(back) == list(ours)
    assert all(torch.equal(back[key], ours[key]) for key in ours)
    assert tool.main(['hdgcn', paths[0], paths[1], '--reverse']) == 2


@pytest.mark.parametrize(
    'config',
    [
        f'{ROOT}/configs/ltnwucla/ctrgcn_balsoftmax_ltnwucla.py',
        f'{ROOT}/configs/ctrgcn_shapmix_ltnwucla.py',
        'shapmix_mm::ctrgcn_shapmix_ltnwucla.py',
        f'{ROOT}/configs/ctrgcn_cb_ltnwucla.py',  # it lies in a folder
    ],
)
def test_the_config_may_have_a_blend_or_counts(config, tmp_path):
    """The authors' file has no counts of our training set."""
    settings = load_config(config).model
    source, target = str(tmp_path / 'a.pt'), str(tmp_path / 'b.pth')
    ours = MODELS.build(settings).state_dict()
    torch.save(ours, source)
    assert tool.main(['ctrgcn', source, source, '--reverse']) == 0
    assert tool.main(['ctrgcn', source, target, '--config', config]) == 0
    found = torch.load(target)['state_dict']
    plain = {k for k in ours if k.startswith(('backbone.', 'cls_head.fc.'))}
    assert set(found) == plain < set(ours)
    assert all(torch.equal(found[key], ours[key]) for key in plain)


def test_what_does_not_fit_is_named_by_its_first_key(tmp_path, capsys):
    source, target = str(tmp_path / 'a.pt'), tmp_path / 'b.pth'
    ours = _ctrgcn().state_dict()
    torch.save(ours, source)
    tool.main(['ctrgcn', source, source, '--reverse'])
    theirs = torch.load(source)

    def error(model='ctrgcn'):
        torch.save(theirs, source)
        assert tool.main([model, source, str(target)]) == 2
        assert not target.exists()
        return capsys.readouterr().err

    theirs['l3.tcn1.branches.0.0.weight'] = torch.zeros(16, 60, 1, 1)
    assert (
        'of 1 entries that differ the first is '
        'backbone.net.2.tcn1.branches.0.0.weight: (16, 60, 1, 1) in the file'
    ) in error()
    theirs['l11.gcn1.PA'] = torch.zeros(3, 20, 20)
    del theirs['l3.tcn1.branches.0.0.weight']
    assert 'backbone.net.2.tcn1.branches.0.0.weight: not in the' in error()
    assert 'backbone.net.0.gcn1.Feature_Mask: not in' in error('shiftgcn')
    theirs.clear()
    theirs['epoch'] = 3
    assert 'holds no state dict' in error()
