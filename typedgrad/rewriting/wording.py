"""The user's own words for the values of a program: names, numbers, and pieces of source text."""

from __future__ import annotations

import ast
import linecache
from collections import Counter
from functools import cache
from typing import Any

import numpy as np

from typedgrad.op import BY_UFUNC
from typedgrad.program import Place, Program

LONGEST = 90


def text_at(place: Place) -> str:
    """Return the source text of a place, '' where it is not one expression on one line."""
    file, line, left, right = place
    raw = linecache.getline(file, line).encode()
    text = raw[left:right].decode(errors="replace").strip() if right <= len(raw) else ""
    try:
        ast.parse(text, mode="eval")
    except (SyntaxError, ValueError):
        return ""
    return text if left >= 0 else ""


class Words:
    """What a person would call each value of a program whose places are known."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.places: list[int] = [] if program.places is None else program.places.tolist()

    def __call__(self, value: int) -> str:
        """Return the text of a value; raises `LookupError` where it has none that is short."""
        program, i = self.program, value - self.program.first
        if value < program.inputs:
            return program.input_names()[value]
        if i < 0:
            return literal(program.constants[value - program.inputs])
        place = self.place(i)
        if place is None or (i + 1 < len(program) and self.places[i + 1] == self.places[i]):
            raise LookupError(value)  # one of several steps of one expression
        file, line, left, right = place
        text = names_in(file, source_of(file)).get((line, left, right)) or text_at(place)
        if not text or len(text) > LONGEST:
            raise LookupError(value)
        return text

    def place(self, i: int) -> Place | None:
        """Return the place of an instruction, or None."""
        known = bool(self.places) and self.places[i] >= 0
        return self.program.sources[self.places[i]] if known else None


def literal(x: Any) -> str:
    """Return a constant as a person writes it."""
    text = str(x) if type(x) in (int, float) else x if isinstance(x, str) else ""
    try:
        ast.parse(text, mode="eval")
    except SyntaxError:
        text = ""
    if not text:
        raise LookupError(x)
    return text


def source_of(file: str) -> str:
    """Return the text of a file, as linecache knows it."""
    return "".join(linecache.getlines(file))


@cache
def names_in(file: str, source: str) -> dict[tuple[int, int, int], str]:
    """Return the names that expressions are given, by line, column and end column.

    A name that its function assigns more than once stands for no single expression.
    """
    found: dict[tuple[int, int, int], str] = {}
    try:
        tree = ast.parse(source, file)
    except (SyntaxError, ValueError):
        return found
    for scope in ast.walk(tree):
        if isinstance(scope, ast.FunctionDef | ast.AsyncFunctionDef | ast.Module):
            _name_all(scope, found)
    return found


def _name_all(scope: ast.AST, found: dict[tuple[int, int, int], str]) -> None:
    given: list[tuple[str, ast.expr]] = []
    times: Counter[str] = Counter()
    todo = list(ast.iter_child_nodes(scope))
    while todo:
        node = todo.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef):
            continue
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            times[node.id] += 1
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            given.append((node.targets[0].id, node.value))
        todo += ast.iter_child_nodes(node)
    for name, value in given:
        if times[name] == 1 and value.lineno == value.end_lineno:
            found[value.lineno, value.col_offset, value.end_col_offset or -1] = name


class Speller:
    """How functions of the table are called in a file of the user's, by what it imports.

    `needs` is the import that has to be added for what was spelt so far, or ''.
    """

    def __init__(self, file: str) -> None:
        self.imported: dict[str, str] = imports_of(file, source_of(file))
        self.needs: str = ""

    def __call__(self, name: str) -> str:
        """Return the name of a function: by typedgrad, by NumPy, or as it would be imported."""
        ufunc = ufunc_of(name)
        if f"typedgrad.{name}" in self.imported:
            return self.imported[f"typedgrad.{name}"]
        if "typedgrad" in self.imported:
            return f"{self.imported['typedgrad']}.{name}"
        if ufunc and f"numpy.{ufunc}" in self.imported:
            return self.imported[f"numpy.{ufunc}"]
        if ufunc and "numpy" in self.imported:
            return f"{self.imported['numpy']}.{ufunc}"
        self.needs = "import typedgrad as tg"
        return f"tg.{name}"


@cache
def ufunc_of(name: str) -> str:
    """Return what NumPy itself calls a row of the table, '' where it has none.

    >>> ufunc_of("atan2"), ufunc_of("sech")
    ('arctan2', '')
    """
    known = (x for x, op in BY_UFUNC.items() if op.name == name)
    return next((x for x in known if getattr(getattr(np, x, None), "__name__", "") == x), "")


@cache
def imports_of(file: str, source: str) -> dict[str, str]:
    """Return what NumPy and typedgrad and their functions are called in a file."""
    found: dict[str, str] = {}
    try:
        tree = ast.parse(source, file)
    except (SyntaxError, ValueError):
        return found
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            known = [x for x in node.names if x.name in ("numpy", "typedgrad")]
            found |= {x.name: x.asname or x.name for x in known}
        elif isinstance(node, ast.ImportFrom) and node.module in ("numpy", "typedgrad"):
            found |= {f"{node.module}.{x.name}": x.asname or x.name for x in node.names}
    return found


RANKS: dict[type, int] = {
    **dict.fromkeys((ast.Lambda, ast.IfExp, ast.BoolOp, ast.Compare), 0),
    **dict.fromkeys((ast.Add, ast.Sub), 1),
    **dict.fromkeys((ast.Mult, ast.Div), 2),
    ast.UnaryOp: 3,
    ast.Pow: 4,
}


def rank(text: str) -> int:
    """Return how tightly the outermost operation of an expression binds; 5 for a call or a name."""
    tree = ast.parse(text, mode="eval").body
    return RANKS.get(type(tree.op) if isinstance(tree, ast.BinOp) else type(tree), 5)


def fitted(new: str, old: str) -> str:
    """Return an expression that can stand wherever an old one stands, in brackets if need be.

    >>> fitted("2 * atanh(x)", "log(y)"), fitted("2 * atanh(x)", "y - 1")
    ('(2 * atanh(x))', '2 * atanh(x)')
    """
    return f"({new})" if rank(new) < rank(old) else new
