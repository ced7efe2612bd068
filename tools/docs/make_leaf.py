r"""Write a leaf config: what a base and mixins make, as plain settings.

A leaf equals ``base --with mixins``, but MMEngine alone reads it. Its head
names base and mixins, so that all leaves can be written anew:

  python tools/docs/make_leaf.py configs/ltntu60/ctrgcn_cb_ltntu60.py \
    --base ctrgcn_ce_ltntu60.py --with cb
  python tools/docs/make_leaf.py          # all that there are
  python tools/docs/make_leaf.py --check  # 1 if one is out of date
"""

from __future__ import annotations

import argparse
import ast
import functools
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import shapmix_mm  # noqa: F401  (cures stock wheels)
from shapmix_mm.config.mixins import load_config

CONFIGS = Path(__file__).resolve().parents[2] / 'configs'
MARK = '# Written by tools/docs/make_leaf.py, the same as'
HEAD = re.compile(rf'((?:# .*\n)*?){MARK}\n# (\S+) --with (.+)\n')


class Recipe(NamedTuple):
    """What a leaf is made of.

    Args:
        base (str): Base, relative to the leaf.
        mixins (tuple[str, ...]): Mixins in their order.
        remarks (str): Comment lines above all.
    """

    base: str
    mixins: tuple[str, ...]
    remarks: str = ''


def recipe_of(leaf: Path) -> Recipe | None:
    """Read from the head of a leaf what it is made of.

    Args:
        leaf (Path): Leaf config.

    Returns:
        Recipe | None: None for a leaf that is written by hand.
    """
    found = HEAD.match(leaf.read_text(encoding='utf-8'))
    if found is None:
        return None
    return Recipe(found[2], tuple(found[3].split()), found[1])


@functools.cache
def made(base: Path, mixins: tuple[str, ...]) -> dict[str, Any]:
    """What ``tools/train.py BASE --with MIXINS`` trains.

    Args:
        base (Path): Config.
        mixins (tuple[str, ...]): Mixins in their order.

    Returns:
        dict: Every setting; not to be changed.
    """
    return load_config(str(base), mixins).to_dict()


def leaf_text(leaf: Path, recipe: Recipe) -> str:
    """Text of a leaf, not yet laid out.

    Args:
        leaf (Path): Where it stands or will stand.
        recipe (Recipe): What it is made of.

    Returns:
        str: The whole file.
    """
    old, new = (
        made(leaf.parent / recipe.base, mixins)
        for mixins in ((), recipe.mixins)
    )
    lines = [
        f'{recipe.remarks}{MARK}',
        f'# {recipe.base} --with {" ".join(recipe.mixins)}',
        f'_base_ = {recipe.base!r}',
        '',
    ]
    changes = {}
    for key in new:
        if key not in old:
            changes[key] = new[key]
        elif new[key] != old[key]:
            lines += in_place(old[key], new[key], f'_base_.{key}')
            if (change := difference(old[key], new[key])) != {}:
                changes[key] = change
    if old.keys() - new.keys():
        raise ValueError(f'{leaf}: a leaf cannot take a key from its base')
    for key, value in changes.items():
        same = key == 'test_dataloader' and value == changes.get(_VAL)
        lines.append(f'{key} = {_VAL if same else source(value)}')
    return '\n'.join(lines) + '\n'


_VAL = 'val_dataloader'


def alike(old: Any, new: Any) -> bool:
    """Tell whether two lists are the same steps with other arguments."""
    return (
        isinstance(old, list)
        and isinstance(new, list)
        and all(isinstance(item, dict) for item in [*old, *new])
        and [i.get('type') for i in old] == [i.get('type') for i in new]
        and not any(o.keys() - n.keys() for o, n in zip(old, new))
    )


def in_place(old: Any, new: Any, path: str) -> Iterator[str]:
    """Statements that change steps of a list where they stand.

    MMEngine replaces a list as a whole; a pipeline of which one argument
    changes would be written out again.

    Args:
        old (Any): Value of the base.
        new (Any): Value of the leaf.
        path (str): Expression of the old value.

    Yields:
        str: An assignment.
    """
    if isinstance(old, dict) and isinstance(new, dict):
        for key in (key for key in new if key in old):
            yield from in_place(old[key], new[key], f'{path}.{key}')
    elif alike(old, new):
        for number, (one, two) in enumerate(zip(old, new)):
            for key in two:
                if key not in one or one[key] != two[key]:
                    yield f'{path}[{number}].{key} = {source(two[key])}'


def difference(old: Any, new: Any) -> Any:
    """What a leaf has to state so that MMEngine's merge gives the new value.

    Args:
        old (Any): Value of the base.
        new (Any): Value of the leaf.

    Returns:
        Any: An empty dict where nothing is to be stated.
    """
    if alike(old, new):
        return {}
    if not isinstance(old, dict) or not isinstance(new, dict):
        return new
    if old.keys() - new.keys():
        return dict(_delete_=True, **new)
    changed = {}
    for key, value in new.items():
        if key not in old:
            changed[key] = value
        elif value != old[key]:
            inner = difference(old[key], value)
            if inner != {}:
                changed[key] = inner
    return changed


def source(value: Any) -> str:
    """Python text of a value, dicts as calls."""
    if isinstance(value, dict):
        if all(isinstance(k, str) and k.isidentifier() for k in value):
            inner = ', '.join(f'{k}={source(v)}' for k, v in value.items())
            return f'dict({inner})'
        inner = ', '.join(f'{k!r}: {source(v)}' for k, v in value.items())
        return f'{{{inner}}}'
    if isinstance(value, list):
        return f'[{", ".join(map(source, value))}]'
    if isinstance(value, tuple):
        return f'({"".join(source(v) + ", " for v in value)})'
    return repr(value)


def leaves(configs: Path = CONFIGS) -> Iterator[tuple[Path, Recipe]]:
    """All leaves that are written by this tool.

    Args:
        configs (Path): Folder of the leaves.

    Yields:
        tuple[Path, Recipe]: Leaf and what it is made of.
    """
    for path in sorted(configs.rglob('*.py')):
        if '_base_' not in path.parts and (recipe := recipe_of(path)):
            yield path, recipe


def is_current(leaf: Path, recipe: Recipe) -> bool:
    """Tell whether a leaf says what it would be written as."""
    old = ast.parse(leaf.read_text(encoding='utf-8'))
    return ast.dump(old) == ast.dump(ast.parse(leaf_text(leaf, recipe)))


def write(leaf: Path, recipe: Recipe) -> None:
    """Write a leaf, laid out by ruff.

    Args:
        leaf (Path): Where.
        recipe (Recipe): What it is made of.
    """
    text = leaf_text(leaf, recipe)
    command = [sys.executable, '-m', 'ruff', 'format', '-']
    done = subprocess.run(
        [*command, '--stdin-filename', str(leaf)],
        input=text,
        text=True,
        capture_output=True,
        check=True,
    )
    leaf.write_text(done.stdout, encoding='utf-8')


def parse_args() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('leaf', nargs='?', type=Path, help='one to write')
    parser.add_argument('--base', help='its base, relative to it')
    parser.add_argument(
        '--with', dest='mixins', nargs='+', default=[], metavar='MIXIN'
    )
    parser.add_argument('--remark', help='a comment above all')
    parser.add_argument('--check', action='store_true', help='write nothing')
    args = parser.parse_args()
    if args.leaf and not (args.base and args.mixins):
        parser.error('a new leaf needs --base and --with')
    return args


def main() -> int:
    """Write one leaf, or all, or tell which are out of date."""
    args = parse_args()
    if args.leaf:
        remark = f'# {args.remark}\n' if args.remark else ''
        write(args.leaf, Recipe(args.base, tuple(args.mixins), remark))
        return 0
    stale = [(p, r) for p, r in leaves() if not is_current(p, r)]
    for path, recipe in stale:
        if args.check:
            print(f'{path} is out of date: python tools/docs/make_leaf.py')
        else:
            write(path, recipe)
    return 1 if stale and args.check else 0


if __name__ == '__main__':
    sys.exit(main())
