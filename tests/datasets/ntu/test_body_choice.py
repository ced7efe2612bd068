"""Which bodies become persons, against known coordinates."""

from __future__ import annotations

import numpy as np
import pytest

from shapmix_mm.datasets.ntu import parse_skeleton, slot_bodies, tracked_bodies


def recording(to_text, frames):
    return parse_skeleton(to_text(frames).encode())


def zeros_at(pose, missing):
    pose = pose.copy()
    pose[missing] = 0
    return pose


@pytest.mark.parametrize('rule', [tracked_bodies, slot_bodies])
def test_one_person(to_text, person, rule):
    a = person(0, 40)
    found = rule(recording(to_text, [[(1, p)] for p in a]))
    np.testing.assert_array_equal(found, a[None])


@pytest.mark.parametrize('rule', [tracked_bodies, slot_bodies])
def test_two_persons_the_livelier_first(to_text, person, rule):
    calm, lively = person(0, 40, energy=0.05), person(1, 40, energy=0.3)
    found = rule(
        recording(to_text, [[(1, p), (2, q)] for p, q in zip(calm, lively)])
    )
    np.testing.assert_array_equal(found, [lively, calm])


def test_a_lost_body_leaves_the_other_in_its_place(to_text, person):
    a, b = person(0, 40, energy=0.3), person(1, 40)
    lost = range(15, 25)
    frames = [
        [(2, b[t])] if t in lost else [(1, a[t]), (2, b[t])] for t in range(40)
    ]
    raw = recording(to_text, frames)
    np.testing.assert_array_equal(tracked_bodies(raw), [zeros_at(a, lost), b])
    # By place alone, the second person takes over the place of the first.
    mixed = a.copy()
    mixed[lost] = b[lost]
    first, second = slot_bodies(raw)
    np.testing.assert_array_equal(first, mixed)
    np.testing.assert_array_equal(second, zeros_at(b, lost))


def test_a_body_found_again_under_another_name_is_one_person(to_text, person):
    a, b = person(0, 60, energy=0.3), person(1, 60)
    gap = range(25, 30)
    frames = []
    for t in range(60):
        bodies = [(1 if t < 25 else 3, a[t])] if t not in gap else []
        frames.append([*bodies, (2, b[t])])
    found = tracked_bodies(recording(to_text, frames))
    np.testing.assert_array_equal(found, [zeros_at(a, gap), b])


def test_noise_is_left_out(to_text, person):
    a, b = person(0, 60), person(1, 60)
    flash = person(2, 60, energy=2)
    table = person(3, 60, energy=0.5)[:, :, [1, 0, 2]] * (3, 0.5, 1)
    frames = [[(1, a[t]), (8, table[t])] for t in range(60)]
    for t in range(30, 41):
        frames[t].insert(0, (9, flash[t]))
    assert len(tracked_bodies(recording(to_text, frames))) == 1
    for t in range(60):
        frames[t].append((2, b[t]))
    raw = recording(to_text, frames)
    found = tracked_bodies(raw)
    assert {p.tobytes() for p in found} == {a.tobytes(), b.tobytes()}
    # The published rule by place has no such filter.
    assert slot_bodies(raw)[0].tobytes() not in (a.tobytes(), b.tobytes())


def test_one_frame_more_is_no_noise(to_text, person):
    a, b = person(0, 60), person(1, 60, energy=0.3)
    seen = range(30, 42)
    frames = [[(1, a[t])] + [(2, b[t])] * (t in seen) for t in range(60)]
    found = tracked_bodies(recording(to_text, frames))
    gone = [t for t in range(60) if t not in seen]
    np.testing.assert_array_equal(found, [zeros_at(b, gone), a])


def test_where_all_is_noise_nothing_is(to_text, person):
    a, b = person(0, 60, energy=0.3), person(1, 60)
    short = [[(1, a[t])] * (t < 5) + [(2, b[t])] * (t > 50) for t in range(60)]
    gone = a.copy()
    gone[5:] = 0
    gone[51:] = b[51:]
    found = tracked_bodies(recording(to_text, short))
    np.testing.assert_array_equal(found, gone[None])
    wide_a, wide_b = a[:, :, [1, 0, 2]], b[:, :, [1, 0, 2]]
    wide = [[(1, p), (2, q)] for p, q in zip(wide_a, wide_b)]
    found = tracked_bodies(recording(to_text, wide))
    np.testing.assert_array_equal(found, [wide_a, wide_b])


def test_frames_in_which_a_body_is_too_wide_add_no_energy(to_text, person):
    a, b = person(0, 60, energy=0.1), person(1, 60, energy=0.05)
    b[:20] = b[:20, :, [1, 0, 2]] * (4, 1, 1)
    assert b.std(axis=(0, 1)).sum() > 2 * a.std(axis=(0, 1)).sum()
    frames = [[(1, p), (2, q)] for p, q in zip(a, b)]
    found = tracked_bodies(recording(to_text, frames))
    np.testing.assert_array_equal(found, [a, b])


def test_more_than_four_bodies(to_text, person):
    people = [person(i, 40, energy=0.05 * (i + 1)) for i in range(6)]
    frames = [[(i, p[t]) for i, p in enumerate(people)] for t in range(40)]
    raw = recording(to_text, frames)
    np.testing.assert_array_equal(tracked_bodies(raw), [people[5], people[4]])
    # The published rule sees the first four.
    np.testing.assert_array_equal(slot_bodies(raw), [people[3], people[2]])


def test_two_bodies_of_one_name_are_two(to_text, person):
    a, b = person(0, 40, energy=0.3), person(1, 40)
    raw = recording(to_text, [[(1, p), (1, q)] for p, q in zip(a, b)])
    np.testing.assert_array_equal(tracked_bodies(raw), [a, b])


@pytest.mark.parametrize('rule', [tracked_bodies, slot_bodies])
def test_no_body_and_a_body_of_zeros_are_nobody(to_text, rule):
    assert rule(parse_skeleton(b'2\n0\n0\n')).shape == (0, 2, 25, 3)
    raw = recording(to_text, [[(1, np.zeros((25, 3)))]] * 3)
    assert rule(raw).shape == (0, 3, 25, 3)


def published_rule(raw):
    """Energies and choice, written out as loops."""
    data = np.zeros((4, raw.num_frames, 25, 3))
    for frame, slot, joints in zip(raw.frames, raw.slots, raw.joints):
        if slot < 4:
            data[slot, frame] = joints
    energies = []
    for body in data:
        seen = body[body.sum(-1).sum(-1) != 0]
        energy = sum(seen[:, :, c].std() for c in range(3)) if len(seen) else 0
        energies.append(energy)
    first, second = sorted(range(4), key=lambda m: (energies[m], m))[:1:-1]
    return np.stack([data[m] for m in (first, second) if data[m].sum() != 0])


def test_places_follow_the_published_rule(to_text, person):
    rng = np.random.RandomState(5)
    for _ in range(20):
        people = [person(i, 12, rng.rand()) for i in range(6)]
        frames = [
            [(i, people[i][t]) for i in rng.permutation(6)[: rng.randint(7)]]
            for t in range(12)
        ]
        raw = recording(to_text, frames)
        np.testing.assert_array_equal(slot_bodies(raw), published_rule(raw))
