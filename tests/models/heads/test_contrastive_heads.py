"""BCL's heads against its authors' code, and what the heads refuse."""

import numpy as np
import pytest
import torch
from mmaction.registry import MODELS
from mmaction.structures import ActionDataSample

COUNTS = [600, 37, 6, 125, 20, 300, 6, 60, 12, 250]
# Ours and theirs, layer by layer of two multi-layer perceptrons.
NAMES = {'projector': 'head', 'prototypes': 'head_fc'}


def balanced(found, uniform, dtype):
    """The head with the authors' weights."""
    head = MODELS.build(
        dict(
            type='BalancedContrastiveHead',
            num_classes=10,
            in_channels=8,
            embed_channels=6,
        )
    ).to(dtype)
    head.loss_cls.set_class_counts(COUNTS)
    order = {str(n): i for i, n in enumerate(found['model_names'])}
    theirs = {
        f'{t}.{r}': f'{o}.{r}'
        for o, t in NAMES.items()
        for r in (
            f'{i}.{kind}' for i in (0, 1, 3) for kind in ('weight', 'bias')
        )
    }
    own = dict(head.named_parameters())
    for name, index in order.items():
        if name == 'fc.weight':
            own[name].data = uniform(310 + index, 8, 10).t().to(dtype)
            continue
        value = own[theirs[name]]
        drawn = uniform(310 + index, *value.shape).to(dtype)
        if value.ndim == 1:
            drawn = drawn / 4 + name.endswith('1.weight')
        value.data = drawn
    return head, {
        **{o: t for t, o in theirs.items()},
        'fc.weight': 'fc.weight',
    }


@pytest.mark.parametrize('dtype', [torch.float32, torch.float64])
def test_bcl_values_and_gradients(dtype, authors, uniform):
    found = authors('bcl')
    head, theirs = balanced(found, uniform, dtype)
    features = uniform(330, 36, 8).to(dtype).requires_grad_()
    labels = torch.from_numpy(found['labels'])
    losses = head.feature_losses(features, labels)
    (losses['loss_cls'] + losses['loss_contrast']).backward()
    assert losses['loss_cls'].item() == pytest.approx(
        float(found['model_ce']), rel=1e-5
    )
    assert losses['loss_contrast'].item() == pytest.approx(
        0.35 * float(found['model_scl']), rel=1e-5
    )
    got = {n: p.grad for n, p in head.named_parameters()}
    got['fc.weight'] = got['fc.weight'].t()
    for name, value in {**got, 'input': features.grad}.items():
        expected = found[f'model_grad_{theirs.get(name, name)}']
        # Biases before a batch norm have no gradient but rounding.
        size = max(abs(expected).max(), 0.1)
        np.testing.assert_allclose(value, expected, rtol=0, atol=1e-5 * size)
    for own, key in (('projector', 'head'), ('prototypes', 'proto')):
        np.testing.assert_allclose(
            getattr(head, own)[1].running_mean,
            found[f'model_bn_{key}_mean'],
            rtol=1e-5,
            atol=1e-6,
        )


def test_bcl_scores_are_scaled_cosines(authors, uniform):
    found = authors('bcl')
    head, _ = balanced(found, uniform, torch.float64)
    np.testing.assert_allclose(
        head.fc(uniform(330, 36, 8)).detach(), found['model_logits'], rtol=1e-9
    )


def test_a_single_sample_is_no_batch_for_the_projector():
    head = MODELS.build(
        dict(
            type='ParametricContrastiveHead',
            num_classes=4,
            in_channels=6,
            embed_channels=5,
        )
    )
    sample = ActionDataSample().set_gt_label(1)
    with pytest.raises(ValueError, match='drop_last=True'):
        head.loss(torch.randn(1, 1, 6, 2, 3), [sample], keys=torch.randn(1, 5))


def test_bcl_takes_a_single_sample():
    head = MODELS.build(
        dict(
            type='BalancedContrastiveHead',
            num_classes=4,
            in_channels=6,
            embed_channels=5,
        )
    )
    head.loss_cls.set_class_counts([4, 3, 2, 1])
    sample = ActionDataSample().set_gt_label(1)
    losses = head.loss(torch.randn(3, 1, 1, 6, 2, 3), [sample])
    assert losses['loss_contrast'].isfinite()
