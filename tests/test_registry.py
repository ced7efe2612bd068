"""What we register resolves, is exported, and replaces nothing of others."""

import ast
import importlib
import inspect
import json
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[1] / 'shapmix_mm'
# DESIGN.md, section 7.
DESIGNED = dict(
    LongTailedPoseDataset='DATASETS',
    STMixBlending='MODELS',
    ShapMixBlending='MODELS',
    SaliencyHook='HOOKS',
    ClassCountsHook='HOOKS',
    BalancedSoftmaxLoss='MODELS',
    LongTailMetric='METRICS',
    CTRGCN='MODELS',
)

# Registries hold what stock MMAction2 has, then we are imported. The cures
# of its wheel must come first, so they are reached past our __init__.
COMPARE = """
import importlib, json, sys, types
bare = types.ModuleType('shapmix_mm')
bare.__path__ = [sys.argv[1]]
sys.modules['shapmix_mm'] = bare
importlib.import_module('shapmix_mm.compat').apply()
import mmaction.registry, mmengine.registry
from mmaction.utils import register_all_modules
register_all_modules(init_default_scope=False)

def snapshot():
    found = {}
    for home in (mmaction.registry, mmengine.registry):
        for label, registry in vars(home).items():
            if isinstance(registry, mmengine.registry.Registry):
                for name, value in registry.module_dict.items():
                    found[f'{home.__name__}.{label}.{name}'] = value
    return found

before = snapshot()
for name in [n for n in sys.modules if n.split('.')[0] == 'shapmix_mm']:
    del sys.modules[name]
import shapmix_mm
after = snapshot()
changed = [key for key in before if before[key] is not after.get(key)]
added = {key: after[key].__module__ for key in after if key not in before}
print('RESULT' + json.dumps([len(before), changed, added]))
"""


@pytest.fixture(scope='module')
def comparison():
    done = subprocess.run(
        [sys.executable, '-c', COMPARE, str(PACKAGE)],
        capture_output=True,
        text=True,
        cwd=PACKAGE.parent,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.rpartition('RESULT')[2])


def registered_in_source():
    """Yield (module, class) of every decorated class in the package."""
    for path in sorted(PACKAGE.rglob('*.py')):
        text = path.read_text(encoding='utf-8')
        if 'register_module' not in text:
            continue
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.ClassDef) and any(
                'register_module' in ast.unparse(d)
                for d in node.decorator_list
            ):
                inside = path.relative_to(PACKAGE.parent).with_suffix('')
                yield '.'.join(inside.parts), node.name


CLASSES = sorted(registered_in_source())


def test_nothing_of_others_is_replaced(comparison):
    number, changed, _ = comparison
    assert number > 300
    assert changed == []


def test_all_that_is_added_is_ours_and_in_mmaction(comparison):
    _, _, added = comparison
    foreign = {
        key: module
        for key, module in added.items()
        if not module.startswith('shapmix_mm.')
        or not key.startswith('mmaction.registry.')
    }
    assert foreign == {}
    assert {key.rpartition('.')[2] for key in added} == {
        name for _, name in CLASSES
    }


@pytest.mark.parametrize('name', DESIGNED)
def test_designed_names_resolve_from_the_root(name):
    import mmengine.registry

    import shapmix_mm  # noqa: F401

    root = getattr(mmengine.registry, DESIGNED[name])
    found = root.get(f'mmaction.{name}')
    assert found is not None
    assert found.__name__ == name
    assert found.__module__.startswith('shapmix_mm.')


@pytest.mark.parametrize('module, name', CLASSES)
def test_registered_classes_are_exported_by_their_room(module, name):
    import shapmix_mm  # noqa: F401

    room = importlib.import_module('.'.join(module.split('.')[:2]))
    assert name in room.__all__
    assert getattr(room, name).__module__ == module


def packages():
    return sorted(
        '.'.join(path.parent.relative_to(PACKAGE.parent).parts)
        for path in PACKAGE.rglob('__init__.py')
    )


@pytest.mark.parametrize('name', packages())
def test_all_names_what_is_there_without_repeats(name):
    package = importlib.import_module(name)
    exported = getattr(package, '__all__', [])
    assert len(set(exported)) == len(exported)
    missing = [item for item in exported if not hasattr(package, item)]
    assert missing == []
    modules = [
        item for item in exported if inspect.ismodule(getattr(package, item))
    ]
    # The package itself offers its rooms, a room offers names.
    assert modules == [] or name == 'shapmix_mm'
