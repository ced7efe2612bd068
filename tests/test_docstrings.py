"""Docstrings exist, and their Args are the arguments that there are."""

import functools
import importlib
import inspect
import re
import sys
import textwrap
import types
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[1] / 'shapmix_mm'
ENTRY = re.compile(r'^\*{0,2}(\w+)(?: \(.+\))?:')
HEAD = re.compile(r'^\S+ \(.*[^)]$')


def modules():
    names = []
    for path in PACKAGE.rglob('*.py'):
        parts = path.relative_to(PACKAGE.parent).with_suffix('').parts
        names.append(
            '.'.join(parts[:-1] if parts[-1] == '__init__' else parts)
        )
    return sorted(names)


@functools.lru_cache
def exported():
    """Everything that a package of ours offers under ``__all__``."""
    found = set()
    for path in PACKAGE.rglob('__init__.py'):
        inside = path.parent.relative_to(PACKAGE.parent)
        package = importlib.import_module('.'.join(inside.parts))
        for name in getattr(package, '__all__', []):
            value = getattr(package, name)
            found.add(
                f'{value.__module__}.{name}'
                if hasattr(value, '__module__')
                else name
            )
    return found


def documented(docstring):
    """Names under Args (of a class, or Attributes), None without any."""
    lines = inspect.cleandoc(docstring).splitlines()
    starts = [
        i for i, line in enumerate(lines) if line in ('Args:', 'Attributes:')
    ]
    if not starts:
        return None
    body = []
    for line in lines[starts[0] + 1 :]:
        if line and not line.startswith(' '):
            break
        body.append(line)
    entries = textwrap.dedent('\n'.join(body)).splitlines()
    names = []
    for line, after in zip(entries, [*entries[1:], '']):
        if line.startswith(' ') or not line:
            continue
        if HEAD.match(line):
            line += ' ' + after.strip()
        match = ENTRY.match(line)
        names.append(match[1] if match else f'unreadable: {line}')
    return names


def parameters(function, *, bound):
    names = list(inspect.signature(function).parameters)
    return names[1:] if bound else names


def fields(cls):
    """What constructs a class: dataclass or tuple fields, or __init__."""
    if issubclass(cls, tuple) and hasattr(cls, '_fields'):
        return list(cls._fields)
    # One of a stock class may stand in ours, to have its arguments checked.
    init = vars(cls).get('__init__')
    if init is not None and init.__module__ == cls.__module__:
        return parameters(cls.__init__, bound=True)
    # Of what is inherited, docstrings tell as much as they like.
    return documented(cls.__doc__ or '') or []


def public_members(cls):
    """Yield (name, function, is bound) of the methods a class defines."""
    for name, member in vars(cls).items():
        if name.startswith('_'):
            continue
        if isinstance(member, property):
            yield name, member.fget, True
        elif isinstance(member, staticmethod):
            yield name, member.__func__, False
        elif isinstance(member, classmethod):
            yield name, member.__func__, True
        elif inspect.isfunction(member):
            yield name, member, True


def overrides(cls, name):
    return any(name in vars(base) for base in cls.__mro__[1:])


def compare(where, doc, expected, *, may_omit):
    if not (doc or '').strip():
        return [f'{where}: no docstring']
    names = documented(doc)
    if names is None:
        if may_omit:
            return []
        names = []
    found = []
    if lacking := [n for n in expected if n not in names]:
        found.append(f'{where}: undocumented {", ".join(lacking)}')
    if ghosts := [n for n in names if n not in expected]:
        found.append(f'{where}: no such argument {", ".join(ghosts)}')
    if not found and names != expected:
        found.append(f'{where}: documented in another order')
    return found


def offenders(module, public=None):
    """What is wrong with the docstrings of a module, as readable lines.

    A one-line docstring may leave the arguments of a room's own tool to
    their names and annotations; what a room offers tells them all.
    """
    name = module.__name__
    public = exported() if public is None else public
    found = [] if (module.__doc__ or '').strip() else [f'{name}: none at all']
    for key, value in vars(module).items():
        if key.startswith('_') or getattr(value, '__module__', '') != name:
            continue
        where = f'{name}.{key}'
        inner = where not in public
        if inspect.isclass(value):
            found += compare(
                where,
                vars(value).get('__doc__'),
                fields(value),
                may_omit=inner,
            )
            for member, function, bound in public_members(value):
                found += compare(
                    f'{where}.{member}',
                    function.__doc__,
                    parameters(function, bound=bound),
                    may_omit=inner or overrides(value, member),
                )
        elif inspect.isfunction(value):
            found += compare(
                where,
                value.__doc__,
                parameters(value, bound=False),
                may_omit=inner,
            )
    return found


@pytest.mark.parametrize('name', modules())
def test_docstrings_tell_the_arguments(name):
    assert offenders(importlib.import_module(name)) == []


GOOD = '''
"""Purpose."""
from dataclasses import dataclass
from typing import NamedTuple

def plain():
    """Do."""

def full(a, *b, c=1, **kwargs):
    """Do.

    Args:
        a (dict[str, tuple[int,
            int]]): One, as in::

                an: example
        *b (int): Two: more.
        c (int, optional): Three. Defaults to 1.
        kwargs: Four.

    Returns:
        int: d (int): not an argument.
    """

class Pair(NamedTuple):
    """Two.

    Args:
        a (int): One.
    """
    a: int

@dataclass
class Data:
    """Two.

    Args:
        a (int): One.
    """
    a: int

class Base:
    """Base."""

    def act(self, x):
        """Act.

        Args:
            x (int): One.
        """

class Child(Base):
    """Child."""

    def act(self, x):
        """Act; see the base."""
'''
BAD = {
    'x = 1': 'bad: none at all',
    '"""M."""\ndef f():\n    pass': 'bad.f: no docstring',
    '"""M."""\ndef f(a, b):\n    """F."""': 'bad.f: undocumented a, b',
    '"""M."""\ndef f(a):\n    """F.\n\n    Args:\n        a (int): A.\n'
    '        b (int): B.\n    """': 'bad.f: no such argument b',
    '"""M."""\nclass C:\n    """C.\n\n    Args:\n        a (int): A.\n'
    '    """\n'
    '    def __init__(self, a, b):\n        pass': 'bad.C: undocumented b',
    '"""M."""\nclass C:\n    """C."""\n'
    '    def m(self, a):\n        """M."""': 'bad.C.m: undocumented a',
    '"""M."""\ndef f(a, b):\n    """F.\n\n    Args:\n        b (int): B.\n'
    '        a (int): A.\n    """': 'bad.f: documented in another order',
}


class Everything:
    """Makes all names of a module public."""

    def __contains__(self, name):
        return True


def load(text, monkeypatch):
    module = types.ModuleType('bad')
    monkeypatch.setitem(sys.modules, 'bad', module)
    exec(compile(text.lstrip(), 'bad', 'exec'), vars(module))
    return module


def test_the_checker_passes_what_is_right(monkeypatch):
    assert offenders(load(GOOD, monkeypatch), Everything()) == []


@pytest.mark.parametrize('text', BAD)
def test_the_checker_sees_what_is_wrong(text, monkeypatch):
    assert offenders(load(text, monkeypatch), Everything()) == [BAD[text]]


def test_inner_tools_may_be_brief_but_not_wrong(monkeypatch):
    brief, wrong = (
        text
        for text in BAD
        if text.endswith('"""F."""') or 'no such argument' in BAD[text]
    )
    assert offenders(load(brief, monkeypatch), set()) == []
    assert offenders(load(wrong, monkeypatch), set()) == [BAD[wrong]]


def test_what_the_rooms_offer_is_known():
    assert 'shapmix_mm.shapley.exact.exact_shapley' in exported()
    assert len(exported()) > 40
