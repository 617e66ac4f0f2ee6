"""Homes: the variable in which the user's code keeps what an expression gives."""

from __future__ import annotations

import ast
import linecache
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

from typedgrad.program import Place
from typedgrad.source import end_column

Spot: TypeAlias = tuple[int, int, int]
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)


@dataclass(frozen=True)
class Home:
    """Where the result of an expression goes: the function around it, and a variable there.

    `variable` is that of the statement; '' where the statement keeps nothing. It is the function's
    name with () where the result is what the function returns. `kept` tells whether the
    expression's own value is kept, and not only a part of a larger one.
    """

    function: str
    variable: str
    kept: bool


NOWHERE = Home("", "", False)


def homes(sources: tuple[Place, ...]) -> list[Home]:
    """Return for each source of a program where its result goes, as far as its file can be read."""
    known = {file: _homes_in(file) for file in dict.fromkeys(source[0] for source in sources)}
    return [known[file].get((line, left, end), NOWHERE) for file, line, left, end in sources]


def names(found: Sequence[Home]) -> list[str]:
    """Return the variable of each home as a person would say it, '' where there is none.

    Where two functions have a variable of the same name, the function is named too.
    """
    owners: dict[str, set[str]] = {}
    for home in found:
        owners.setdefault(home.variable, set()).add(home.function)
    shared = {name for name, functions in owners.items() if name and len(functions) > 1}
    return [
        f"{home.function}.{home.variable}" if home.variable in shared else home.variable
        for home in found
    ]


def _homes_in(file: str) -> dict[Spot, Home]:
    return _homes_of(file, "".join(linecache.getlines(file)))


@lru_cache(maxsize=32)
def _homes_of(file: str, source: str) -> dict[Spot, Home]:
    """Return the homes of all expressions of a file by their places."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):
        return {}
    walk = _Walk(file)
    walk.under(tree, "")
    return walk.found


class _Walk:
    """A walk over the statements of a file, and the homes that it has found so far."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.found: dict[Spot, Home] = {}

    def under(self, node: ast.AST, function: str) -> None:
        """Write down the homes of all expressions under a node, the innermost statement's last."""
        for child in ast.iter_child_nodes(node):
            inside = function
            if isinstance(child, FUNCTIONS):
                inside = getattr(child, "name", "<lambda>")
            for name, value, whole in _keeping(child, inside):
                for part in ast.walk(value):
                    self.put(part, Home(inside, name, False))
                for part in whole or _ends(value):
                    self.put(part, Home(inside, name, True))
            self.under(child, inside)

    def put(self, node: ast.AST, home: Home) -> None:
        """Write down the home of one expression."""
        line, left = getattr(node, "lineno", None), getattr(node, "col_offset", None)
        end, right = getattr(node, "end_lineno", None), getattr(node, "end_col_offset", None)
        if line is not None and left is not None and end is not None and right is not None:
            self.found[line, left, end_column(self.file, line, end, right)] = home


def _keeping(node: ast.AST, function: str) -> list[tuple[str, ast.expr, list[ast.AST]]]:
    """Return the names that a node keeps values under, each with the expression of its value.

    With them come nodes whose own place stands for the value, as an augmented assignment's does.
    """
    if isinstance(node, ast.Assign):
        return _pairs(node.targets[0], node.value)
    if isinstance(node, ast.AugAssign):
        return [(_name(node.target), node.value, [node])]
    if isinstance(node, ast.AnnAssign | ast.NamedExpr) and node.value is not None:
        return [(_name(node.target), node.value, [])]
    if isinstance(node, ast.Return) and node.value is not None:
        return [(f"{function}()", node.value, [])]
    if isinstance(node, ast.Lambda):
        return [(f"{function}()", node.body, [])]
    return []


def _pairs(target: ast.expr, value: ast.expr) -> list[tuple[str, ast.expr, list[ast.AST]]]:
    """Return what is assigned to what; `a, b = x, y` are two."""
    both = (ast.Tuple, ast.List)
    if isinstance(target, both) and isinstance(value, both):
        parts, values = target.elts, value.elts
        if len(parts) == len(values) and not any(isinstance(x, ast.Starred) for x in parts):
            return [pair for a, b in zip(parts, values, strict=True) for pair in _pairs(a, b)]
    return [(_name(target), value, [])]


def _name(target: ast.expr) -> str:
    """Return the name of a target; an element goes by the name of what it is an element of."""
    while isinstance(target, ast.Subscript | ast.Starred):
        target = target.value
    if isinstance(target, ast.Tuple | ast.List):
        return ", ".join(_name(part) for part in target.elts)
    return ast.unparse(target)


def _ends(value: ast.expr) -> list[ast.AST]:
    """Return the parts of an expression that can be its value, or an element of its value."""
    if isinstance(value, ast.IfExp):
        return [*_ends(value.body), *_ends(value.orelse)]
    if isinstance(value, ast.Tuple | ast.List | ast.Set):
        return [end for part in value.elts for end in _ends(part)]
    if isinstance(value, ast.ListComp | ast.SetComp | ast.GeneratorExp):
        return _ends(value.elt)
    if isinstance(value, ast.NamedExpr | ast.Starred):
        return _ends(value.value)
    return [value]
