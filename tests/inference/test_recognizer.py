"""Answers and reasons against the tools, brute force and shapiq."""

import pickle
import runpy
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.registry import DefaultScope

import shapmix_mm
from shapmix_mm.config.data import build_split
from shapmix_mm.inference import ClipError
from shapmix_mm.saliency import exact_worths

TOOLS = Path(__file__).parents[2] / 'tools'


@pytest.fixture(scope='module')
def worths(recognizer):
    """What exact_saliency.py scores of the test split."""
    with DefaultScope.overwrite_default_scope('mmaction'):
        split = build_split(recognizer.cfg, 'test')
    clip = recognizer.prepare(np.ones((9, 9, 3)))
    return exact_worths(
        recognizer.trained.model,
        split,
        mean=recognizer._mean_pose(clip),
        layout=recognizer.layout,
    )


def by_shapiq(worths):
    """Shapley values of five parts by another library."""
    pytest.importorskip('shapiq')
    from shapiq import Game
    from shapiq.game_theory.exact import ExactComputer

    class Parts(Game):
        def __init__(self):
            super().__init__(5, normalize=False)

        def value_function(self, coalitions):
            return worths[coalitions @ (1 << np.arange(5))].astype(float)

    values = ExactComputer(Parts(), n_players=5)('SV')
    return [values[(part,)] for part in range(5)]


def test_scores_equal_the_dump_of_the_test_tool(
    recognizer, trained, test_clips, tmp_path, monkeypatch
):
    dump = tmp_path / 'scores.pkl'
    monkeypatch.setattr(
        sys, 'argv',
        ['test.py', trained.config, trained.checkpoint, '--dump', str(dump),
         '--work-dir', str(tmp_path)],
    )  # fmt: skip
    runpy.run_path(str(TOOLS / 'test.py'), run_name='__main__')
    dumped = pickle.loads(dump.read_bytes())
    found = recognizer.predict(test_clips)
    for one, sample in zip(found, dumped):
        np.testing.assert_allclose(one.scores, sample['pred_score'], atol=1e-6)
        assert one.true == int(sample['gt_label'])
    assert len(found) == len(dumped) == 8
    assert np.ptp([one.scores for one in found], axis=0).max() > 0.1


def test_the_test_tool_takes_averaged_weights(trained, tmp_path, monkeypatch):
    config = tmp_path / 'averaged.py'
    config.write_text(
        f'_base_ = {str(trained.config)!r}\n'
        "custom_hooks = [dict(type='EMAHook')]\n"
    )
    dumps = []
    for source in (trained.config, config):
        dumps.append(tmp_path / f'{len(dumps)}.pkl')
        monkeypatch.setattr(
            sys, 'argv',
            ['test.py', str(source), trained.checkpoint, '--dump',
             str(dumps[-1]), '--work-dir', str(tmp_path)],
        )  # fmt: skip
        runpy.run_path(str(TOOLS / 'test.py'), run_name='__main__')
    plain, averaged = (pickle.loads(dump.read_bytes()) for dump in dumps)
    for one, other in zip(plain, averaged):
        np.testing.assert_array_equal(one['pred_score'], other['pred_score'])


@pytest.mark.parametrize(
    'option', ['model.backbone.num_stages=3', 'model.cls_head.num_classes=17']
)
def test_the_test_tool_refuses_other_weights(
    trained, tmp_path, monkeypatch, option
):
    monkeypatch.setattr(
        sys, 'argv',
        ['test.py', trained.config, trained.checkpoint, '--work-dir',
         str(tmp_path), '--cfg-options', option],
    )  # fmt: skip
    with pytest.raises(SystemExit, match='checkpoint .* tensors|not fit'):
        runpy.run_path(str(TOOLS / 'test.py'), run_name='__main__')


def test_the_best_classes_come_first_with_their_names(recognizer, test_clips):
    one = recognizer.predict(test_clips[0], top_k=3)
    chances = [answer.probability for answer in one.top]
    assert chances == sorted(one.probabilities, reverse=True)[:3]
    for answer in one.top:
        assert answer.name == ['wave', 'kick', 'bow', 'throw'][answer.index]
        assert answer.probability == one.probabilities[answer.index]


def test_arrays_with_and_without_persons_are_annotations(
    recognizer, test_clips
):
    pose = test_clips[0]['keypoint']
    expected = recognizer.predict(test_clips[0]).scores
    np.testing.assert_array_equal(recognizer.predict(pose).scores, expected)
    np.testing.assert_array_equal(recognizer.predict(pose[0]).scores, expected)


def test_values_sum_up_and_equal_those_of_the_exact_tool(
    recognizer, test_clips, worths
):
    found = recognizer.explain(test_clips, classes=range(4))
    assert worths.names == tuple(one.prediction.name for one in found)
    for one, own, label in zip(found, worths.worths, worths.labels.tolist()):
        for index, told in one.classes.items():
            difference = told.all - told.none
            assert told.parts.sum() == pytest.approx(difference, abs=1e-6)
            assert sum(s.value for s in told.segments) == pytest.approx(
                difference, abs=1e-6
            )
            assert told.all == pytest.approx(
                one.prediction.probabilities[index], abs=1e-6
            )
        told = one.classes[label]
        assert told.none == pytest.approx(float(own[0]), abs=1e-6)
        assert told.all == pytest.approx(float(own[-1]), abs=1e-6)
        np.testing.assert_allclose(
            told.parts, by_shapiq(own.numpy()), atol=1e-6
        )


def test_time_segments_against_plain_loops(recognizer, test_clips):
    item = recognizer.prepare(test_clips[0])
    inputs, mean = item.sample['inputs'], recognizer._mean_pose(item)
    told = recognizer.explain(test_clips[0], segments=2).classes
    (index,) = told
    first, second = told[index].segments
    assert (first.start, first.end) == (0, 6)
    assert (second.start, second.end) == (6, 12)

    def worth(*moving):
        clip = inputs.clone().float()
        for place, frame in enumerate(item.frames):
            if not any(s.start <= frame < s.end for s in moving):
                there = clip[0, :, place].any(-1).any(-1)
                clip[0, there, place] = mean[there]
        with torch.no_grad():
            logits = recognizer.trained.model(
                clip[None], stage='head', mode='tensor'
            )
        logits = logits[0] if isinstance(logits, tuple) else logits
        return float(logits.softmax(-1)[0, index])

    none, one, two, both = (
        worth(),
        worth(first),
        worth(second),
        worth(first, second),
    )
    expected = (one - none + both - two) / 2
    assert first.value == pytest.approx(expected, abs=1e-5)
    assert abs(first.value) > 1e-3


def test_sampled_joint_values_converge_to_the_exact_ones(
    recognizer, test_clips
):
    from shapmix_mm.inference.explanation import joint_values

    item = recognizer.prepare(test_clips[3])
    args = (
        recognizer.trained.model,
        recognizer._inputs(item),
        recognizer._mean_pose(item),
    )
    exact = joint_values(*args)
    assert not exact.errors.any()
    one, few, more = (
        joint_values(*args, exact=False, permutations=number)
        for number in (1, 8, 512)
    )
    # Of a single pair there would be no spread.
    assert bool(torch.isfinite(one.errors).all()) and bool(one.errors.any())
    errors = [(v.values - exact.values).abs().max() for v in (few, more)]
    assert errors[1] < 0.25 * errors[0]
    # Four standard errors, of 36 values.
    near = (more.values - exact.values).abs() <= 4 * more.errors + 1e-6
    assert bool(near.all())
    for found in (few, more):
        torch.testing.assert_close(
            found.values.sum(0), exact.values.sum(0), atol=1e-6, rtol=0
        )


@pytest.mark.parametrize(
    'change, text',
    [
        (lambda pose: pose[:, :1], 'has 1 frame'),
        (lambda pose: pose * 0, 'shows no person'),
        (lambda pose: pose * np.nan, 'not finite'),
        (lambda pose: pose[:, :, :7], 'has 7 joints, the model takes 9'),
        (lambda pose: pose[..., :1], 'expected .persons, frames'),
        (lambda pose: pose.astype(str), 'expected numbers'),
    ],
)
def test_a_bad_clip_is_refused_in_one_line(
    recognizer, test_clips, change, text
):
    with pytest.raises(ClipError, match=text) as caught:
        recognizer.predict(change(test_clips[0]['keypoint']))
    assert '\n' not in str(caught.value)


def test_surplus_persons_and_odd_units_are_told(recognizer, test_clips):
    pose = test_clips[1]['keypoint']
    still = np.ones_like(pose[:1])
    crowd = recognizer.predict(np.concatenate((still, pose)))
    assert any('3 persons, of whom the 2' in note for note in crowd.notes)
    np.testing.assert_array_equal(
        crowd.scores, recognizer.predict(pose).scores
    )
    (note,) = recognizer.predict(1000 * pose).notes
    assert 'units' in note and not recognizer.predict(pose).notes


def test_a_slot_without_anybody_takes_no_persons_place(recognizer, test_clips):
    pose = test_clips[1]['keypoint']
    found = recognizer.predict(np.concatenate((np.zeros_like(pose), pose)))
    np.testing.assert_array_equal(
        found.scores, recognizer.predict(pose).scores
    )
    assert not found.notes


def test_joints_are_ordered_by_their_names(recognizer, test_clips):
    from shapmix_mm.inference import Clip

    order = np.array([8, 1, 0, 2, 3, 4, 5, 6, 7])
    names = recognizer.layout.joint_names
    shuffled = dict(test_clips[0])
    shuffled['keypoint'] = shuffled['keypoint'][:, :, order]
    clip = Clip('a', shuffled, tuple(names[i].upper() for i in order))
    np.testing.assert_array_equal(
        recognizer.predict(clip).scores,
        recognizer.predict(test_clips[0]).scores,
    )
    wrong = Clip('a', shuffled, ('nose', *clip.joint_names[1:]))
    with pytest.raises(ClipError, match='no joint right_foot.*nose'):
        recognizer.predict(wrong)


def test_planar_models_take_a_third_number_for_the_score(
    trained, recognizer, test_clips
):
    pose = test_clips[0]['keypoint']
    assert any('2D' in n for n in recognizer.predict(pose[..., :2]).notes)
    with pytest.raises(ClipError, match='has 2 numbers for each joint'):
        recognizer.predict(dict(test_clips[0], keypoint=pose[..., :2]))
    cfg = shapmix_mm.Recognizer(trained.config, trained.checkpoint).cfg
    cfg.test_dataloader.dataset.layout.planar = True
    flat = shapmix_mm.Recognizer(cfg, trained.checkpoint, 'cpu')
    clip = flat.adapt(pose)
    np.testing.assert_array_equal(clip.keypoint, pose[..., :2])
    np.testing.assert_array_equal(
        clip.annotation['keypoint_score'], pose[..., 2]
    )
    assert 'score' in clip.notes[0]


def test_pixels_without_the_size_of_their_image_are_refused(
    trained, test_clips
):
    cfg = shapmix_mm.Recognizer(trained.config, trained.checkpoint).cfg
    nodes = cfg.test_dataloader.dataset
    nodes.layout.planar = True
    pose = test_clips[0]['keypoint'][..., :2]
    nodes.pipeline.insert(2, dict(type='PreNormalize2D'))
    unsure = shapmix_mm.Recognizer(cfg, trained.checkpoint, 'cpu')
    with pytest.raises(ClipError, match='--img-shape .*img_shape'):
        unsure.adapt(pose)
    assert unsure.adapt(dict(keypoint=pose, img_shape=(480, 640)))
    # Who writes a size into the pipeline means it.
    nodes.pipeline[2]['img_shape'] = (1080, 1920)
    assert shapmix_mm.Recognizer(cfg, trained.checkpoint, 'cpu').adapt(pose)


def test_explaining_says_that_it_needs_a_mean_pose(trained, test_clips):
    cfg = shapmix_mm.Recognizer(trained.config, trained.checkpoint).cfg
    cfg.train_dataloader.dataset.ann_file = 'none.pkl'
    alone = shapmix_mm.Recognizer(cfg, trained.checkpoint, 'cpu')
    assert alone.predict(test_clips[0]).top
    with pytest.raises(ValueError, match='no mean pose.*none.pkl'):
        alone.explain(test_clips[0])


def test_a_checkpoint_of_other_classes_is_refused(trained):
    cfg = shapmix_mm.Recognizer(trained.config, trained.checkpoint).cfg
    cfg.model.cls_head.num_classes = 5
    with pytest.raises(ValueError, match='does not fit the config'):
        shapmix_mm.Recognizer(cfg, trained.checkpoint)


def test_mixins_of_a_loaded_config_are_refused(trained, recognizer):
    with pytest.raises(ValueError, match='mixins merge into a config file'):
        shapmix_mm.Recognizer(
            recognizer.cfg, trained.checkpoint, 'cpu', mixins=['bone']
        )


def test_several_clips_of_a_sample_are_averaged(trained, test_clips):
    cfg = shapmix_mm.Recognizer(trained.config, trained.checkpoint).cfg
    cfg.test_dataloader.dataset.pipeline[0].num_clips = 3
    several = shapmix_mm.Recognizer(cfg, trained.checkpoint, 'cpu')
    item = several.prepare(test_clips[1])
    assert item.sample['inputs'].shape[:3] == (3, 2, 8)
    assert item.frames.shape == (24,) and item.frames.max() == 12
    found = several.explain(test_clips[1], range(4), joints=True)
    for index, told in found.classes.items():
        chance = found.prediction.probabilities[index]
        assert told.all == pytest.approx(chance, abs=1e-6)
        difference = told.all - told.none
        for values in (
            told.parts, told.joints, [s.value for s in told.segments]
        ):  # fmt: skip
            assert sum(values) == pytest.approx(difference, abs=1e-6)


def test_input_frames_are_traced_to_the_recording(trained, test_clips):
    """Cropped, resized and repeated: where the pipeline takes them from."""
    cfg = shapmix_mm.Recognizer(trained.config, trained.checkpoint).cfg
    nodes = cfg.test_dataloader.dataset
    pose = np.ones((1, 10, 9, 3), np.float32)
    pose[:, [0, 1]] = 0
    for steps, expected in (
        ([dict(type='PadFrames', clip_len=24)],
         [np.nan, np.nan, *range(2, 10)] * 2 + [np.nan, np.nan, 2, 3]),
        ([dict(type='CropResizeFrames', clip_len=4, p_interval=(1.0,))],
         [2.5, 4.5, 6.5, 8.5]),
    ):  # fmt: skip
        nodes.pipeline = steps + [
            dict(type='FormatGCNInput', num_person=2),
            dict(type='PackActionInputs'),
        ]
        found = shapmix_mm.Recognizer(cfg, trained.checkpoint, 'cpu')
        frames = found.prepare(pose).frames
        np.testing.assert_allclose(frames, expected)


@pytest.mark.parametrize(
    'kwargs, text',
    [
        (dict(top_k=0), 'top_k=0 should be greater than 0'),
        (dict(classes=[0, 4]), r'classes=\[0, 4\] should be less than or'),
        (dict(classes=[-1]), r'classes=\[-1\] should be greater than or'),
        (dict(segments=17), 'segments=17 should be less than or equal to 16'),
        (dict(joints=-1), 'joints=-1 should be .*greater than or equal to 0'),
    ],
)
def test_a_request_out_of_range_is_named(kwargs, text, recognizer, test_clips):
    with pytest.raises(ValueError, match=text):
        recognizer.explain(test_clips[0], **kwargs)


def test_classes_of_numpy_are_taken(recognizer, test_clips):
    found = recognizer.explain(test_clips[0], np.array([2, 0]), segments=0)
    assert list(found.classes) == [2, 0]
