"""The user's line under an error of mypy: its text, and the expression that the error means."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from functools import cache
from pathlib import Path

SCALARS = ("float16", "float32", "float64", "longdouble")
SIGNS: dict[type[ast.AST], str] = {
    **{ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.Mod: "%", ast.Pow: "**"},
    **{ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">="},
}
Span = tuple[int, int, int, int]


@dataclass(frozen=True)
class Source:
    """The lines of a file and its expressions; empty where it cannot be read or is no Python.

    `exact` has the innermost expression or statement at a span, `around` the operation that has
    an operand there.
    """

    lines: tuple[str, ...]
    exact: dict[Span, ast.expr | ast.stmt]
    around: dict[Span, ast.expr | ast.stmt]

    def line(self, number: int) -> str:
        """Return a line, or nothing where there is none."""
        return self.lines[number - 1] if 0 < number <= len(self.lines) else ""

    def column(self, number: int, byte: int) -> int:
        """Return the column of a line, from 0 and in characters, that a byte of it stands at."""
        return len(self.line(number).encode()[: max(byte, 0)].decode(errors="replace"))

    def expression(self, span: Span, operator: bool) -> ast.expr | ast.stmt | None:
        """Return the expression at a span; for an operator, the operation with that operand."""
        if not self.line(span[0]).isascii():
            return None
        found = self.exact.get(span)
        return self.around.get(span, found) if operator else found

    def defines(self, name: str) -> bool:
        """Tell whether the file defines a function of that name whose arguments are Values."""
        return any(
            isinstance(node, ast.FunctionDef)
            and node.name == name
            and "Value[" in ast.unparse(node.args)
            for node in self.exact.values()
        )


@cache
def source_of(path: str) -> Source:
    """Return the source of a file; nothing of what cannot be read is an error here."""
    try:
        text = Path(path).read_text(encoding="utf-8")
        tree = ast.parse(text)
    except (OSError, ValueError, SyntaxError, RecursionError, MemoryError):
        return Source(_lines(path), {}, {})
    found = [node for node in ast.walk(tree) if isinstance(node, ast.expr | ast.stmt)]
    exact = {span_of(node): node for node in found}
    around = {span_of(operand): node for node in found for operand in operands(node)}
    return Source(tuple(text.split("\n")), exact, around)


def _lines(path: str) -> tuple[str, ...]:
    try:
        return tuple(Path(path).read_bytes().decode(errors="replace").split("\n"))
    except (OSError, ValueError):
        return ()


def span_of(node: ast.AST) -> Span:
    """Return where a node begins and ends: line, byte, line, byte."""
    if not isinstance(node, ast.expr | ast.stmt):
        return (0, 0, 0, 0)
    end_line, end = node.end_lineno, node.end_col_offset
    return (node.lineno, node.col_offset, end_line or 0, end or 0)


def operands(node: ast.AST | None) -> tuple[ast.expr, ...]:
    """Return the two operands of an operation; nothing for any other node."""
    match node:
        case ast.BinOp(left=left, right=right):
            return (left, right)
        case ast.AugAssign(target=left, value=right):
            return (left, right)
        case ast.Compare(left=left, comparators=[right]):
            return (left, right)
        case _:
            return ()


def sign_of(node: ast.AST | None) -> str:
    """Return the sign of an operation of two operands; nothing for any other node."""
    match node:
        case ast.BinOp(op=op) | ast.AugAssign(op=op) | ast.Compare(ops=[op]):
            return SIGNS.get(type(op), "")
        case _:
            return ""


def named(node: ast.AST | None) -> tuple[str, str]:
    """Return the module and the name of a function that is called: ('np', 'exp')."""
    match node:
        case ast.Call(func=ast.Attribute(value=ast.Name(id=module), attr=name)):
            return (module, name)
        case ast.Call(func=ast.Attribute(attr=name)) | ast.Call(func=ast.Name(id=name)):
            return ("", name)
        case _:
            return ("", "")


def literal(node: ast.expr | None) -> str:
    """Return the number of `np.float64(0.5)` as text, or nothing."""
    match node:
        case ast.Call(args=[argument], keywords=[]) if named(node)[1] in SCALARS:
            text = ast.unparse(argument)
            return text if is_number(text) else ""
        case _:
            return ""


def is_number(text: str) -> bool:
    """Tell whether a text is a number as Python writes it."""
    try:
        return isinstance(ast.literal_eval(text), int | float)
    except (ValueError, SyntaxError):
        return False


def method(node: ast.expr | None, call: str, otherwise: str) -> str:
    """Return the call of a method on an expression, in parentheses where it needs them."""
    if node is None:
        return f"{otherwise}.{call}"
    simple = isinstance(node, ast.Name | ast.Attribute | ast.Call | ast.Subscript)
    text = ast.unparse(node)
    return f"{text if simple else f'({text})'}.{call}"


def call_of(name: str, node: ast.AST | None) -> str:
    """Return the call of another function with the same arguments; '...' where they are long."""
    match node:
        case ast.Call(args=arguments, keywords=[]):
            text = ", ".join(map(ast.unparse, arguments))
            return f"{name}({text if len(text) < 40 else '...'})"
        case _:
            return f"{name}(...)"
