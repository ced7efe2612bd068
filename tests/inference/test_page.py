"""The page holds its data, whole and escaped; bad data are refused."""

import json
import re
import sys

import pytest

from shapmix_mm.inference.page import PageError, write_page


def explanation(**changes):
    values = dict(
        none=0.2,
        all=0.7,
        parts=[0.1, 0.4],
        combinations=[dict(parts=[0, 1], value=0.5)],
        joints=[0.05, 0.05, 0.4],
        joint_errors=[0.01, 0.0, 0.02],
        segments=[dict(start=0, end=2, value=0.5)],
        sentence='Both parts together raise “a” by 50 points.',
    )
    return {**values, **changes}


def clip(**changes):
    """A clip of two frames, three joints and two parts."""
    values = dict(
        name='clip',
        notes=[],
        rate=30.0,
        points=[[[[0.0, 1, 2], [1, 1, 2], [2, 1, 2]]] * 2],
        up=None,
        bones=[[0, 1], [2, 1]],
        joints=['head', 'neck', 'hand'],
        parts=[
            dict(name='trunk', joints=[0, 1]),
            dict(name='arm', joints=[2]),
        ],
        true=None,
        classes=[dict(index=3, name='a', probability=0.7)],
        explained={'3': explanation()},
        timeline=None,
    )
    return {**values, **changes}


def page(*clips):
    return dict(title='leaf.py', created_with='shapmix_mm 1', clips=[*clips])


def embedded(path):
    text = path.read_text(encoding='utf-8')
    found = re.search(
        r'<script type="application/json" id="data">(.*?)</script>', text, re.S
    )
    return json.loads(found[1])


def test_the_page_holds_its_data(tmp_path):
    data = page(clip(), clip(name='other'))
    write_page(data, tmp_path / 'new' / 'page.html')
    assert embedded(tmp_path / 'new' / 'page.html') == data


@pytest.mark.parametrize('bad', ['</script><b>', '<!--<script>', '&\'"\u2028'])
def test_names_with_markup_stay_text(tmp_path, bad):
    data = page(clip(name=bad, notes=[bad], explained={}))
    data['title'] = bad
    write_page(data, tmp_path / 'page.html')
    assert embedded(tmp_path / 'page.html') == data
    if bad.startswith('<'):
        text = (tmp_path / 'page.html').read_text(encoding='utf-8')
        assert bad not in text


POINTS = clip()['points']
BAD = {
    'clips: ': page(),
    'clips.0.rate: ': page(clip(rate=0.0)),
    'clips.0.name: ': page(clip(name=3)),
    'clips.0.colour: ': page(clip(colour='red')),
    'clips.0.points.0.0.0.1: ': page(clip(points=[[[[0.0, float('nan')]]]])),
    'clips.0.points: has no frame': page(clip(points=[[]])),
    'clips.0.points: mixes': page(
        clip(points=[[[[0.0, 1]] * 2 + [[0.0] * 3]]])
    ),
    'clips.0.points: persons have 2 and 1': page(
        clip(points=[POINTS[0], POINTS[0][:1]])
    ),
    'clips.0.points: expected 3 joints': page(clip(points=[[[[0.0, 1]]]])),
    'clips.1.bones: expected joints below 3': page(
        clip(), clip(bones=[[3, 0]])
    ),
    'clips.0.explained: 4 is none of the classes': page(
        clip(explained={'4': explanation()})
    ),
    'clips.0.parts: expected joints below 3': page(
        clip(parts=[dict(name='a', joints=[3]), dict(name='b', joints=[])])
    ),
    **{
        f'clips.0.explained.3.{problem}': page(
            clip(explained={'3': explanation(**change)})
        )
        for problem, change in {
            'parts: expected 2 values, got 1': dict(parts=[0.5]),
            'parts: their sum is +0.1 off all - none': dict(parts=[0.2, 0.4]),
            'combinations: expected parts below 2': dict(
                combinations=[dict(parts=[2], value=0.0)]
            ),
            'joints: expected 3 values, got 2': dict(joints=[0.0, 0.0]),
            'joint_errors: expected 3 values, got 1': dict(joint_errors=[0.0]),
            'segments: expected start < end <= 2': dict(
                segments=[dict(start=1, end=3, value=0.0)]
            ),
            'all: ': dict(all=1.2),
        }.items()
    },
    **{
        f'clips.0.timeline.{problem}': page(
            clip(timeline=dict(rate=None, classes={'3': 'a'}, windows=windows))
        )
        for problem, windows in {
            'classes: no name of class 4': [
                dict(start=0, end=2, index=4, confidence=0.5)
            ],
            'windows: expected start < end <= 2': [
                dict(start=2, end=2, index=3, confidence=0.5)
            ],
            'windows: expected them in the order of time': [
                dict(start=1, end=2, index=3, confidence=0.5),
                dict(start=0, end=2, index=-1, confidence=0.5),
            ],
        }.items()
    },
}


@pytest.mark.parametrize('problem', BAD)
def test_bad_data_are_refused_in_one_line(tmp_path, problem):
    with pytest.raises(PageError, match=re.escape(problem)) as error:
        write_page(BAD[problem], tmp_path / 'page.html')
    assert '\n' not in str(error.value)
    assert not list(tmp_path.iterdir())


def test_a_missing_package_names_the_extra(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, 'jinja2', None)
    with pytest.raises(PageError, match='jinja2.*shapmix_mm.reports'):
        write_page(page(clip()), tmp_path / 'page.html')
