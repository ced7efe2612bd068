"""Worths of all coalitions against one clip and one coalition at a time."""

import random

import numpy as np
import pytest
import torch
from mmaction.structures import ActionDataSample
from mmengine.model import BaseDataPreprocessor
from torch import nn

from shapmix_mm.saliency.exact_saliency import exact_worths
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
