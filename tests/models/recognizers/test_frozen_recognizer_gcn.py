"""What is frozen and what is not."""

import pytest
import torch
from mmaction.registry import MODELS
from mmaction.structures import ActionDataSample

from shapmix_mm.models import FrozenRecognizerGCN

LAYOUT = dict(num_node=4, inward=[(1, 0), (2, 0), (3, 0)], center=0)
BLOCKS = dict(base_channels=8, num_stages=2, inflate_stages=[], down_stages=[])


def config(backbone, head, kind='FrozenRecognizerGCN'):
    mode = 'spatial' if backbone == 'CTRGCN' else 'stgcn_spatial'
    return dict(
        type=kind,
        backbone=dict(
            type=backbone, graph_cfg=dict(layout=LAYOUT, mode=mode), **BLOCKS
        ),
        cls_head=dict(type=head, num_classes=3, in_channels=8),
    )


def step(model):
    """A step with a weight decay that would shrink what it can reach."""
    optimizer = torch.optim.SGD(
        model.parameters(), lr=0.5, momentum=0.9, weight_decay=0.1
    )
    torch.manual_seed(1)
    clips = torch.randn(5, 1, 2, 8, 4, 3)
    samples = [ActionDataSample().set_gt_label(i % 3) for i in range(5)]
    losses = model(clips, samples, mode='loss')
    losses['loss_cls'].backward()
    optimizer.step()


@pytest.mark.parametrize('backbone', ['STGCN', 'CTRGCN'])
@pytest.mark.parametrize(
    'head', ['GCNHead', 'FeatureGCNHead', 'CosineGCNHead']
)
def test_a_step_changes_the_head_alone(backbone, head):
    torch.manual_seed(0)
    model = MODELS.build(config(backbone, head))
    model.init_weights()
    before = {k: v.clone() for k, v in model.state_dict().items()}
    for _ in range(2):
        model.train()
        step(model)
    for name, value in model.state_dict().items():
        same = torch.equal(value, before[name])
        assert same != name.startswith('cls_head.fc'), name
    wanting = [n for n, p in model.named_parameters() if p.requires_grad]
    assert wanting and all(n.startswith('cls_head.') for n in wanting)


def test_the_unfrozen_one_would_have_changed():
    """The step above is one that the test could miss nothing by."""
    torch.manual_seed(0)
    model = MODELS.build(config('STGCN', 'GCNHead', 'RecognizerGCN'))
    model.init_weights()
    before = {k: v.clone() for k, v in model.state_dict().items()}
    model.train()
    step(model)
    kept = [
        name
        for name, value in model.state_dict().items()
        if torch.equal(value, before[name])
    ]
    # The graph is given, and not learnt.
    assert all(name.endswith('.A') for name in kept)


def test_modes():
    model = MODELS.build(config('STGCN', 'GCNHead'))
    for mode in (True, False, True):
        assert model.train(mode) is model and model.training == mode
        assert model.cls_head.training == mode
        assert model.data_preprocessor.training == mode
        assert not any(m.training for m in model.backbone.modules())


def test_weights_and_scores_are_those_of_the_stock_recognizer():
    torch.manual_seed(0)
    stock = MODELS.build(config('STGCN', 'GCNHead', 'RecognizerGCN')).eval()
    model = MODELS.build(config('STGCN', 'GCNHead')).train()
    model.load_state_dict(stock.state_dict(), strict=True)
    clips = torch.randn(2, 1, 2, 8, 4, 3)
    scores = [m(clips, stage='head', mode='tensor') for m in (model, stock)]
    assert torch.equal(*scores) and isinstance(model, FrozenRecognizerGCN)
