"""The page holds its data, whole and escaped."""

import json
import re
import sys

import pytest

from shapmix_mm.inference import write_page


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


@pytest.mark.parametrize('bad', [float('nan'), float('inf')])
def test_numbers_that_are_not_finite_are_refused(tmp_path, bad):
    with pytest.raises(ValueError, match='not JSON compliant'):
        write_page(page(clip(points=[[[[bad, 0.0]]]])), tmp_path / 'a.html')
    assert not list(tmp_path.iterdir())


def test_a_missing_package_names_the_extra(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, 'jinja2', None)
    with pytest.raises(ValueError, match='jinja2.*shapmix_mm.reports'):
        write_page(page(clip()), tmp_path / 'page.html')
