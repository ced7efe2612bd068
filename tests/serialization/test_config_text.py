from __future__ import annotations

import pytest
from mmengine.config import Config

from shapmix_mm.serialization.config_text import runs_code


@pytest.mark.parametrize(
    'text',
    [
        'import os',
        'from os import system',
        'x = open("/tmp/x", "w")',
        'x = [dict(a=exec("1"))]',
        'x = (lambda: 1)',
        'x = [i for i in y]',
        'x = a.b',
        'x = "a".join(["b"])',
        'dict = eval\nx = dict("1")',
        'x = eval',
        '_base_ = "other.py"',
        'x = {**y}',
        'x: dict = f()',
        'x += f()',
        'x[f()] = 1',
        'class A: pass',
        'def f(): pass',
        'exec("1")',
        'with open("x"): pass',
        "x = '{{ $NONE:' + __import__('os') }}'",
        'x = "{{ _base_.y }}"',
        'x = f"{exec(1)}"',
        'x = (y := 1)',
    ],
)
def test_more_than_data_is_named(text):
    assert runs_code(text)


@pytest.mark.parametrize(
    'text',
    [
        '',
        '"""A text."""',
        'x = -1\ny = 1e-3',
        "x = dict(a=[1, 'b', None, (True, )], b={'c-d': inf})",
        'not python at all',
    ],
)
def test_data_is_data(text):
    assert runs_code(text) is None


def test_what_mmengine_writes_is_data():
    cfg = Config(
        {
            'model': {'type': 'A', 'b': [{'c': (1, -2.5)}, None, 'é"\'']},
            'keys': {'not-a-name': 1, 3: 4},
            'empty': [{}, [], ()],
            'words': 'line\nbreak',
        }
    )
    assert runs_code(cfg.pretty_text) is None


def test_what_is_accepted_really_runs_nothing():
    # Executed as MMEngine does it, with no builtin but dict.
    text = "x = dict(a=[1, (2, )], b={'c': -3})"
    assert runs_code(text) is None
    scope = {'__builtins__': {'dict': dict}}
    exec(text, scope)
    assert scope['x'] == {'a': [1, (2,)], 'b': {'c': -3}}
