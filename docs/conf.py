"""Sphinx settings: pages in Markdown, API pages from the docstrings."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import shapmix_mm  # noqa: E402

project = 'shapmix_mm'
author = 'The shapmix_mm developers'
release = version = shapmix_mm.__version__

extensions = [
    'myst_parser',
    'sphinx.ext.autodoc',
    'sphinx.ext.napoleon',
    'sphinx.ext.viewcode',
    'sphinx_copybutton',
]
exclude_patterns = ['_build']
html_theme = 'furo'
html_title = f'shapmix_mm {release}'
html_static_path: list[str] = []

myst_enable_extensions = ['colon_fence', 'dollarmath']
myst_heading_anchors = 3
# The pages also read well where they lie, so links name files of the
# repository; those that are no page are shown on its own site.
nitpicky = False

autodoc_default_options = {
    'members': True,
    'show-inheritance': True,
    # Pydantic's own, the same on each of its models.
    'exclude-members': 'model_config',
}
autodoc_member_order = 'bysource'
autodoc_typehints = 'none'
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_use_rtype = False
