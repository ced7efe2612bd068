"""Data that is unusual but valid trains to the end."""

import warnings

import numpy as np
import pytest

SET = "train_dataloader['dataset']."


def blend_of(runner):
    return runner.model.data_preprocessor.blending


def first_not_finite(data):
    for a in data['annotations']:
        if a['frame_dir'] == 'train_1_2':
            a['keypoint'][0, 3, 2, 1] = np.nan


def test_samples_that_are_not_finite_can_be_dropped(trains, write_stick):
    runner = trains(
        write_stick(change=first_not_finite),
        "train_dataloader['dataset'].update(drop_invalid=True)\n"
        "val_dataloader['dataset'].update(drop_invalid=True)",
    )
    assert blend_of(runner).class_counts.tolist() == [8, 5, 4, 3]
    assert blend_of(runner).mean_pose.isfinite().all()


def test_n_max_beyond_a_class_takes_what_is_there_and_warns_once(
    trains, write_stick
):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter('always')
        runner = trains(
            write_stick(),
            'longtail = dict(imbalance=2, n_max=8)\n'
            + SET
            + 'update(longtail=longtail)',
        )
    assert blend_of(runner).class_counts.tolist() == [8, 6, 4, 3]
    short = [
        str(w.message)
        for w in caught
        if 'fewer samples than' in str(w.message)
    ]
    assert len(short) == 1 and 'class 2: 4 of 5' in short[0]


def test_surplus_persons_are_cut_by_the_stock_step_and_chosen_by_ours(
    trains, write_stick
):
    def crowd(data):
        for a in data['annotations']:
            bystander = np.ones((1, *a['keypoint'].shape[1:]), np.float32)
            a['keypoint'] = np.concatenate([bystander, a['keypoint']])

    for step, first_slot_is_still in (
        ('', True),
        ("pipeline[:0] = [dict(type='KeepMainPersons', num_person=1)]", False),
    ):
        runner = trains(write_stick(change=crowd), step)
        mean = blend_of(runner).mean_pose[0]
        assert bool((mean == 1).all()) is first_slot_is_still


def absent_second(data):
    for a in data['annotations']:
        if len(a['keypoint']) == 2:
            a['keypoint'][1] = 0


def one_frame(data):
    for a in data['annotations']:
        a.update(keypoint=a['keypoint'][:, :1], total_frames=1)


@pytest.mark.parametrize(
    'change, extra',
    [
        (absent_second, ''),
        (one_frame, ''),
        (one_frame, 'pipeline[0].update(clip_len=1)'),
        (None, "train_dataloader['batch_size'] = 4"),
        (None, "train_dataloader['batch_size'] = 1"),
        (
            None,
            "train_dataloader['batch_size'] = 2\n"
            "train_dataloader['sampler']['shuffle'] = False",
        ),
    ],
    ids=[
        'absent person',
        'one frame',
        'clips of one frame',
        'a last batch of one',
        'batches of one',
        'batches of one class',
    ],
)
def test_unusual_but_valid_data_trains(trains, write_stick, change, extra):
    runner = trains(write_stick(change=change), extra)
    blend = blend_of(runner)
    assert blend.guided == 1 and blend.saliency.updates.sum() > 0
    if change is absent_second:
        assert blend.mean_pose[0].any() and not blend.mean_pose[1].any()
