"""The parser, against a plain one and against damaged text."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shapmix_mm.datasets.ntu import parse_skeleton
from shapmix_mm.datasets.preparation import UnusableFile


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


SMALL = f'1\n1\n{"7 " * 10}\n25\n' + f'{"0.5 " * 12}\n' * 25


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
