"""Telling a config that is plain data from one that does something."""

from __future__ import annotations

import ast

__all__ = ['data_only']

_DATA = (
    ast.Constant,
    ast.Dict,
    ast.List,
    ast.Load,
    ast.Set,
    ast.Store,
    ast.Tuple,
    ast.UAdd,
    ast.USub,
    ast.UnaryOp,
    ast.keyword,
)


def data_only(text: str) -> tuple[str, list[str]]:
    """Leave out of a config text what is more than data.

    MMEngine runs the config in a checkpoint as Python: when it resumes, and
    when an inferencer gets weights without a config. What
    ``Config.pretty_text`` writes there is assignments of literals and of
    ``dict(...)``; older toolboxes add lines such as
    ``gpu_ids = range(0, 8)``.

    Args:
        text (str): Config, as Python source.

    Returns:
        tuple[str, list[str]]: The assignments of data, and what the others
        do. Text that is no Python is data: it cannot be run.
    """
    if '{{' in text:
        # MMEngine replaces these before it runs the text.
        return '', ['a template {{...}}']
    try:
        found = [(s, _beyond_assignment(s)) for s in ast.parse(text).body]
    except (SyntaxError, ValueError):
        return text, []
    except (RecursionError, MemoryError):
        # With more of the stack left, MMEngine may get through it.
        return '', ['lines that are nested too deeply']
    dropped = [what for _, what in found if what is not None]
    if not dropped:
        return text, []
    kept = [statement for statement, what in found if what is None]
    lines = (ast.get_source_segment(text, s) or '' for s in kept)
    return '\n'.join(lines) + '\n', dropped


def _beyond_assignment(statement: ast.stmt) -> str | None:
    if isinstance(statement, ast.Expr) and isinstance(
        statement.value, ast.Constant
    ):
        return None
    if not isinstance(statement, ast.Assign):
        return f'line {statement.lineno}, {ast.unparse(statement)[:60]}'
    for target in statement.targets:
        if not isinstance(target, ast.Name):
            return f'line {statement.lineno}, {ast.unparse(target)[:60]}'
        if target.id in ('_base_', 'dict'):
            return f'line {statement.lineno}, another {target.id}'
    for node in ast.walk(statement.value):
        if not _is_data(node):
            return f'line {statement.lineno}, {ast.unparse(node)[:60]}'
    return None


def _is_data(node: ast.AST) -> bool:
    if isinstance(node, ast.Call):
        return isinstance(node.func, ast.Name) and node.func.id == 'dict'
    if isinstance(node, ast.Name):
        # Other names are refused: `dict = eval` would give dict(...) teeth.
        return node.id in ('dict', 'inf', 'nan')
    return isinstance(node, _DATA)
