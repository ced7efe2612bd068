"""GLMC's mixtures: boxes of its authors, provenance, bad input."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from mmaction.registry import MODELS
from mmaction.structures import ActionDataSample

from shapmix_mm.models.blending.global_local_blending import pairing

LAYOUT = dict(
    name='ten',
    num_node=10,
    inward=[(i, 0) for i in range(1, 10)],
    center=0,
    parts=[[0, 1], [2, 3], [4, 5], [6, 7], [8, 9]],
)


def build(**kwargs):
    return MODELS.build(
        dict(
            type='GlobalLocalBlending', num_classes=10, layout=LAYOUT, **kwargs
        )
    )


def drawn(found, case):
    lam, *centre = found[f'mix_{case}_draws']
    # The middle of the cell that was drawn.
    at = (torch.tensor(centre) + 0.5) / torch.tensor([16, 10])
    return pairing(torch.tensor(lam), at, torch.Size([16, 10]))


@pytest.mark.parametrize('case', ['inner', 'corner', 'small'])
def test_boxes_and_labels_are_those_of_the_authors(case, authors, uniform):
    found = authors('glmc')
    pair = drawn(found, case)
    x1, y1, x2, y2 = found[f'mix_{case}_box']
    expected = np.zeros((16, 10), dtype=bool)
    expected[x1:x2, y1:y2] = True
    np.testing.assert_array_equal(pair.box, expected)
    # Two views of samples and partners, (12, 3, 16, 10), one person each.
    views = [
        uniform(401 + i, 12, 3, 16, 10).permute(0, 2, 3, 1)[:, None]
        for i in range(4)
    ]
    own, partner = (torch.stack(views[i : i + 2], 1) for i in (0, 2))
    clips = torch.stack([own, partner], 1).flatten(0, 1)
    labels = torch.from_numpy(
        np.stack([found['labels_a'], found['labels_b']], 1)
    ).flatten()
    mixed, label = build().mix(clips, F.one_hot(labels, 10).double(), pair)
    np.testing.assert_allclose(
        mixed[:, 0].sum((1, 2, 3, 4)),
        found[f'mix_{case}_mixup_sum'],
        atol=1e-10,
    )
    changed = mixed[:, 1, 0, :, :, 0] != own[:, 1, 0, :, :, 0]
    np.testing.assert_array_equal(
        changed,
        np.broadcast_to(found[f'mix_{case}_cutmix_changed'], (12, 16, 10)) > 0,
    )
    np.testing.assert_allclose(label, found[f'mix_{case}_labels'], atol=1e-12)


def samples(num):
    return [ActionDataSample().set_gt_label(i % 10) for i in range(num)]


def test_every_cell_comes_from_its_pair():
    """Cell values name sample and view, so that each can be traced."""
    blend, num = build(), 6
    value = torch.arange(2.0 * num).view(num, 2, 1, 1, 1, 1)
    clips = value.expand(num, 2, 2, 8, 10, 3).clone()
    given = clips.clone()
    torch.manual_seed(3)
    mixed, labelled = blend(clips, samples(num))
    assert torch.equal(clips, given)
    assert mixed.shape == (3, 2, 2, 8, 10, 3)
    for i, sample in enumerate(labelled):
        lam = sample.gt_label[2 * i].item()
        assert sample.gt_label[2 * i + 1].item() == pytest.approx(1 - lam)
        assert sample.gt_label.sum() == pytest.approx(1)
        whole = lam * 4 * i + (1 - lam) * (4 * i + 2)
        torch.testing.assert_close(
            mixed[i, 0], torch.full((2, 8, 10, 3), whole)
        )
        assert set(mixed[i, 1].unique().tolist()) <= {4 * i + 1.0, 4 * i + 3.0}
    boxes = mixed[:, 1] == given[1::2, 1]
    assert torch.equal(boxes[0], boxes[2]), 'one box serves the batch'


def test_batches_that_are_no_pairs_of_two_views_are_refused():
    with pytest.raises(ValueError, match='an even batch_size'):
        build()(torch.zeros(3, 2, 1, 8, 10, 3), samples(3))
    with pytest.raises(ValueError, match='2 clips per sample'):
        build()(torch.zeros(4, 1, 1, 8, 10, 3), samples(4))
    with pytest.raises(ValueError, match='keep_originals must be False'):
        build(keep_originals=True)
