"""Imports go one way through the rooms, and functions stay small."""

import ast
import importlib.util
import sysconfig
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[1] / 'shapmix_mm'
ORDER = (
    *('skeletons', 'shapley', 'datasets', 'models', 'evaluation'),
    *('visualization', 'config', 'saliency', 'engine', 'inference', 'runs'),
)
# Every room and the rooms of ours that it may import, besides itself.
ROOMS = {
    'version': set(),
    'arguments': set(),
    'randomness': set(),
    'serialization': set(),
    'compat': {'serialization'},
    'doctor': {'compat', 'version'},
    'cli': {'compat', 'doctor', 'version'},
    'skeletons': set(),
    'shapley': {'skeletons'},
    'datasets': {'skeletons', 'shapley'},
    'models': {'skeletons', 'shapley'},
    'evaluation': {'skeletons', 'shapley'},
    'visualization': {*ORDER[:5]},
    'config': {'skeletons', 'shapley', 'datasets', 'models'},
    # All that stand before them.
    **{room: {*ORDER[: ORDER.index(room)]} for room in ORDER[7:]},
}
# Any room may read files and its own version.
FOUNDATION = {'serialization', 'compat', 'version', 'arguments', 'randomness'}
# Rooms, or folders in them, that keep to few third-party packages.
THIRD_PARTY = {
    'skeletons': {'numpy', 'torch'},
    'shapley': {'numpy', 'torch'},
    'evaluation/functional': {'numpy'},
    'version': set(),
}
MAX_FUNCTION = 40


def room_of(module):
    """Room of a dotted name of ours: '' is the package itself."""
    return module.split('.')[1] if '.' in module else ''


def module_name(path, package):
    parts = path.relative_to(package.parent).with_suffix('').parts
    return '.'.join(parts[:-1] if parts[-1] == '__init__' else parts)


def imported(path, package):
    """Yield (line, dotted name) of every import, wherever it stands."""
    module = module_name(path, package)
    is_init = path.name == '__init__.py'
    for node in ast.walk(ast.parse(path.read_text(encoding='utf-8'))):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ''
            if node.level:
                up = module.split('.')
                up = up[: len(up) - node.level + is_init]
                base = '.'.join(up + ([base] if base else []))
            for alias in node.names:
                # `from . import name` names a module, or something in one.
                yield node.lineno, f'{base}.{alias.name}'


def is_stdlib(name):
    try:
        spec = importlib.util.find_spec(name)
    except (ImportError, ValueError):
        return False
    if spec is None:
        return False
    origin = spec.origin or ''
    if origin in ('built-in', 'frozen'):
        return True
    library = sysconfig.get_paths()['stdlib']
    return origin.startswith(library) and 'site-packages' not in origin


def layer_violations(package):
    """Imports that go against the arrows, as readable lines."""
    found = []
    for path in sorted(package.rglob('*.py')):
        inside = path.relative_to(package).as_posix()
        room = room_of(module_name(path, package))
        if room and room not in ROOMS:
            found.append(f'{inside}: {room} is no room of the design')
            continue
        for line, name in imported(path, package):
            top = name.split('.')[0]
            if top == package.name:
                problem = _inside_problem(room, room_of(name))
            else:
                problem = _outside_problem(inside, top)
            if problem:
                found.append(f'{inside}:{line}: {problem} ({name})')
    return found


def _inside_problem(room, other):
    if not room or other == room:
        return None
    allowed = set(ROOMS[room])
    if room not in FOUNDATION:
        allowed |= FOUNDATION
    return None if other in allowed else f'{room} imports {other or "top"}'


def _outside_problem(inside, top):
    for place, allowed in THIRD_PARTY.items():
        within = inside.startswith((f'{place}/', f'{place}.py'))
        if within and top not in allowed and not is_stdlib(top):
            return f'{place} imports {top}'
    return None


def size_violations(package):
    """Functions over the limit, as readable lines."""
    found = []
    for path in sorted(package.rglob('*.py')):
        text = path.read_text(encoding='utf-8')
        inside = path.relative_to(package).as_posix()
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                lines = function_length(node)
                if lines > MAX_FUNCTION:
                    found.append(
                        f'{inside}:{node.lineno}: {node.name} {lines} lines'
                    )
    return found


def function_length(node):
    """Lines from ``def`` to the end, its docstring not counted."""
    length = node.end_lineno - node.lineno + 1
    first = node.body[0]
    if ast.get_docstring(node) is not None:
        length -= first.end_lineno - first.lineno + 1
    return length


def test_imports_follow_the_layers():
    assert layer_violations(PACKAGE) == []


def test_functions_are_small():
    assert size_violations(PACKAGE) == []


def test_every_room_of_the_design_exists():
    present = {
        path.stem
        for path in PACKAGE.iterdir()
        if path.suffix == '.py' or (path / '__init__.py').is_file()
    }
    assert present - {'__init__'} == set(ROOMS)


def bad_package(tmp_path, inside, text):
    package = tmp_path / 'shapmix_mm'
    path = package / inside
    path.parent.mkdir(parents=True)
    path.write_text(text)
    return package


@pytest.mark.parametrize(
    'inside, text, problem',
    [
        (
            'shapley/a.py',
            'from shapmix_mm.models import X',
            'shapley imports models',
        ),
        ('shapley/a.py', 'import mmengine.dist', 'shapley imports mmengine'),
        (
            'skeletons/a.py',
            'from ..datasets.b import c',
            'skeletons imports datasets',
        ),
        (
            'models/losses/a.py',
            'from ...engine import x',
            'models imports engine',
        ),
        (
            'models/a.py',
            'import shapmix_mm.evaluation as e',
            'models imports evaluation',
        ),
        (
            'datasets/a.py',
            'def f():\n    from .. import models',
            'datasets imports models',
        ),
        (
            'datasets/__init__.py',
            'from ..models import x',
            'datasets imports models',
        ),
        (
            'evaluation/a.py',
            'if TYPE_CHECKING:\n    from ..datasets import x',
            'evaluation imports datasets',
        ),
        (
            'evaluation/functional/a.py',
            'import torch',
            'evaluation/functional imports torch',
        ),
        (
            'visualization/a.py',
            'from ..engine.hooks import x',
            'visualization imports engine',
        ),
        (
            'serialization/a.py',
            'from ..skeletons import x',
            'serialization imports skeletons',
        ),
        ('compat/a.py', 'from .. import models', 'compat imports models'),
        ('version.py', 'import torch', 'version imports torch'),
        ('extras/a.py', '', 'extras is no room of the design'),
    ],
)
def test_the_checker_sees_a_bad_import(tmp_path, inside, text, problem):
    found = layer_violations(bad_package(tmp_path, inside, text))
    assert len(found) == 1
    assert problem in found[0]


@pytest.mark.parametrize(
    'inside, text',
    [
        (
            'engine/hooks/a.py',
            'from ..b import c\nfrom shapmix_mm import models',
        ),
        ('models/blending/a.py', 'from ..class_counts import x'),
        ('models/__init__.py', 'from .blending import x'),
        ('shapley/a.py', 'import torch.nn\nimport itertools\nimport math'),
        ('datasets/a.py', 'from ..serialization import x\nimport mmaction'),
        ('__init__.py', 'from . import compat, engine'),
    ],
)
def test_the_checker_passes_a_good_import(tmp_path, inside, text):
    assert layer_violations(bad_package(tmp_path, inside, text)) == []


def test_the_checker_sees_size(tmp_path):
    body = '    x = 1\n'
    fits = f'def fits():\n    """One\n\n    two.\n    """\n{body * 39}'
    grown = f'class A:\n    def grown(self):\n{("    " + body) * 40}'
    package = bad_package(tmp_path, 'models/a.py', fits + grown)
    assert size_violations(package) == ['models/a.py:46: grown 41 lines']
