"""What tables and pages are made with: pandas, and jinja2's templates."""

from __future__ import annotations

import base64
import importlib
import struct
from pathlib import Path
from typing import Any

from shapmix_mm.version import __version__
from shapmix_mm.visualization.style import GROUP_COLOURS

from .run import RunError

__all__ = ['image', 'markdown', 'needed', 'percent', 'render']

ABSENT = '–'
# Figures are drawn at 150 dots per inch, a page has 96.
_SHRINK = 96 / 150
_WIDE = 1280
_READABLE = 0.78


def needed(name: str) -> Any:
    """Import a package of the extra ``reports``.

    Args:
        name (str): Name of the module.

    Returns:
        module: The module.

    Raises:
        RunError: If it is not installed; it says how to get it.
    """
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise RunError(
            f'tables and pages need {name}, which is not installed: '
            "pip install 'shapmix_mm[reports]'"
        ) from error


def markdown(frame: Any, kinds: str) -> str:
    """Write a table of texts in Markdown.

    Args:
        frame (DataFrame): Cells, all of them texts.
        kinds (str): A letter per column: ``n`` is aligned to the right.

    Returns:
        str: The table.
    """
    needed('tabulate')
    return frame.map(lambda cell: cell.replace('|', '\\|')).to_markdown(
        index=False,
        disable_numparse=True,
        colalign=['right' if kind == 'n' else 'left' for kind in kinds],
    )


def percent(value: float | None) -> str:
    """Write a fraction in percent.

    Args:
        value (float, optional): The fraction; None and NaN are unknown.

    Returns:
        str: Such as ``71.3``, or a dash.
    """
    if value is None or value != value:
        return ABSENT
    return f'{100 * value:.1f}'


def image(path: Path) -> dict[str, Any]:
    """Read a PNG for a page that holds its figures itself.

    Args:
        path (Path): The image.

    Returns:
        dict[str, Any]: Text of its bytes, width, height and the style that
        keeps it readable; or the ``problem`` with it.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        return dict(problem=f'{path.name} cannot be read: {error.strerror}')
    if data[:8] != b'\x89PNG\r\n\x1a\n' or len(data) < 24:
        return dict(problem=f'{path.name} is no PNG image')
    pixels = struct.unpack('>II', data[16:24])
    width, height = (round(size * _SHRINK) for size in pixels)
    # Where it does not fit, it shrinks only while it can be read, and then
    # scrolls; what is wider than any page keeps its size.
    least = round(_READABLE * width) if width <= _WIDE else width
    return dict(
        data=base64.b64encode(data).decode('ascii'),
        width=width,
        height=height,
        least=least,
    )


def render(template: str, **values: Any) -> str:
    """Fill in a template of this package.

    Args:
        template (str): Its file name; values are escaped in an HTML page.
        **values: What it shows.

    Returns:
        str: The text.
    """
    jinja2 = needed('jinja2')
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader('shapmix_mm.runs'),
        autoescape=jinja2.select_autoescape(['html']),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(
        version=__version__, group_colours=GROUP_COLOURS
    )
    environment.filters['percent'] = percent
    return environment.get_template(template).render(**values)
