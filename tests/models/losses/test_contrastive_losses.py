"""PaCo's and BCL's losses: numbers of their authors, queue, bad input."""

import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from mmaction.registry import MODELS

COUNTS = [600, 37, 6, 125, 20, 300, 6, 60, 12, 250]
TOLERANCE = {torch.float32: 1e-5, torch.float64: 1e-6}
both_types = pytest.mark.parametrize('dtype', TOLERANCE)


def check(got, expected, dtype):
    scale = abs(expected).max()
    np.testing.assert_allclose(
        got, expected, rtol=0, atol=TOLERANCE[dtype] * scale
    )


def leaf(values, dtype):
    return torch.as_tensor(values).to(dtype, copy=True).requires_grad_()


class TestBalanced:
    """BCL."""

    @both_types
    @pytest.mark.parametrize(
        'case, num, temperature',
        [
            ('t007', 12, 0.07),
            ('t01', 12, 0.1),
            ('b1', 1, 0.07),
            ('b3', 3, 0.07),
        ],
    )
    def test_value_and_gradients(self, case, num, temperature, dtype, authors):
        found = authors('bcl')
        loss = MODELS.build(
            dict(type='BalancedContrastiveLoss', temperature=temperature)
        )
        features = leaf(found['features'][:num], dtype)
        centers = leaf(found['centers'], dtype)
        labels = torch.from_numpy(found['labels'][:num])
        got = loss(features.transpose(0, 1), centers, labels)
        got.backward()
        check(got.detach(), found[f'{case}_loss'], dtype)
        check(features.grad, found[f'{case}_grad_features'], dtype)
        check(centers.grad, found[f'{case}_grad_centers'], dtype)

    def test_equal_features_cost_the_log_of_the_number_of_classes(self):
        loss = MODELS.build(dict(type='BalancedContrastiveLoss'))
        same = F.normalize(torch.ones(1, 4), dim=1)
        labels = torch.tensor([0, 0, 2, 5, 0])
        got = loss(same.expand(2, 5, 4), same.expand(7, 4), labels)
        assert got.item() == pytest.approx(math.log(7), rel=1e-6)

    def test_soft_labels_are_refused(self):
        loss = MODELS.build(dict(type='BalancedContrastiveLoss'))
        with pytest.raises(ValueError, match='one class for each sample'):
            loss(torch.ones(2, 3, 4), torch.ones(5, 4), torch.ones(3, 5))


def paco(found=None, **kwargs):
    loss = MODELS.build(dict(type='ParametricContrastiveLoss', **kwargs))
    loss.set_class_counts(COUNTS)
    if found is not None:
        loss.queue = torch.from_numpy(found['queue'])
        loss.queue_labels = torch.from_numpy(found['queue_labels']).double()
        loss.queue_pointer = torch.zeros(1)
    return loss


PACO = {
    'imagenet': dict(alpha=0.05, temperature=0.2),
    'cifar': dict(alpha=0.01, temperature=0.05),
    'general': dict(
        alpha=0.3,
        beta=0.7,
        gamma=0.5,
        class_temperature=2.0,
        temperature=0.2,
        base_temperature=0.5,
    ),
    'b1': dict(alpha=0.05, temperature=0.2),
    'b3': dict(alpha=0.05, temperature=0.2),
}


class TestParametric:
    """PaCo. Queries are at unit length already; to normalise is no change."""

    @both_types
    @pytest.mark.parametrize('case', PACO)
    def test_value_and_gradients(self, case, dtype, authors):
        found = authors('paco')
        num = dict(b1=1, b3=3).get(case, 12)
        query = leaf(found['q'][:num], dtype)
        scores = leaf(found['sup_logits'][:num], dtype)
        key = torch.from_numpy(found['k'][:num]).to(dtype)
        labels = torch.from_numpy(found['labels'][:num])
        unit = F.normalize(query, dim=1)
        unit.retain_grad()
        loss = paco(found, **PACO[case])
        got = loss._contrast(scores, labels, unit, key)
        got.backward()
        check(got.detach(), found[f'{case}_loss'], dtype)
        check(unit.grad, found[f'{case}_grad_q'], dtype)
        check(scores.grad, found[f'{case}_grad_sup'], dtype)
        again = paco(found, **PACO[case])(scores, labels, query=query, key=key)
        assert again.item() == pytest.approx(got.item(), rel=1e-6)

    def test_keys_have_no_gradient(self):
        query, key = (leaf(torch.randn(3, 4), torch.float64) for _ in 'qk')
        scores = torch.randn(3, 10).double()
        loss = paco(queue_size=7)
        loss(scores, torch.arange(3), query=query, key=key).backward()
        assert query.grad.any() and key.grad is None
        assert not loss.queue.requires_grad

    def test_without_contrast_it_is_logit_adjustment(self, authors):
        found = authors('paco')
        scores = torch.from_numpy(found['sup_logits'])
        labels = torch.from_numpy(found['labels'])
        query = torch.from_numpy(found['q'])
        got = paco(found, alpha=0.0, gamma=0.0)(
            scores, labels, query=query, key=query
        )
        other = MODELS.build(dict(type='BalancedSoftmaxLoss'))
        other.set_class_counts(COUNTS)
        assert got.item() == pytest.approx(
            other(scores, labels).item(), rel=1e-6
        )

    def test_the_queue_is_a_ring_that_starts_empty(self):
        """Batches of 3 in a ring of 7; what is empty is no contrast."""
        loss = paco(queue_size=7)
        stream = torch.randn(9, 4)
        for first in (0, 3, 6):
            rows = stream[first : first + 3]
            loss(
                torch.randn(3, 10),
                torch.arange(first, first + 3),
                query=rows,
                key=rows,
            )
        order = [7, 8, 2, 3, 4, 5, 6]
        torch.testing.assert_close(
            loss.queue, F.normalize(stream[order], dim=1)
        )
        assert loss.queue_labels.tolist() == order
        assert loss.queue_pointer.tolist() == [2]

    def test_empty_places_do_not_count(self):
        scores, rows = torch.randn(3, 10), torch.randn(3, 4)
        labels = torch.tensor([1, 1, 5])
        fresh = paco(queue_size=7)
        first = fresh(scores, labels, query=rows, key=rows)
        none = paco()
        none.queue = torch.zeros(3, 4)
        none.queue_labels = torch.full((3,), -1.0)
        none.queue_pointer = torch.zeros(1)
        torch.testing.assert_close(
            first, none(scores, labels, query=rows, key=rows)
        )

    def test_a_checkpoint_brings_the_queue(self):
        loss, other = paco(queue_size=7), paco(queue_size=7)
        rows = torch.randn(3, 4)
        loss(torch.randn(3, 10), torch.arange(3), query=rows, key=rows)
        other.load_state_dict(loss.state_dict())
        for name, value in loss.state_dict().items():
            assert torch.equal(other.state_dict()[name], value), name

    def test_a_queue_longer_than_the_data_is_refused(self):
        with pytest.raises(ValueError, match='more than the 1416 training'):
            paco(queue_size=2000)
        assert paco().length == 1024

    def test_a_batch_longer_than_the_queue_is_refused(self):
        rows = torch.randn(3, 4)
        with pytest.raises(ValueError, match='does not fit into a queue of 2'):
            paco(queue_size=2)(
                torch.randn(3, 10), torch.arange(3), query=rows, key=rows
            )

    def test_soft_labels_and_missing_embeddings_are_refused(self):
        with pytest.raises(ValueError, match='one class for each sample'):
            paco()(torch.ones(3, 10), torch.ones(3, 10))
        with pytest.raises(ValueError, match='MomentumRecognizerGCN'):
            paco()(torch.ones(3, 10), torch.arange(3))

    def test_in_evaluation_it_is_cross_entropy(self):
        scores, labels = torch.randn(3, 10), torch.arange(3)
        torch.testing.assert_close(
            paco().eval()(scores, labels), F.cross_entropy(scores, labels)
        )
