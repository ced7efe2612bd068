from __future__ import annotations

import pytest
from mmengine.config import Config

from shapmix_mm.serialization.config_text import data_only


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
        'import os\nx = a' + 900 * '.b',
        'import os\nx = a' + 9000 * '.b',
    ],
    ids=lambda text: text[:20],
)
def test_more_than_data_is_named(text):
    kept, dropped = data_only(text)
    assert dropped and all(dropped)
    assert data_only(kept) == (kept, [])


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
    assert data_only(text) == (text, [])


def test_what_mmengine_writes_is_data():
    cfg = Config(
        {
            'model': {'type': 'A', 'b': [{'c': (1, -2.5)}, None, 'é"\'']},
            'keys': {'not-a-name': 1, 3: 4},
            'empty': [{}, [], ()],
            'words': 'line\nbreak',
        }
    )
    assert data_only(cfg.pretty_text) == (cfg.pretty_text, [])


def test_what_is_accepted_really_runs_nothing():
    # Executed as MMEngine does it, with no builtin but dict.
    text = "x = dict(a=[1, (2, )], b={'c': -3})"
    assert data_only(text) == (text, [])
    scope = {'__builtins__': {'dict': dict}}
    exec(text, scope)
    assert scope['x'] == {'a': [1, (2,)], 'b': {'c': -3}}


def test_data_stays_where_other_lines_go():
    """Checkpoints of PYSKL and MMAction2 0.x hold such a line."""
    text = (
        "model = dict(\n    type='A')\ngpu_ids = range(0, 8)\n"
        'import os; epochs = 3\nsteps = [1, os.sep]\n'
    )
    kept, dropped = data_only(text)
    assert kept == "model = dict(\n    type='A')\nepochs = 3\n"
    assert dropped[0] == 'line 3, range(0, 8)'
    assert [line.split(',')[0] for line in dropped] == [
        'line 3',
        'line 4',
        'line 5',
    ]
    assert Config.fromstring(kept, '.py').epochs == 3
