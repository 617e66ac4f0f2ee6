"""Rows compiled on their own, each when a program first has it; the machine calls them."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Any

import numpy as np

from typedgrad.engines.llvm.bodies import BRANCH, Body, body, declarations, format_of, ufunc_ir
from typedgrad.engines.llvm.bodies import Lines as Writer
from typedgrad.engines.llvm.folds import FUNCTIONS
from typedgrad.engines.llvm.jit import compiled
from typedgrad.engines.llvm.loops import pointers
from typedgrad.engines.llvm.lowering import lowered
from typedgrad.engines.llvm.symbols import Number
from typedgrad.engines.llvm.text import Lines
from typedgrad.numbers import NumberSystem
from typedgrad.op import TABLE, Op

ATTRIBUTES = "attributes #0 = { nounwind }\n"


@lru_cache(maxsize=1024)
def row_address(op: Op, numbers: NumberSystem[Any]) -> int:
    """Return the address of `T row(T...)` for a row, or 0 where it cannot be compiled.

    A row of sequences is `T row(ptr registers, ptr places, i64 count)`.
    """
    text = list_ir(op.name, numbers) if op.sequences else row_ir(op.name, numbers)
    return compiled(text, passes=0).address("row") if text else 0


def row_ir(name: str, numbers: NumberSystem[Any]) -> str:
    """Return the module of a row of numbers; '' where something in it is not to be had."""
    fmt = format_of(numbers)
    found = clip_body(numbers) if name == "clip" else body(name, numbers)
    if fmt is None or found is None:
        return ""
    parts = with_loops([found], numbers)
    head = ", ".join(f"{fmt.name} %a{k}" for k in range(TABLE[name].arity))
    entry = (
        f"define {fmt.name} @row({head}) {{\n"
        f"  %y = call {fmt.name} @{found.name}({head})\n  ret {fmt.name} %y\n}}\n"
    )
    return parts and parts + entry


def clip_body(numbers: NumberSystem[Any]) -> Body | None:
    """Return clip for bounds in their order; what refuses others is no machine code."""
    fmt = format_of(numbers)
    if fmt is None:
        return None
    sink = Writer(numbers, fmt, BRANCH)
    x, lo, hi = [Number(sink, f"%a{k}") for k in range(3)]
    maximum, minimum = [lowered(numbers).forward(TABLE[name]) for name in ("maximum", "minimum")]
    y = sink.ref(minimum(maximum(x, lo), hi))
    t, lines = fmt.name, "\n".join(sink.lines)
    head = f"define internal {t} @row_clip.b({t} %a0, {t} %a1, {t} %a2) #0 {{\nentry:\n"
    text = f"{head}{lines}\n  ret {t} {y}\n}}\n"
    return Body("row_clip.b", text, tuple(sink.ufuncs.values()))


def list_ir(name: str, numbers: NumberSystem[Any]) -> str:
    """Return the module of a row of sequences, or ''."""
    fmt = format_of(numbers)
    if fmt is None or name not in FUNCTIONS:
        return ""
    write, rows = FUNCTIONS[name]
    called = [body(row, numbers) for row in rows]
    parts = with_loops([x for x in called if x is not None], numbers)
    f = Lines(fmt.name)
    f.label("entry")
    y = write(f, numbers)
    f.do(f"ret {fmt.name} {y}")
    entry = f"define {fmt.name} @row(ptr %R, ptr %args, i64 %n) {{\n{f.text()}}}\n"
    return "" if None in called or not parts else parts + entry


def with_loops(bodies: Iterable[Body], numbers: NumberSystem[Any]) -> str:
    """Return functions of rows and of all inner loops that they call; '' if one is missing."""
    fmt, dtype = format_of(numbers), np.dtype(numbers.scalar)
    if fmt is None:
        return ""
    texts = [declarations(fmt)]
    for ufunc in dict.fromkeys(ufunc for found in bodies for ufunc in found.ufuncs):
        loop = pointers(ufunc, dtype)
        if loop is None:
            return ""
        texts.append(ufunc_ir(ufunc, numbers, pointer(loop.function), pointer(loop.data)))
    return "".join((*texts, *(found.text for found in bodies), ATTRIBUTES))


def pointer(address: int) -> str:
    """Return an address as an operand of IR."""
    return f"inttoptr (i64 {address} to ptr)" if address else "null"
