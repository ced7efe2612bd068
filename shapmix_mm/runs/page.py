"""Pieces of an HTML page that needs nothing but itself."""

from __future__ import annotations

import base64
import html
import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from shapmix_mm.version import __version__

from .page_style import STYLE

__all__ = [
    'Section',
    'cards',
    'facts_table',
    'figure',
    'figures',
    'notice',
    'page',
    'paragraph',
    'table',
]

# Figures are drawn at 150 dots per inch, a page has 96.
_SHRINK = 96 / 150
_WIDE = 1280
_READABLE = 0.78


@dataclass
class Section:
    """A part of the page that folds.

    Attributes:
        name (str): Anchor.
        title (str): Heading.
        content (list[str]): HTML, in order.
    """

    name: str
    title: str
    content: list[str] = field(default_factory=list)

    def html(self) -> str:
        """Return the section as HTML."""
        return (
            f'<details open id="{self.name}"><summary>'
            f'<h2>{html.escape(self.title)}</h2></summary>\n'
            + '\n'.join(self.content)
            + '\n</details>'
        )


def page(title: str, head: Iterable[str], sections: Sequence[Section]) -> str:
    """Put a page together.

    Args:
        title (str): Title.
        head (Iterable[str]): HTML above the table of contents.
        sections (Sequence[Section]): What follows it.

    Returns:
        str: The whole page, without scripts and without links to outside.
    """
    links = ''.join(
        f'<li><a href="#{s.name}">{html.escape(s.title)}</a></li>'
        for s in sections
    )
    body = '\n'.join(section.html() for section in sections)
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, '
        'initial-scale=1">\n'
        # No request for an icon either.
        '<link rel="icon" href="data:,">\n'
        f'<title>{html.escape(title)}</title>\n<style>{STYLE}</style>\n'
        f'</head><body>\n<header><h1>{html.escape(title)}</h1>\n'
        + '\n'.join(head)
        + f'</header>\n<nav aria-label="Sections"><ul>{links}</ul></nav>\n'
        f'<main>\n{body}\n</main>\n'
        f'<footer>Written by shapmix_mm {__version__}.</footer>\n'
        '</body></html>\n'
    )


def paragraph(text: str, kind: str = '') -> str:
    """Write a paragraph.

    Args:
        text (str): Plain text.
        kind (str): Class of the style sheet. Defaults to ''.

    Returns:
        str: HTML.
    """
    mark = f' class="{kind}"' if kind else ''
    return f'<p{mark}>{html.escape(text)}</p>'


def notice(text: str) -> str:
    """Write a paragraph that stands out.

    Args:
        text (str): Plain text.

    Returns:
        str: HTML.
    """
    return paragraph(text, 'notice')


def cards(values: Iterable[tuple[str, str]]) -> str:
    """Show the few numbers that matter most.

    Args:
        values (Iterable[tuple[str, str]]): Name and value of each.

    Returns:
        str: HTML; the cards of groups have their colours.
    """
    inside = ''.join(
        f'<div class="card {html.escape(name.split()[0])}">'
        f'<b>{html.escape(value)}</b><span>{html.escape(name)}</span></div>'
        for name, value in values
    )
    return f'<div class="cards">{inside}</div>'


def table(
    header: Sequence[str], rows: Iterable[Sequence[str]], kinds: str
) -> str:
    """Write a table that scrolls sideways where it does not fit.

    Args:
        header (Sequence[str]): Names of the columns.
        rows (Iterable[Sequence[str]]): Cells, plain text.
        kinds (str): A letter per column: ``t`` text, ``n`` number, ``c``
            code.

    Returns:
        str: HTML.
    """
    classes = dict(t='', n=' class="number"', c=' class="code"')
    marks = [classes[kind] for kind in kinds]
    heads = ''.join(
        f'<th{mark if "number" in mark else ""}>{html.escape(name)}</th>'
        for name, mark in zip(header, marks)
    )
    lines = [
        '<tr>'
        + ''.join(
            f'<td{mark} data-column="{html.escape(name)}">'
            f'{html.escape(cell)}</td>'
            for name, cell, mark in zip(header, row, marks)
        )
        + '</tr>'
        for row in rows
    ]
    # Code is long; on a narrow page its cells stand below each other.
    kind = ' class="stacks"' if 'c' in kinds else ''
    return (
        f'<div class="scroll"><table{kind}><thead><tr>'
        f'{heads}</tr></thead>\n<tbody>' + '\n'.join(lines) + '</tbody>'
        '</table></div>'
    )


def facts_table(facts: Iterable[tuple[str, str]]) -> str:
    """Write names and values in two columns.

    Args:
        facts (Iterable[tuple[str, str]]): Name and value of each.

    Returns:
        str: HTML.
    """
    lines = '\n'.join(
        f'<tr><th scope="row">{html.escape(name)}</th>'
        f'<td>{html.escape(value)}</td></tr>'
        for name, value in facts
    )
    return f'<div class="scroll"><table><tbody>{lines}</tbody></table></div>'


def figure(path: Path, alt: str, caption: str = '') -> str:
    """Embed a PNG.

    Args:
        path (Path): The image.
        alt (str): What it shows, for those who do not see it.
        caption (str): Text below it. Defaults to ''.

    Returns:
        str: HTML.
    """
    data = path.read_bytes()
    if data[:8] != b'\x89PNG\r\n\x1a\n' or len(data) < 24:
        return notice(f'{path.name} is no PNG image')
    pixels = struct.unpack('>II', data[16:24])
    width, height = (round(size * _SHRINK) for size in pixels)
    # Where it does not fit, it shrinks only while it can be read, and then
    # scrolls; what is wider than any page keeps its size.
    least = round(_READABLE * width) if width <= _WIDE else width
    limit = f'max-width: max(100%, {least}px)'
    text = base64.b64encode(data).decode('ascii')
    below = (
        f'<figcaption>{html.escape(caption)}</figcaption>' if caption else ''
    )
    return (
        f'<figure><div class="scroll"><img style="{limit}" '
        f'alt="{html.escape(alt)}" width="{width}" height="{height}" '
        f'src="data:image/png;base64,{text}"></div>{below}</figure>'
    )


def figures(*items: str) -> str:
    """Put figures side by side where there is room.

    Args:
        items (str): Figures, as HTML.

    Returns:
        str: HTML.
    """
    return f'<div class="figures">{"".join(items)}</div>'
