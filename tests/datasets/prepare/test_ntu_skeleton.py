"""The text of .skeleton files, and the bodies in them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shapmix_mm.datasets.prepare.ntu_skeleton import (
    parse_skeleton,
    slot_bodies,
    tracked_bodies,
)
from shapmix_mm.datasets.prepare.skipped import UnusableFile

SMALL = f'1\n1\n{"7 " * 10}\n25\n' + f'{"0.5 " * 12}\n' * 25


def plain_parse(text):
    """Read the same numbers in the most straightforward way."""
    tokens = iter(text.split())
    found = []
    for frame in range(int(next(tokens))):
        for slot in range(int(next(tokens))):
            identity = [next(tokens) for _ in range(10)][0]
            joints = []
            for _ in range(int(next(tokens))):
                joints.append([float(next(tokens)) for _ in range(12)][:3])
            found.append((frame, slot, identity, joints))
    assert next(tokens, None) is None
    return found


@pytest.fixture
def text(to_text, person):
    a, b = person(0, 4), person(1, 4)
    return to_text([[(7, a[0]), (9, b[0])], [], [(9, b[2])], [(7, a[3])]])


@pytest.mark.parametrize('ending', ['\n', '\r\n'])
def test_it_reads_what_a_plain_parser_reads(text, ending):
    raw = parse_skeleton(text.replace('\n', ending).encode())
    truth = plain_parse(text)
    assert raw.num_frames == 4
    assert raw.frames.tolist() == [t[0] for t in truth] == [0, 0, 2, 3]
    assert raw.slots.tolist() == [t[1] for t in truth] == [0, 1, 0, 0]
    assert [b.decode() for b in raw.bodies] == [t[2] for t in truth]
    np.testing.assert_array_equal(raw.joints, [t[3] for t in truth])


def test_the_last_newline_need_not_be_there(text):
    assert len(parse_skeleton(text.rstrip().encode()).joints) == 4


def test_fields_behind_the_coordinates_need_be_no_numbers(text):
    # Some Windows programs write such text for the colour coordinates.
    content = text.replace('500.4', '-1.#IND').encode()
    assert len(parse_skeleton(content).joints) == 4


def test_underscores_behind_the_coordinates_do_no_harm(text):
    content = text.replace('500.4', '1_0').encode()
    assert len(parse_skeleton(content).joints) == 4


def lines_with(text, index, line):
    lines = text.splitlines()
    lines[index] = line
    return '\n'.join(lines) + '\n'


@pytest.mark.parametrize(
    'change, reason, detail',
    [
        (lambda t: '', 'empty', 'no text'),
        (lambda t: ' \n\n', 'empty', 'no text'),
        (lambda t: 'hello', 'not a number', 'number of frames'),
        (lambda t: 'x' + t, 'not a number', "line 1: .*'x4'"),
        (lambda t: lines_with(t, 1, '-2'), 'not a number', 'bodies'),
        (lambda t: lines_with(t, 1, '2.0'), 'not a number', 'bodies'),
        (lambda t: lines_with(t, 1, ''), 'not a number', 'bodies'),
        (lambda t: lines_with(t, 1, '9' * 30), 'not a number', 'bodies'),
        (lambda t: lines_with(t, 3, '20'), 'wrong joint count', '20 instead'),
        (lambda t: lines_with(t, 2, '7'), 'malformed', 'line 3: 1 fields'),
        (lambda t: lines_with(t, 4, '1 2 3'), 'malformed', 'line 5: 3 fields'),
        (
            lambda t: lines_with(t, 4, 'abc ' + '1 ' * 11),
            'not a number',
            'abc',
        ),
        (lambda t: lines_with(t, 4, 'nan ' + '1 ' * 11), 'not finite', 'nan'),
        (
            lambda t: lines_with(t, 4, '1 inf ' + '1 ' * 10),
            'not finite',
            'inf',
        ),
        (lambda t: lines_with(t, 4, '1_0 ' * 12), 'not a number', "b'1_0'"),
        (
            lambda t: lines_with(t, 4, '1 1 1_0 ' + '1 ' * 9),
            'not a number',
            '1_0',
        ),
        (
            lambda t: lines_with(t, 4, '1 1e300 ' + '1 ' * 10),
            'not finite',
            'a joint lies at 1 1e300 1',
        ),
        (lambda t: lines_with(t, 4, '-4e38 ' * 12), 'not finite', '-4e38'),
        (lambda t: lines_with(t, 0, '5'), 'truncated', 'ends after line'),
        (lambda t: lines_with(t, 0, '3'), 'malformed', 'after its 3 frames'),
        (lambda t: t + '0\n', 'malformed', 'after its 4 frames'),
    ],
)
def test_damage_is_named(text, change, reason, detail):
    with pytest.raises(UnusableFile, match=detail) as caught:
        parse_skeleton(change(text).encode())
    assert caught.value.reason == reason


def test_no_frames_and_empty_frames_are_no_damage():
    assert parse_skeleton(b'0\n').num_frames == 0
    raw = parse_skeleton(b'2\n0\n0\n')
    assert raw.num_frames == 2 and raw.joints.shape == (0, 25, 3)


def test_every_cut_is_a_truncation(text):
    content = text.rstrip().encode()
    last = content.rindex(b' ')
    # Within the last number of all a cut leaves a whole file.
    for end in [*range(1, 40), *range(40, last, 7), last - 1, last]:
        with pytest.raises(UnusableFile) as caught:
            parse_skeleton(content[:end])
        assert caught.value.reason == 'truncated', content[:end][-30:]


@settings(max_examples=150, deadline=None)
@given(
    st.integers(0, len(SMALL) - 1),
    st.one_of(st.binary(max_size=3), st.sampled_from([b'\n', b'-', b'1e9'])),
    st.integers(0, 60),
)
def test_any_damage_is_an_unusable_file_or_a_recording(at, inserted, cut):
    content = SMALL.encode()
    damaged = content[:at] + inserted + content[at + cut :]
    try:
        raw = parse_skeleton(damaged)
    except UnusableFile as error:
        assert error.reason
    else:
        assert raw.joints.shape[1:] == (25, 3)
        assert np.isfinite(raw.joints).all()


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
