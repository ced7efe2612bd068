"""Views of one clip: what is shared, what is drawn, what is refused."""

import numpy as np
import pytest
import torch
from mmaction.registry import TRANSFORMS
from mmengine.dataset import Compose

from shapmix_mm.config.mixins import load_config

PACK = [
    dict(type='PoseDecode'),
    dict(type='FormatGCNInput', num_person=1),
    dict(type='PackActionInputs'),
]
SAMPLE = [dict(type='UniformSampleFrames', clip_len=6)]


def sample():
    rng = np.random.default_rng(3)
    return dict(
        keypoint=rng.normal(size=(1, 30, 25, 3)).astype(np.float32),
        total_frames=30,
        start_index=0,
        label=2,
        frame_dir='clip',
    )


def build(**kwargs):
    return TRANSFORMS.build(dict(type='MultiView', **kwargs))


def test_views_are_what_the_pipeline_gives_in_turn():
    pipeline = [*SAMPLE, dict(type='RandomRotation3D'), *PACK]
    given = sample()
    np.random.seed(5)
    made = build(pipeline=pipeline, num_views=3)(given)
    np.random.seed(5)
    turns = [Compose(pipeline)(sample()) for _ in range(3)]
    assert made['inputs'].shape == (3, 1, 6, 25, 3)
    for view, turn in zip(made['inputs'], turns):
        assert torch.equal(view, turn['inputs'][0])
    assert not torch.equal(made['inputs'][0], made['inputs'][1])
    assert made['data_samples'].gt_label.tolist() == [2]
    np.testing.assert_array_equal(given['keypoint'], sample()['keypoint'])


def test_a_view_may_have_steps_of_its_own():
    still = [dict(type='UniformSampleFrames', clip_len=6, test_mode=True)]
    double = [dict(type='RandomScale3D', scale=(2.0, 2.0))]
    made = build(
        pipeline=[*still, *PACK], num_views=3, first=[[], double, []]
    )(sample())['inputs']
    torch.testing.assert_close(made[1], 2 * made[0])
    assert torch.equal(made[2], made[0])


def test_steps_of_another_number_of_views_are_refused():
    with pytest.raises(ValueError, match='2 views, but 1 lists'):
        build(pipeline=PACK, first=[[]])


def test_several_clips_in_a_view_are_refused():
    clips = [dict(type='UniformSampleFrames', clip_len=6, num_clips=2)]
    with pytest.raises(ValueError, match='set num_clips=1'):
        build(pipeline=[*clips, *PACK])(sample())


def test_a_mixin_puts_the_random_steps_into_views(tmp_path):
    """What draws nothing stays in front, where a cache can do it."""
    mixin = tmp_path / 'views.py'
    mixin.write_text('data_variant = dict(views=3, batch=2)\n')
    plain = load_config('configs/ltntu60/ctrgcn_ce_ltntu60.py')
    cfg = load_config('configs/ltntu60/ctrgcn_ce_ltntu60.py', [str(mixin)])
    sets = [
        c.train_dataloader.dataset.get('dataset', c.train_dataloader.dataset)
        for c in (plain, cfg)
    ]
    before, after = (node['pipeline'] for node in sets)
    assert after[-1]['type'] == 'MultiView' and after[-1]['num_views'] == 3
    assert [*after[:-1], *after[-1]['pipeline']] == before
    assert len(after) > 1
    assert (
        cfg.train_dataloader.batch_size
        == 2 * plain.train_dataloader.batch_size
    )
    assert cfg.val_dataloader == plain.val_dataloader
