"""Exact values against plain loops, and errors against scipy's numbers."""

import random
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from mmaction.structures import ActionDataSample
from mmengine.model import BaseDataPreprocessor
from scipy.stats import spearmanr
from torch import nn
from torch.utils.data import Subset

from shapmix_mm.saliency import (
    SeededSamples,
    Worths,
    choose_samples,
    class_saliency,
    exact_worths,
    sample_labels,
    table_error,
)
from shapmix_mm.saliency.exact import sample_name
from shapmix_mm.shapley import exact_shapley
from shapmix_mm.skeletons import get_layout

JOINTS, CLASSES = 6, 4
SHAPE = (2, 5, JOINTS, 3)
MEAN = torch.linspace(-1, 1, 2 * JOINTS * 3).view(2, JOINTS, 3)


def layout_of(num_parts, joints=JOINTS):
    """The last part takes the joints that are left over."""
    parts = [[p] for p in range(num_parts - 1)]
    return get_layout(
        dict(
            num_node=joints,
            inward=[(j, 0) for j in range(1, joints)],
            center=0,
            parts=[*parts, [*range(num_parts - 1, joints)]],
        )
    )


class Scorer(nn.Module):
    """Not additive over joints, and counting the clips that it scores."""

    def __init__(self, channels=3):
        super().__init__()
        generator = torch.Generator().manual_seed(0)
        size = 2 * JOINTS * channels
        self.weight = nn.Parameter(
            torch.randn(size, CLASSES, generator=generator)
        )
        self.drop = nn.Dropout(0.5)
        self.data_preprocessor = Collate()
        self.cls_head = SimpleNamespace(num_classes=CLASSES)
        self.passes = []

    def forward(self, inputs, stage, mode):
        assert (stage, mode) == ('head', 'tensor')
        self.passes.append(len(inputs))
        pooled = self.drop(inputs.flatten(0, 1).square().mean(2))
        return pooled.flatten(1).tanh() @ self.weight


class Collate(BaseDataPreprocessor):
    def forward(self, data, training=False):
        assert not training
        data = self.cast_data(data)
        return dict(data, inputs=torch.stack(data['inputs']).float())


class Clips:
    """Every other sample has no second person; the first has a late one."""

    def __init__(self, number=7, clips=1, shape=SHAPE):
        generator = torch.Generator().manual_seed(1)
        self.clips = torch.randn(number, clips, *shape, generator=generator)
        self.clips[1::2, :, 1] = 0
        self.clips[0, :, 1, :2] = 0
        self.labels = [i % CLASSES for i in range(number)]

    def __len__(self):
        return len(self.labels)

    def get_data_info(self, index):
        return dict(frame_dir=f'clip{index}', label=self.labels[index])

    def __getitem__(self, index):
        sample = ActionDataSample().set_gt_label(self.labels[index])
        return dict(inputs=self.clips[index], data_samples=sample)


def by_hand(model, data, layout, mean=MEAN):
    """Plain loops over samples, coalitions, clips, persons and frames."""
    model.eval()
    table = np.zeros((len(data), 2**layout.num_parts))
    for row, label in enumerate(data.labels):
        for mask in range(2**layout.num_parts):
            clips = data.clips[row].clone()
            for clip in clips:
                for person in range(clip.size(0)):
                    for frame in range(clip.size(1)):
                        if not clip[person, frame].any():
                            continue
                        for part, joints in enumerate(layout.parts):
                            if not mask >> part & 1:
                                for joint in joints:
                                    clip[person, frame, joint] = mean[
                                        person, joint
                                    ]
            with torch.no_grad():
                logits = model(clips[:, None], stage='head', mode='tensor')
            table[row, mask] = logits.softmax(1)[:, label].mean()
    return table


@pytest.mark.parametrize('num_parts', [3, 5])
@pytest.mark.parametrize('clips', [1, 3])
@pytest.mark.parametrize('max_clips', [1, 5, 256])
def test_equals_plain_loops(num_parts, clips, max_clips):
    model, data, layout = Scorer(), Clips(clips=clips), layout_of(num_parts)
    found = exact_worths(
        model, data, mean=MEAN, layout=layout, batch_size=3,
        max_clips=max_clips,
    )  # fmt: skip
    np.testing.assert_allclose(
        found.worths, by_hand(model, data, layout), atol=1e-6
    )
    assert found.worths.dtype == torch.float32
    assert found.labels.tolist() == data.labels
    assert found.names == tuple(f'clip{i}' for i in range(7))


def test_no_input_is_scored_twice_and_passes_are_bounded():
    model, data, layout = Scorer(), Clips(), layout_of(4)
    exact_worths(model, data, mean=MEAN, layout=layout, max_clips=20)
    # Three patterns of presence share the empty coalition.
    assert sum(model.passes) == 7 * 15 + 3
    assert max(model.passes) <= 20


def test_state_is_left_alone_and_dropout_is_off():
    model, data = Scorer().train(), Clips()
    torch.manual_seed(3)
    before = torch.get_rng_state(), random.getstate()
    args = dict(mean=MEAN, layout=layout_of(3))
    first = exact_worths(model, data, **args)
    assert torch.equal(torch.get_rng_state(), before[0])
    assert random.getstate() == before[1]
    assert model.training and model.drop.training
    assert torch.equal(first.worths, exact_worths(model, data, **args).worths)


def test_a_random_pipeline_draws_by_sample_not_by_order():
    class Noisy(Clips):
        def __getitem__(self, index):
            item = super().__getitem__(index)
            noise = np.random.normal() + random.random() + torch.rand(())
            return dict(item, inputs=item['inputs'] + noise)

    model, args = Scorer(), dict(mean=MEAN, layout=layout_of(3))
    one = exact_worths(model, Noisy(), batch_size=7, **args)
    other = exact_worths(model, Noisy(), batch_size=2, **args)
    torch.testing.assert_close(one.worths, other.worths)
    plain = exact_worths(model, Clips(), **args)
    assert (one.worths - plain.worths).abs().max() > 0.01


def test_the_score_channel_takes_its_mean_too():
    """2D keypoints: x, y, score."""
    model, data = Scorer(), Clips(2)
    with torch.no_grad():
        model.weight.view(2, JOINTS, 3, CLASSES)[:, :, :2] = 0
    found = exact_worths(model, data, mean=MEAN, layout=layout_of(3))
    assert np.ptp(found.worths[0]) > 0.01
    np.testing.assert_allclose(
        found.worths, by_hand(model, data, layout_of(3)), atol=1e-6
    )


def test_mixed_precision_stays_close():
    model, data, layout = Scorer(), Clips(), layout_of(3)
    args = dict(mean=MEAN, layout=layout)
    exact, rough = (
        exact_worths(model, data, amp=amp, **args).worths
        for amp in (False, True)
    )
    assert rough.dtype == torch.float32
    assert 0 < (exact - rough).abs().max() < 0.05


def spoilt(change):
    data = Clips()
    change(data)
    return data


@pytest.mark.parametrize(
    'data, message',
    [
        (Clips(shape=(2, 5, 7, 3)), 'has 7 joints where layout'),
        (
            spoilt(lambda d: d.clips[5, 0, 0, 0, 0].fill_(float('nan'))),
            "'clip5' has coordinates that are not finite",
        ),
        (
            spoilt(lambda d: d.labels.__setitem__(2, 9)),
            r'has labels \[0, 1, 2, 3, 9\].*0 to 3',
        ),
        (
            spoilt(lambda d: d.labels.__setitem__(2, [0, 1])),
            "'clip2' has labels .* expected one class",
        ),
    ],
)
def test_bad_samples_are_named(data, message):
    with pytest.raises(ValueError, match=message):
        exact_worths(Scorer(), data, mean=MEAN, layout=layout_of(3))


def test_mean_and_deviation_of_each_class():
    worths = torch.rand(7, 16, generator=torch.Generator().manual_seed(0))
    labels = torch.tensor([0, 3, 0, 1, 3, 3, 0])
    found = class_saliency(Worths(worths, labels, ()), 4, (2,), 4)
    each = exact_shapley(worths.double(), 4, (1, 2)).numpy()
    assert found.samples.tolist() == [3, 1, 0, 3]
    assert found.combinations[:5] == [(0,), (1,), (2,), (3,), (0, 1)]
    for label in (0, 1, 3):
        own = each[labels.numpy() == label]
        np.testing.assert_allclose(found.values[label], own.mean(0))
        if len(own) > 1:
            np.testing.assert_allclose(found.std[label], own.std(0, ddof=1))
    assert np.isnan(found.values[2]).all()
    assert np.isnan(found.std[1:3]).all()
    assert found.columns((2,)) == [4, 5, 6, 7, 8, 9]


def test_error_leaves_out_what_either_side_does_not_know():
    rng = np.random.default_rng(0)
    table, exact = rng.normal(size=(2, 4, 6))
    exact[1] = np.nan
    updates = np.ones((4, 6))
    updates[2] = 0
    updates[3, 0] = 0
    found = table_error(table, exact, updates)
    assert np.isnan(found.rmse).tolist() == [False, True, True, False]
    for row, start in ((0, 0), (3, 1)):
        t, e = table[row, start:], exact[row, start:]
        assert found.rmse[row] == pytest.approx(np.sqrt(((t - e) ** 2).mean()))
        assert found.rank_corr[row] == pytest.approx(spearmanr(t, e)[0])
    t = np.append(table[0], table[3, 1:])
    e = np.append(exact[0], exact[3, 1:])
    assert found.overall_rmse == pytest.approx(np.sqrt(((t - e) ** 2).mean()))
    assert found.overall_rank_corr == pytest.approx(spearmanr(t, e)[0])


def test_a_constant_row_has_an_error_but_no_rank():
    found = table_error(np.zeros((1, 3)), np.array([[1.0, 2.0, 2.0]]))
    assert found.rmse[0] == pytest.approx(np.sqrt(3))
    assert np.isnan(found.rank_corr[0])


def test_other_shapes_are_refused():
    with pytest.raises(ValueError, match=r'\(1, 3\).*\(1, 2\)'):
        table_error(np.zeros((1, 3)), np.zeros((1, 2)))


LABELS = [0, 1, 1, 2, 1, 0, 1]


class Noise:
    def __len__(self):
        return len(LABELS)

    def __getitem__(self, index):
        return np.random.rand()

    def get_data_info(self, index):
        return dict(frame_dir=f'n{index}', label=LABELS[index])


def test_all_samples_stay_without_a_limit():
    assert choose_samples(LABELS) == list(range(7))
    assert choose_samples(LABELS, classes=[0, 2]) == [0, 3, 5]


def test_the_limit_holds_for_each_class_and_follows_the_seed():
    chosen = choose_samples(LABELS, max_per_class=2)
    assert [LABELS[i] for i in chosen].count(1) == 2
    assert len(chosen) == 5
    assert chosen == choose_samples(LABELS, max_per_class=2)
    drawn = {
        tuple(choose_samples(LABELS, classes=[1], max_per_class=2, seed=s))
        for s in range(40)
    }
    assert len(drawn) == 6
    # Other classes do not change what is drawn of one.
    alone = choose_samples(LABELS, classes=[1], max_per_class=2)
    assert set(alone) <= set(chosen)


@pytest.mark.parametrize('label', [None, -1, [0, 1], 'walk'])
def test_a_sample_without_one_class_is_named(label):
    with pytest.raises(ValueError, match='sample 1 has label'):
        choose_samples([0, label])


def test_no_sample_of_a_class_is_no_choice():
    with pytest.raises(ValueError, match='max_per_class must be positive'):
        choose_samples(LABELS, max_per_class=0)


def test_draws_depend_on_the_sample_alone():
    served = SeededSamples(Noise())
    forth = [served[i] for i in range(7)]
    assert [served[i] for i in reversed(range(7))] == forth[::-1]
    assert len(set(forth)) == 7
    some = SeededSamples(Noise(), [4, 2])
    assert [some[0], some[1]] == [forth[4], forth[2]]
    assert SeededSamples(Noise(), seed=1)[0] != forth[0]


def test_names_and_labels_are_seen_through_a_subset():
    subset = Subset(Noise(), [3, 4])
    assert sample_labels(subset) == [2, 1]
    assert sample_name(subset, 0) == 'n3'
    assert sample_name(SeededSamples(subset), 1) == 'n4'
    assert sample_name([0.5], 0) == 'number 0'
