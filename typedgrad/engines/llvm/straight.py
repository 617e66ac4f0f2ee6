"""A small program as straight code of its own: slow to compile, then faster than the machine."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce
from typing import Any

import numpy as np

from typedgrad.engines.engine import constants_in
from typedgrad.engines.llvm.bodies import Body, body, format_of, literal
from typedgrad.engines.llvm.inline import ROWS, UFUNCS, Write, azmul
from typedgrad.engines.llvm.jit import compiled
from typedgrad.engines.llvm.rows import with_loops
from typedgrad.engines.llvm.text import Lines
from typedgrad.engines.llvm.vm import FIELDS, Run
from typedgrad.numbers import NumberSystem
from typedgrad.op import TABLE, Op
from typedgrad.program import Program

LONGEST = 5000  # arguments of all instructions together


def straight_code(program: Program, numbers: NumberSystem[Any]) -> Any:
    """Return a function of a State that runs the program, or None where the machine must do it.

    That is so for programs with more than LONGEST arguments, and with rows that are no straight
    code, such as logsumexp.
    """
    text = straight_ir(program, numbers) if len(program.args) <= LONGEST else ""
    return Run(compiled(text, passes=0, level=1).address("machine")) if text else None


def straight_ir(program: Program, numbers: NumberSystem[Any]) -> str:
    """Return the module of a program, or '' if a row of it is no straight code."""
    fmt = format_of(numbers)
    if fmt is None:
        return ""
    bodies: dict[str, Body] = {}
    found = {name: _writer(TABLE[name], numbers, bodies) for name in program.ops}
    writes = {name: write for name, write in found.items() if write is not None}
    parts = with_loops(bodies.values(), numbers)
    if len(writes) < len(found) or not parts:
        return ""
    f = Lines(fmt.name)
    f.label("entry")
    x, out = (_field(f, name) for name in ("x", "out"))
    values: list[str] = [f.load(x, str(k)) for k in range(program.inputs)]
    values += [literal(c, fmt) for c in constants_in(program, numbers)]
    for name, args in program.instructions():
        values.append(writes[name](f, *[values[k] for k in args]))
    for k, value in enumerate(program.outputs.tolist()):
        f.do(f"store {f.type} {values[value]}, ptr {f.at(out, str(k))}")
    f.do("ret void")
    return f"{parts}define void @machine(ptr noalias %state) {{\n{f.text()}}}\n"


def _field(f: Lines, name: str) -> str:
    place = f.let(f"getelementptr i64, ptr %state, i64 {FIELDS.index(name)}")
    return f.let(f"load ptr, ptr {place}")


def _writer(op: Op, numbers: NumberSystem[Any], bodies: dict[str, Body]) -> Write | None:
    """Return what writes a row, or None; the functions that it calls are added to bodies."""
    if isinstance(op.forward, np.ufunc) and op.forward in UFUNCS:
        return UFUNCS[op.forward][2]
    if op.name in ROWS:
        return ROWS[op.name][1]
    if op.sequences:
        return FOLDS.get(op.name)
    found = body(op.name, numbers)
    if found is None:
        return None
    bodies[op.name] = found
    return _call(found.name)


def _call(function: str) -> Write:
    def write(f: Lines, *args: str) -> str:
        passed = ", ".join(f"{f.type} {x}" for x in args)
        return f.let(f"call {f.type} @{function}({passed})")

    return write


def _chain(f: Lines, word: str, terms: Sequence[str]) -> str:
    return reduce(lambda a, b: f.arithmetic(word, a, b), terms)


def _sum(f: Lines, *args: str) -> str:
    return _chain(f, "fadd", args)


def _prod(f: Lines, *args: str) -> str:
    return _chain(f, "fmul", args)


def _product(f: Lines, a: str, b: str) -> str:
    return f.arithmetic("fmul", a, b)


def _products(f: Lines, args: Sequence[str], product: Callable[..., str]) -> str:
    half = len(args) // 2
    pairs = zip(args[:half], args[half:], strict=True)
    return _chain(f, "fadd", [product(f, a, b) for a, b in pairs])


def _dot(f: Lines, *args: str) -> str:
    return _products(f, args, _product)


def _azdot(f: Lines, *args: str) -> str:
    return _products(f, args, azmul)


FOLDS: dict[str, Write] = {"sum": _sum, "prod": _prod, "dot": _dot, "azdot": _azdot}
