"""The page stands alone, and escapes what it shows."""

import base64
import struct
import sys
from types import SimpleNamespace

import pandas as pd
import pytest

from shapmix_mm.runs import pages
from shapmix_mm.runs.pages import image, markdown, needed, render
from shapmix_mm.runs.run import RunError


def png(path, width, height):
    head = b'\x89PNG\r\n\x1a\n' + struct.pack('>I', 13) + b'IHDR'
    path.write_bytes(head + struct.pack('>II', width, height))
    return path


def comparison(**changes):
    """The page of a suite without runs."""
    values = dict(
        title='t',
        about='',
        sections=dict(runs='Runs', setup='Set-up'),
        blocks=[],
        together=None,
        missing=0,
        runs=pd.DataFrame(columns=list('abcdefg'), dtype=object),
        facts={},
    )
    return render('comparison.html', **{**values, **changes})


def test_text_is_escaped():
    bad = '<b>&"'
    rows = pd.DataFrame([[bad] * 7], columns=[bad + c for c in 'abcdefg'])
    page = comparison(title=bad, about=bad, runs=rows, facts={bad: bad})
    assert bad not in page
    # Title twice, a sentence, seven heads and seven cells, a fact.
    assert page.count('&lt;b&gt;&amp;&#34;') == 2 + 1 + 7 * 3 + 2


def figure(picture):
    block = SimpleNamespace(
        name='d',
        best=False,
        means=pd.DataFrame(columns=list('abcdef')),
        notes=lambda: [],
        paired_note=lambda: '',
    )
    names = {'d': 'D', 'd-paired': 'P', 'runs': 'Runs', 'setup': 'Set-up'}
    return comparison(
        blocks=[block],
        sections=names,
        means=dict(d=picture),
        paired=dict(d=None),
    )


def test_figure_is_embedded_with_its_size(tmp_path):
    path = png(tmp_path / 'a.png', 1500, 750)
    text = figure(image(path))
    data = base64.b64encode(path.read_bytes()).decode()
    assert f'src="data:image/png;base64,{data}"' in text
    assert 'width="960" height="480"' in text
    assert 'alt="Mean and interval of each method; the' in text
    assert '<figcaption>Small dots are seeds' in text


def test_a_figure_wider_than_the_page_scrolls_at_its_size(tmp_path):
    picture = image(png(tmp_path / 'a.png', 3000, 9))
    assert 'max(100%, 1920px)' in figure(picture)


def test_what_is_no_png_is_said(tmp_path):
    path = tmp_path / 'saliency.png'
    path.write_text('text')
    assert 'saliency.png is no PNG image' in figure(image(path))
    path.unlink()
    assert 'saliency.png cannot be read: No such' in figure(image(path))


def test_contents_lead_to_the_sections():
    text = comparison()
    for name in ('runs', 'setup'):
        assert f'href="#{name}"' in text
        assert f'id="{name}"' in text
    assert text.startswith('<!DOCTYPE html>')


def test_a_markdown_table_by_hand():
    frame = pd.DataFrame(dict(a=['x|y', 'z'], b=['1.50', '–']))
    assert markdown(frame, 'tn').splitlines() == [
        '| a    |    b |',
        '|:-----|-----:|',
        '| x\\|y | 1.50 |',
        '| z    |    – |',
    ]


@pytest.mark.parametrize('name', ['pandas', 'jinja2', 'tabulate'])
def test_a_missing_package_names_the_extra(monkeypatch, name):
    monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(RunError, match=f'{name}.*shapmix_mm.reports') as error:
        needed(name)
    assert '\n' not in str(error.value)


def test_percent():
    assert [pages.percent(x) for x in (0.7125, None, float('nan'))] == [
        '71.2',
        '–',
        '–',
    ]
