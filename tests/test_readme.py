"""What README and pages name exists, and their blocks work as they stand."""

import importlib
import re
from pathlib import Path

import pytest

README = Path(__file__).resolve().parents[1] / 'README.md'
ROOT = README.parent
PAGES = [
    README,
    ROOT / 'CONTRIBUTING.md',
    ROOT / 'CHANGELOG.md',
    *sorted((ROOT / 'docs').glob('*.md')),
    *(API := sorted((ROOT / 'docs/api').glob('*.md'))),
]
FOLDERS = 'configs|docs|requirements|shapmix_mm|tests|tools'
FILE = re.compile(
    rf'(?<![\w/:.-])((?:{FOLDERS})/[\w./-]+\.(?:md|png|py|sh|txt|ya?ml))\b'
)
# A command ends at a comment or at a line without a backslash.
COMMAND = re.compile(r'(tools/[\w/]+\.py)((?:[^`\n#\\]|\\\n)*)')
# Of another repository, of a reader's own, or looked up by its name alone.
ELSEWHERE = {
    'tools/data/skeleton/README.md',
    'shapmix_mm/a/b.py',
    'tests/a/test_b.py',
    'configs/ctrgcn_cb_ltntu60.py',
}


def text_of(page):
    return page.read_text(encoding='utf-8')


@pytest.mark.parametrize('page', PAGES, ids=lambda page: page.name)
def test_every_link_leads_to_a_file(page):
    links = re.findall(r'\]\(([^)\s]+)\)', text_of(page))
    near = [link for link in links if '://' not in link]
    missing = {
        link
        for link in near
        if not (page.parent / link.partition('#')[0]).exists()
    }
    assert not missing


def missing_files(page):
    named = set(FILE.findall(text_of(page))) - ELSEWHERE
    # Capitals stand for a name of the reader's choice.
    named = {name for name in named if not re.search('[A-Z]{4}', name)}
    return {name for name in named if not (ROOT / name).exists()}


@pytest.mark.parametrize('page', PAGES, ids=lambda page: page.name)
def test_every_file_that_is_named_exists(page):
    assert not missing_files(page)


@pytest.mark.parametrize('page', API, ids=lambda page: page.name)
def test_a_page_of_the_api_shows_what_is_exported(page):
    """By a package; one that exports nothing is shown module by module."""
    shown = re.findall(r'automodule:: (\S+)', text_of(page))
    for name in shown[:1]:
        package = importlib.import_module(name)
        if not hasattr(package, '__all__'):
            files = Path(package.__file__).parent.glob('[!_]*.py')
            assert set(shown[1:]) == {f'{name}.{file.stem}' for file in files}


def test_every_file_that_a_source_names_exists():
    """In what ``--help`` and docstrings tell, too."""
    missing = {}
    for folder in ('shapmix_mm', 'tools', 'configs'):
        for page in (ROOT / folder).rglob('*.py'):
            if missing_files(page):
                missing[str(page)] = missing_files(page)
    assert not missing


def flags_of(tool):
    """Flags that a tool defines, or a module that it imports from."""
    places = [ROOT / tool]
    for module in re.findall(
        r'^from ([\w.]+) import', text_of(places[0]), re.M
    ):
        path = f'{module.replace(".", "/")}.py'
        places += [ROOT / path, places[0].parent / path]
    texts = [text_of(place) for place in places if place.is_file()]
    return {
        flag for text in texts for flag in re.findall(r"'(--[\w-]+)'", text)
    }


@pytest.mark.parametrize('page', PAGES, ids=lambda page: page.name)
def test_every_flag_of_a_command_is_known_to_its_tool(page):
    unknown = set()
    for tool, rest in COMMAND.findall(text_of(page)):
        known = flags_of(tool)
        unknown |= {
            f'{tool} {flag}'
            for flag in re.findall(r'(?<!\S)--[\w-]+', rest)
            if flag not in known
        }
    assert not unknown


@pytest.mark.parametrize('page', PAGES, ids=lambda page: page.name)
def test_prose_is_no_wider_than_120_characters(page):
    text = re.sub(r'^ *```.*?^ *```', '', text_of(page), flags=re.S | re.M)
    wide = [
        line
        for line in text.splitlines()
        if len(line) > 120 and not line.lstrip().startswith('|')
    ]
    assert not wide
