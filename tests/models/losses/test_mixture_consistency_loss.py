"""GLMC's loss: every epoch of its authors' schedule, and its invariants."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from mmaction.registry import MODELS
from mmaction.structures import ActionDataSample

CASES = {
    'default': (10, dict()),
    'cifar100': (200, dict(power=1.2, consistency=4.0)),
}
# Ours and theirs: fc of ours is the one of inference.
NAMES = {
    'fc_plain': 'fc',
    'fc': 'fc_cb',
    'projector': 'projection_head.0',
    'predictor': 'contrast_head.0',
}


@pytest.fixture(scope='module')
def found(authors):
    return authors('glmc')


@pytest.fixture
def inputs(uniform):
    """Both mixtures as the authors' loop made them."""
    a1, a2, b1, b2 = (uniform(401 + i, 12, 3, 16, 10) for i in range(4))
    box = torch.zeros(16, 10, dtype=torch.bool)
    # Centre (8, 5), sides 2 floor(ceil(L sqrt 0.3) / 2): 8 and 6.
    box[4:12, 2:8] = True
    return torch.stack([0.7 * a1 + 0.3 * b1, torch.where(box, b2, a2)])


def net(found, uniform, dtype, **loss):
    head = MODELS.build(
        dict(
            type='MixtureConsistencyHead',
            num_classes=10,
            in_channels=6,
            embed_channels=5,
            loss_cls=dict(
                type='MixtureConsistencyLoss',
                class_counts=found['counts'].tolist(),
                **loss,
            ),
        )
    ).to(dtype)
    parts = {str(n): i for i, n in enumerate(found['net_names'])}
    for own, theirs in NAMES.items():
        layer = getattr(head, own)
        for kind in ('weight', 'bias'):
            value = getattr(layer, kind)
            index = next(
                i for n, i in parts.items() if n == f'{theirs}.{kind}'
            )
            value.data = uniform(420 + index, *value.shape).to(dtype)
    encoder = next(i for n, i in parts.items() if n.startswith('enc'))
    return head, (0.1 * uniform(420 + encoder, 6, 480)).to(dtype)


def losses_of(head, encoder, inputs, found, epoch, epochs):
    labels = [
        0.7 * F.one_hot(torch.tensor(a), 10)
        + 0.3 * F.one_hot(torch.tensor(b), 10)
        for a, b in zip(found['labels_a'], found['labels_b'])
    ]
    samples = [
        ActionDataSample().set_gt_label(y.to(encoder.dtype)) for y in labels
    ]
    head.loss_cls.set_progress(
        4 * epoch + 1, total=4 * epochs, iters_per_pass=4
    )
    features = inputs.to(encoder.dtype).flatten(2) @ encoder.t()
    maps = features[:, :, None, :, None, None]
    return sum(head.loss(maps, samples).values())


@pytest.mark.parametrize('case', CASES)
def test_the_loss_in_every_epoch(case, found, uniform, inputs):
    epochs, cfg = CASES[case]
    head, encoder = net(found, uniform, torch.float32, **cfg)
    with torch.no_grad():
        got = [
            losses_of(head, encoder, inputs, found, e, epochs).item()
            for e in range(epochs)
        ]
    np.testing.assert_allclose(got, found[f'{case}_loss'], rtol=1e-5)


@pytest.mark.parametrize('dtype', [torch.float32, torch.float64])
@pytest.mark.parametrize('case', CASES)
def test_gradients_in_three_epochs(case, dtype, found, uniform, inputs):
    epochs, cfg = CASES[case]
    for row, epoch in enumerate(found[f'{case}_grad_epochs']):
        head, encoder = net(found, uniform, dtype, **cfg)
        encoder.requires_grad_()
        losses_of(head, encoder, inputs, found, int(epoch), epochs).backward()
        got = {
            f'{theirs}.{kind}': getattr(getattr(head, own), kind).grad
            for own, theirs in NAMES.items()
            for kind in ('weight', 'bias')
        }
        got['enc_rowsum'] = encoder.grad.sum(1)
        for name, value in got.items():
            expected = found[f'{case}_grad_{name}'][row]
            np.testing.assert_allclose(
                value,
                expected,
                rtol=0,
                atol=1e-5 * max(abs(expected).max(), 1),
            )


def test_the_share_of_the_plain_classifier(found):
    loss = MODELS.build(dict(type='MixtureConsistencyLoss'))
    shares = []
    # An epoch that repeats the data 2.5 times is no epoch of the schedule.
    for epoch in range(10):
        loss.set_progress(7 * epoch, total=70, iters_per_pass=7.0)
        shares.append(loss.plain_share)
    np.testing.assert_allclose(shares, found['alpha'])
    # Nine steps, 9 / 7 to a pass, are seven; 9 / (9 / 7) is a bit less.
    loss.set_progress(9, total=18, iters_per_pass=9 / 7)
    assert loss.plain_share == pytest.approx(1 - 0.5**2)


def test_in_evaluation_it_is_cross_entropy():
    loss = MODELS.build(dict(type='MixtureConsistencyLoss')).eval()
    scores, labels = torch.randn(3, 10), torch.arange(3)
    torch.testing.assert_close(
        loss(scores, labels), F.cross_entropy(scores, labels)
    )


def test_without_progress_or_counts_it_says_so():
    loss = MODELS.build(dict(type='MixtureConsistencyLoss'))
    parts = dict(
        plain=torch.randn(2, 3, 4),
        embedded=torch.randn(2, 3, 5),
        predicted=torch.randn(2, 3, 5),
    )
    with pytest.raises(ValueError, match='has no class counts'):
        loss(torch.randn(2, 3, 4), torch.arange(3), **parts)
    loss.set_class_counts([3, 2, 1, 1])
    with pytest.raises(ValueError, match='TrainingProgressHook'):
        loss(torch.randn(2, 3, 4), torch.arange(3), **parts)
