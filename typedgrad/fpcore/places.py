"""Lines of an FPCore file as Python sees lines: calls whose frame stands in that file."""

from __future__ import annotations

from collections.abc import Callable
from types import CodeType, FunctionType
from typing import Any

from typedgrad.fpcore.syntax import Tree

UNITS = 8  # so many code units are told of by one entry of a location table
LONG_FORM = 0x80 | 14 << 3


def located(tree: Tree, file: str) -> Callable[..., Any]:
    """Return `call(f, *args)`, which returns f(*args) from a frame that stands at a tree.

    Reports ask frames for file, line and columns, so comparisons and errors name the FPCore text.
    """
    line, last, begin, end = tree.span
    table = _table(len(_call.__code__.co_code) // 2, last - line, begin, end)
    code: CodeType = _call.__code__.replace(
        co_filename=file,
        co_firstlineno=line,
        co_linetable=table,
        co_name="fpcore",
        co_qualname="fpcore",
    )
    return FunctionType(code, {"__builtins__": {}})


def _call(f: Any, *args: Any) -> Any:
    return f(*args)


def _table(units: int, lines: int, begin: int, end: int) -> bytes:
    """Return the location table that gives every code unit one place.

    The format is that of CPython 3.11 and later, InternalDocs/code_objects.md, the long form.
    """
    found = bytearray()
    while units > 0:
        found.append(LONG_FORM | min(units, UNITS) - 1)
        found += _varint(0) + _varint(lines) + _varint(begin + 1) + _varint(end + 1)
        units -= UNITS
    return bytes(found)


def _varint(x: int) -> bytes:
    found = bytearray()
    while x >= 64:
        found.append(64 | x & 63)
        x >>= 6
    found.append(x)
    return bytes(found)
