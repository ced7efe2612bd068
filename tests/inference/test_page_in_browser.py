"""The page is opened in Chromium and used as a reader would."""

from __future__ import annotations

import shutil
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest
from pydantic import TypeAdapter

from shapmix_mm.inference.page import Page, write_page

# These clips are made by hand.
PAGE = TypeAdapter(Page)

BROWSERS = ('chromium', 'chromium-browser', 'google-chrome', 'chrome')
# Count and mean place of the pixels that are clearly green, or purple.
SPOTS = """() => {
  const canvas = document.getElementById('skeleton');
  const {width, height} = canvas;
  const copy = new OffscreenCanvas(width, height).getContext('2d');
  copy.drawImage(canvas, 0, 0);
  const {data} = copy.getImageData(0, 0, width, height);
  const found = {green: [0, 0, 0], purple: [0, 0, 0]};
  for (let i = 0; i < width * height; i++) {
    const more = data[4 * i + 1] - data[4 * i];
    if (Math.abs(more) <= 60) continue;
    const spot = more > 0 ? found.green : found.purple;
    spot[0] += 1;
    spot[1] += i % width;
    spot[2] += Math.floor(i / width);
  }
  return Object.fromEntries(Object.entries(found).map(([name, [n, x, y]]) =>
    [name, {count: n, x: x / n, y: y / n}]));
}"""


class Reader:
    """What a person sees on a page and does to it."""

    def __init__(self, page):
        self.page = page

    def drawn(self):
        """Wait until what was done is on the screen."""
        self.page.evaluate('() => new Promise(requestAnimationFrame)')
        self.page.evaluate('() => new Promise(requestAnimationFrame)')

    def press(self, *keys):
        for key in keys:
            self.page.keyboard.press(key)
            self.drawn()

    def click(self, where, **more):
        self.page.locator(where).click(**more)
        self.drawn()

    def drag(self, dx, dy):
        box = self.page.locator('#skeleton').bounding_box()
        self.page.mouse.move(box['x'] + 20, box['y'] + 20)
        self.page.mouse.down()
        self.page.mouse.move(box['x'] + 20 + dx, box['y'] + 20 + dy)
        self.page.mouse.up()
        self.page.mouse.move(0, 0)
        self.drawn()

    def text(self, where):
        return self.page.locator(where).text_content()

    def texts(self, where):
        return self.page.locator(where).all_text_contents()

    def attribute(self, where, name):
        return [
            one.get_attribute(name) for one in self.page.locator(where).all()
        ]

    @property
    def frame(self):
        return int(self.page.locator('#scrub').input_value())

    @property
    def picture(self):
        return self.page.evaluate(
            "() => document.getElementById('skeleton').toDataURL()"
        )

    @property
    def spots(self) -> dict[str, dict[str, Any]]:
        return self.page.evaluate(SPOTS)

    def wait_for_frame(self, condition):
        self.page.wait_for_function(
            "was => { const now = document.getElementById('scrub').value;"
            f'return {condition}; }}',
            arg=self.frame,
        )


@pytest.fixture(scope='module')
def browser():
    driver = pytest.importorskip(
        'playwright.sync_api', reason='playwright is not installed'
    )
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        pytest.skip('no Chromium is installed: ' + ', '.join(BROWSERS))
    with driver.sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=found)
        yield running
        running.close()


@pytest.fixture
def reading(browser, tmp_path):
    """Function that opens clips; nothing may go wrong, nor be asked for."""

    @contextmanager
    def read(*clips, width=1200, **surroundings):
        path = tmp_path / 'page.html'
        data = dict(title='leaf.py', created_with='shapmix_mm', clips=[*clips])
        assert PAGE.validate_python(data, strict=True) == data
        write_page(data, path)
        context = browser.new_context(
            viewport=dict(width=width, height=900), **surroundings
        )
        context.set_default_timeout(60_000)
        page = context.new_page()
        wrong, asked = [], []
        page.on('pageerror', lambda error: wrong.append(str(error)))
        page.on('console', lambda message: wrong.append(message.text))
        page.on('request', lambda request: asked.append(request.url))
        page.goto(path.as_uri())
        reader = Reader(page)
        reader.drawn()
        yield reader
        context.close()
        assert wrong == []
        assert asked == [path.as_uri()]

    return read


@pytest.fixture
def still(reading):
    """Function that opens clips which do not play."""
    return lambda *clips, **more: reading(
        *clips, reduced_motion='reduce', **more
    )


def explanation(parts, sentence, **changes):
    values = dict(
        none=0.3,
        all=0.3 + sum(parts),
        parts=parts,
        combinations=[dict(parts=[0, 1], value=sum(parts))],
        joints=None,
        joint_errors=None,
        segments=[
            dict(start=0, end=20, value=0.1),
            dict(start=20, end=40, value=-0.05),
        ],
        sentence=sentence,
    )
    return {**values, **changes}


def standing(frames=40):
    """Joints (T, 4, 3) of a person who faces +z, whose left is at +x."""
    body = np.array(
        [[0, 2, 0], [0, 0, 0], [0.5, 1.5, 0], [-0.5, 1.5, 0]], dtype=float
    )
    clip = np.tile(body, (frames, 1, 1))
    clip[:, 0, 1] += 0.2 * np.sin(np.arange(frames) / 3)
    return clip


def clip(points=None, **changes):
    points = standing()[None] if points is None else points
    values = dict(
        name='first',
        notes=['a note'],
        rate=20.0,
        points=np.round(points, 4).tolist(),
        up=None,
        bones=[[0, 1], [2, 0], [3, 0]],
        joints=['head', 'foot', 'left_shoulder', 'right_shoulder'],
        parts=[
            dict(name='upper_body', joints=[0, 2, 3]),
            dict(name='leg', joints=[1]),
        ],
        true=5,
        classes=[
            dict(index=2, name='throw', probability=0.6),
            dict(index=5, name='carry_on', probability=0.3),
            dict(index=0, name='kick', probability=0.1),
        ],
        explained={
            '2': explanation([0.2, 0.1], 'It is a throw.'),
            '5': explanation([-0.2, -0.1], 'It is no carrying.'),
            '0': explanation([0.0, 0.0], 'Nothing matters.', segments=None),
        },
        timeline=None,
    )
    return {**values, **changes}


def one_class(joints):
    """A class with these values of joints: green and purple ones."""
    return dict(
        classes=[dict(index=2, name='throw', probability=0.6)],
        explained={'2': explanation([0.2, -0.2], 's', joints=joints)},
    )


HEAD_AND_FOOT = one_class([0.2, -0.2, 0.0, 0.0])
LEFT_AND_RIGHT = one_class([0.0, 0.0, 0.2, -0.2])


def turned_about(points, axis, degrees):
    angle = np.deg2rad(degrees)
    first, second = [other for other in range(3) if other != axis]
    turned = points.copy()
    turned[..., first] = (
        np.cos(angle) * points[..., first]
        - np.sin(angle) * points[..., second]
    )
    turned[..., second] = (
        np.sin(angle) * points[..., first]
        + np.cos(angle) * points[..., second]
    )
    return turned


def test_it_plays(reading):
    with reading(clip()) as reader:
        pictures = {reader.picture}
        for _ in range(3):
            reader.wait_for_frame('now != was')
            pictures.add(reader.picture)
        assert len(pictures) > 2
        # It begins again at the end, of two seconds.
        reader.wait_for_frame('Number(now) < was')
        assert reader.attribute('#play', 'aria-label') == ['Pause']
        reader.press('Space')
        assert reader.attribute('#play', 'aria-label') == ['Play']
        paused = reader.frame, reader.picture
        reader.page.wait_for_timeout(300)
        assert (reader.frame, reader.picture) == paused
        reader.click('#play')
        reader.wait_for_frame('now != was')


def test_speed_is_that_of_the_clip_times_the_readers(reading):
    with reading(clip(np.tile(standing(), (10, 1, 1))[None])) as reader:
        reader.page.locator('#speed').select_option('4')
        start = reader.frame, reader.page.evaluate('performance.now()')
        reader.page.wait_for_timeout(1500)
        end = reader.frame, reader.page.evaluate('performance.now()')
        frames, seconds = end[0] - start[0], (end[1] - start[1]) / 1000
        # Four times 20; a busy machine leaves pictures out.
        assert frames / seconds == pytest.approx(80, rel=0.5)


def test_keys_step_through_the_frames(still):
    with still(clip()) as reader:
        assert reader.frame == 0
        seen = []
        for key in ('ArrowRight', 'ArrowRight', 'ArrowLeft', 'End'):
            reader.press(key)
            seen.append(reader.frame)
        # Beyond the last frame comes the first.
        reader.press('ArrowRight')
        seen.append(reader.frame)
        reader.press('End', 'Home')
        seen.append(reader.frame)
        # On the slider and on a class they do the same.
        for where in ('#scrub', 'input[value="5"]'):
            reader.page.locator(where).focus()
            reader.press('ArrowRight')
            seen.append(reader.frame)
        assert seen == [1, 2, 1, 39, 0, 0, 1, 2]
        assert reader.text('#clock') == '0.10 s of 1.95 s'


def test_every_control_is_reached_by_the_tabulator(still):
    with still(clip(), clip(name='second')) as reader:
        found = []
        for _ in range(14):
            reader.press('Tab')
            found.append(
                reader.page.evaluate(
                    '() => { const {id, name, className, parentNode} ='
                    ' document.activeElement;'
                    ' return id || name || parentNode.id; }'
                )
            )
        assert found[:12] == [
            *('clips', 'clips', 'skeleton', 'zoom-in', 'zoom-out', 'reset'),
            *('scrub', 'segments', 'segments', 'play', 'speed', 'class'),
        ]


def values(reader):
    """What the page says about the chosen class."""
    bars = reader.page.locator('#parts i').all()
    return dict(
        sentence=reader.text('#sentence'),
        chosen=reader.text('#classes label:has(:checked) .name'),
        kinds=[bar.get_attribute('class') for bar in bars],
        widths=[round(bar.bounding_box()['width']) for bar in bars],
        numbers=reader.texts('#parts td:last-child'),
        counts=[spot['count'] for spot in reader.spots.values()],
    )


def test_a_class_that_is_chosen_changes_bars_sentence_and_colours(still):
    with still(clip()) as reader:
        throw = values(reader)
        reader.press('ArrowDown')
        carry = values(reader)
        reader.click('text=kick')
        kick = values(reader)
        reader.press('ArrowDown')
        assert values(reader) == throw
        reader.press('ArrowUp')
        assert values(reader) == kick
        # What the model answers stays what it is.
        assert reader.text('#answer') == 'throw'
        assert reader.text('#verdict') == 'true class: carry on'
        assert reader.texts('#notes p') == ['a note']
        assert reader.attribute('#sentence', 'aria-live') == ['polite']
    assert throw['sentence'] == 'It is a throw.'
    assert throw['chosen'] == 'throw'
    assert throw['kinds'] == ['plus', 'plus']
    assert throw['widths'][0] == pytest.approx(2 * throw['widths'][1], abs=1)
    assert throw['numbers'] == ['30.0 %', '+20.0', '+10.0', '60.0 %']
    assert carry['sentence'] == 'It is no carrying.'
    assert carry['chosen'] == 'carry on true class'
    assert carry['kinds'] == ['minus', 'minus']
    assert carry['widths'] == throw['widths']
    assert carry['numbers'] == ['30.0 %', '−20.0', '−10.0', '0.0 %']
    assert kick['numbers'] == ['30.0 %', '0.0', '0.0', '30.0 %']
    assert throw['counts'][0] > 50 and throw['counts'][1] == 0
    assert carry['counts'][1] > 50 and carry['counts'][0] == 0
    assert kick['counts'] == [0, 0]


def test_segments_are_told_and_lead_to_their_frames(still):
    with still(clip()) as reader:
        where = '#segments button'
        assert reader.attribute(where, 'aria-label') == [
            '0.00 s to 1.00 s: +10.0 points',
            '1.00 s to 2.00 s: −5.0 points',
        ]
        assert reader.attribute(where, 'aria-current') == ['time', None]
        reader.click(f'{where} >> nth=1')
        assert reader.frame == 20
        assert reader.attribute(where, 'aria-current') == [None, 'time']
        # The thumb of the slider stands over the middle of its frame.
        strip = reader.page.locator('#segments').bounding_box()
        slider = reader.page.locator('#scrub').bounding_box()
        thumb = slider['x'] + 8 + 20 / 39 * (slider['width'] - 16)
        middle = strip['x'] + 20.5 / 40 * strip['width']
        assert thumb == pytest.approx(middle, abs=0.5)
        reader.click('text=kick')
        assert not reader.page.locator('#segments').is_visible()


def test_parts_light_up_their_joints_and_joints_tell_their_values(still):
    with still(clip(bones=[], **HEAD_AND_FOOT)) as reader:
        plain = reader.picture
        place = {axis: reader.spots['green'][axis] for axis in 'xy'}
        reader.page.locator('#skeleton').hover(position=place)
        reader.drawn()
        assert reader.picture != plain
        reader.page.mouse.move(0, 0)
        reader.drawn()
        assert reader.picture == plain
        reader.page.locator('#parts tr >> nth=2').hover()
        reader.drawn()
        assert reader.picture != plain
        reader.page.mouse.move(0, 0)
        reader.drawn()
        assert reader.picture == plain


def test_space_is_shown_upright_and_turns(still):
    with still(clip(**HEAD_AND_FOOT)) as reader:
        green, purple = reader.spots.values()
        assert green['y'] < purple['y'] - 50
        assert green['x'] == pytest.approx(purple['x'], abs=5)
        pictures = [reader.picture]
        reader.drag(80, 30)
        pictures.append(reader.picture)
        reader.click('#zoom-in')
        pictures.append(reader.picture)
        reader.page.locator('#skeleton').hover()
        reader.page.mouse.wheel(0, 200)
        reader.page.mouse.move(0, 0)
        reader.drawn()
        pictures.append(reader.picture)
        reader.press('Shift+ArrowLeft')
        pictures.append(reader.picture)
        assert len(set(pictures)) == 5
        reader.click('#reset')
        reader.page.mouse.move(0, 0)
        reader.drawn()
        assert reader.picture == pictures[0]


@pytest.mark.parametrize('degrees', [0, 70, 180])
def test_whoever_faces_elsewhere_is_seen_from_the_front(still, degrees):
    points = turned_about(standing(), 1, degrees)[None]
    with still(clip(points, **LEFT_AND_RIGHT)) as reader:
        green, purple = reader.spots.values()
        # The left of a person who faces the reader is at the reader's right.
        assert green['x'] > purple['x'] + 40
        assert green['y'] == pytest.approx(purple['y'], abs=5)


def test_what_is_near_moves_with_the_hand(still):
    points = standing()
    points[:, 0] = [0, 1, 0.8]
    with still(clip(points[None], **HEAD_AND_FOOT)) as reader:
        before = reader.spots['green']
        reader.drag(60, 0)
        assert reader.spots['green']['x'] > before['x'] + 20
        reader.drag(0, 60)
        assert reader.spots['green']['y'] > before['y'] + 20


def test_another_axis_may_be_up(still):
    # Depth first, then right, then down.
    points = (standing() * [1, -1, 1])[..., [2, 0, 1]][None]
    with still(clip(points, up=[0.0, 0, -1], **HEAD_AND_FOOT)) as reader:
        green, purple = reader.spots.values()
        assert green['y'] < purple['y'] - 50


def test_an_image_has_y_downwards_and_does_not_turn(still):
    points = standing()[None, ..., :2] + 3
    # A joint that was not found.
    points[:, :, 3] = 0
    with still(clip(points, **HEAD_AND_FOOT)) as reader:
        green, purple = reader.spots.values()
        assert green['y'] > purple['y'] + 50
        before = reader.picture
        reader.drag(60, 30)
        assert reader.picture == before


def test_two_persons_stand_side_by_side_and_one_may_leave(still):
    # One behind the other, for a camera on the axis of depth.
    points = np.stack([standing(), standing() + [0.2, 0, 2]])
    points[1, 1:] = 0
    green_head = one_class([0.2, 0.0, 0.0, 0.0])
    with still(clip(points, **green_head)) as reader:
        both = reader.spots['green']
        reader.press('ArrowRight')
        alone = reader.spots['green']
        assert abs(both['x'] - alone['x']) > 60
        assert alone['count'] < 0.7 * both['count']


def test_the_view_goes_along_with_whoever_goes_far(still):
    away = np.zeros((200, 1, 3))
    away[:, 0, 0] = np.linspace(0, 60, 200)
    points = (standing(200) + away)[None]
    with still(clip(points, **HEAD_AND_FOOT)) as reader:
        for _ in range(2):
            green, purple = reader.spots.values()
            # Seen as large as if nobody walked, and not at an edge.
            assert purple['y'] - green['y'] > 150
            assert 100 < green['x'] < 550
            reader.press('End')


def test_a_recording_jumps_along_its_timeline(still):
    windows = [
        dict(start=0, end=10, index=2, confidence=0.8),
        dict(start=10, end=20, index=2, confidence=0.9),
        dict(start=20, end=30, index=-1, confidence=0.2),
        dict(start=30, end=40, index=5, confidence=0.7),
    ]
    timeline = dict(
        rate=20.0, windows=windows, classes={'2': 'throw', '5': 'carry'}
    )
    with still(clip(timeline=timeline)) as reader:
        band = reader.page.locator('#timeline-canvas')
        said = [reader.text('#timeline-now')]
        band.focus()
        for key in ('ArrowRight', 'ArrowRight', 'ArrowLeft'):
            reader.press(key)
            said.append(reader.text('#timeline-now'))
        width = band.bounding_box()['width']
        reader.click('#timeline-canvas', position=dict(x=0.36 * width, y=9))
        said.append(reader.text('#timeline-now'))
        assert said == [
            '0.00 s: throw, 80.0 %',
            '1.00 s: unknown, at most 20.0 %',
            '1.50 s: carry, 70.0 %',
            '1.00 s: unknown, at most 20.0 %',
            '0.70 s: throw, 90.0 %',
        ]
        assert reader.frame == 14
        assert reader.attribute('#timeline-canvas', 'aria-valuetext') == [
            said[-1]
        ]
        assert reader.texts('#timeline-key li') == [
            'throw, 1.0 s',
            'carry, 0.5 s',
            'unknown, 0.5 s',
        ]


def test_windows_that_overlap_share_their_frames(still):
    windows = [
        dict(start=0, end=20, index=2, confidence=0.8),
        dict(start=10, end=30, index=5, confidence=0.7),
        dict(start=20, end=40, index=5, confidence=0.6),
    ]
    timeline = dict(
        rate=None, windows=windows, classes={'2': 'throw', '5': 'carry'}
    )
    with still(clip(timeline=timeline, rate=None)) as reader:
        # The middles are 10, 20 and 30, so that borders are 15 and 25.
        assert reader.texts('#timeline-key li') == [
            'carry, 25 frames',
            'throw, 15 frames',
        ]
        reader.page.locator('#timeline-canvas').focus()
        reader.press('ArrowRight')
        assert reader.text('#timeline-now') == 'frame 16: carry, 70.0 %'


def test_windows_side_by_side_keep_their_frames(still):
    windows = [
        dict(start=0, end=30, index=2, confidence=0.8),
        dict(start=30, end=35, index=5, confidence=0.7),
    ]
    timeline = dict(
        rate=20.0, windows=windows, classes={'2': 'throw', '5': 'carry'}
    )
    with still(clip(timeline=timeline)) as reader:
        assert reader.texts('#timeline-key li') == [
            'throw, 1.5 s',
            'carry, 0.3 s',
        ]
        reader.press('End')
        assert reader.text('#timeline-now') == '1.95 s: no window'


def test_a_recording_without_an_answer_as_a_whole(still):
    window = dict(start=0, end=40, index=2, confidence=0.8)
    timeline = dict(rate=None, windows=[window], classes={'2': 'throw'})
    recording = clip(timeline=timeline, classes=[], explained={}, rate=None)
    with still(recording) as reader:
        reader.press('ArrowDown')
        assert reader.text('#answer') == 'first'
        assert not reader.page.locator('#reasons').is_visible()
        assert 'rate unknown' in reader.text('#hint')


def test_several_clips_are_listed(still):
    one = clip(standing(1)[None], name='second', true=2, explained={})
    with still(clip(), one) as reader:
        where = '#clips button'
        assert reader.texts(f'{where} b') == ['first', 'second']
        reader.click(f'{where} >> nth=1')
        assert reader.attribute(where, 'aria-current') == [None, 'true']
        assert reader.text('#clip-name') == ' · second'
        assert reader.text('#verdict') == '✓ true class'
        # Of one frame there is nothing to play.
        assert reader.page.locator('#play').is_disabled()


def test_markup_in_names_is_text(still):
    bad = '</script><img src="http://localhost/x" onerror="console.log(1)">'
    window = dict(start=0, end=40, index=2, confidence=0.8)
    data = clip(
        name=bad,
        notes=[bad],
        joints=[bad, 'b', 'c', 'd'],
        parts=[dict(name=bad, joints=[0, 1]), dict(name='leg', joints=[2, 3])],
        classes=[dict(index=2, name=bad, probability=0.5)],
        explained={'2': explanation([0.1, 0.1], bad)},
        timeline=dict(rate=20.0, windows=[window], classes={'2': bad}),
    )
    with still(data, data) as reader:
        assert reader.text('#sentence') == bad
        assert reader.text('#answer') == bad
        assert reader.page.evaluate('document.images.length') == 0


@pytest.mark.parametrize('width', [360, 700, 900, 1200])
def test_nothing_runs_over_the_edge(still, width):
    long = 'a class of a name_without_end_and_spaces_and_without_end'
    data = clip(
        name=long.replace(' ', ''),
        classes=[dict(index=2, name=long, probability=0.5)],
        explained={'2': explanation([0.1, 0.1], long * 3)},
    )
    with still(data, data, width=width) as reader:
        assert (
            reader.page.evaluate('document.documentElement.scrollWidth')
            == width
        )


def test_dark_surroundings_have_a_dark_page(still):
    def paper(reader):
        return reader.page.evaluate(
            'getComputedStyle(document.body).backgroundColor'
        )

    with still(clip(), color_scheme='dark') as reader:
        assert paper(reader) == 'rgb(19, 22, 25)'
        dark = reader.picture
        reader.page.emulate_media(color_scheme='light')
        reader.drawn()
        assert paper(reader) == 'rgb(255, 255, 255)'
        assert reader.picture != dark
