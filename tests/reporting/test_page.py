"""The page stands alone, and escapes what it shows."""

import base64
import struct

from shapmix_mm.runs.page import (
    Section,
    cards,
    facts_table,
    figure,
    page,
    paragraph,
    table,
)


def png(path, width, height):
    head = b'\x89PNG\r\n\x1a\n' + struct.pack('>I', 13) + b'IHDR'
    path.write_bytes(head + struct.pack('>II', width, height))
    return path


def test_text_is_escaped():
    bad = '<b>&"'
    for text in (
        paragraph(bad),
        table((bad,), [(bad,)], 't'),
        cards([(bad, bad)]),
        facts_table([(bad, bad)]),
        page(bad, [], [Section('a', bad)]),
    ):
        assert bad not in text
        assert '&lt;b&gt;&amp;&quot;' in text


def test_figure_is_embedded_with_its_size(tmp_path):
    path = png(tmp_path / 'a.png', 1500, 750)
    text = figure(path, 'A "plot".', 'below')
    data = base64.b64encode(path.read_bytes()).decode()
    assert f'src="data:image/png;base64,{data}"' in text
    assert 'width="960" height="480"' in text
    assert 'alt="A &quot;plot&quot;."' in text
    assert '<figcaption>below</figcaption>' in text


def test_a_figure_wider_than_the_page_scrolls_at_its_size(tmp_path):
    assert '1920px' in figure(png(tmp_path / 'a.png', 3000, 9), 'a')


def test_what_is_no_png_is_said(tmp_path):
    path = tmp_path / 'saliency.png'
    path.write_text('text')
    assert 'saliency.png is no PNG image' in figure(path, 'a')


def test_contents_lead_to_the_sections():
    text = page('t', ['h'], [Section('a', 'A'), Section('b', 'B', ['x'])])
    for name in 'ab':
        assert f'href="#{name}"' in text
        assert f'id="{name}"' in text
