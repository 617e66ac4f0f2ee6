"""A program at one point after another on the machine of its precision, in one call."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import numpy as np

from typedgrad.engines.engine import LANES
from typedgrad.engines.llvm.jit import compiled
from typedgrad.engines.llvm.tables import Tables
from typedgrad.numbers import NumberSystem
from typedgrad.program import Program

FIELDS = (
    *("machine", "state", "x", "out", "X", "XS", "Y", "YS", "L", "LS"),
    *("columns", "rows", "totals", "kin", "kout", "ksum", "n", "start"),
)
POINTERS = 13
_HEAD = "\n".join(
    f"  %{name}.at = getelementptr i64, ptr %job, i64 {place}\n"
    f"  %{name} = load {'ptr' if place < POINTERS else 'i64'}, ptr %{name}.at"
    for place, name in enumerate(FIELDS)
)


def _each(name: str, list_: str, own: str, tables: str, count: str, work: str) -> str:
    """Return a loop over columns, rows or totals; `work` moves a number from or to `%o`."""
    heads, steps = tables.split()
    return f"""  br label %{name}
{name}:
  %{name}.k = phi i64 [ 0, %{name}.from ], [ %{name}.next, %{name}.do ]
  %{name}.more = icmp ult i64 %{name}.k, {count}
  br i1 %{name}.more, label %{name}.do, label %{name}.end
{name}.do:
  %{name}.ip = getelementptr i64, ptr {list_}, i64 %{name}.k
  %{name}.i = load i64, ptr %{name}.ip
  %{name}.own = getelementptr {{t}}, ptr {own}, i64 %{name}.i
  %{name}.hp = getelementptr ptr, ptr {heads}, i64 %{name}.{"i" if name == "read" else "k"}
  %{name}.h = load ptr, ptr %{name}.hp
  %{name}.sp = getelementptr i64, ptr {steps}, i64 %{name}.{"i" if name == "read" else "k"}
  %{name}.s = load i64, ptr %{name}.sp
  %{name}.b = mul i64 %{name}.s, {"%lane" if name == "total" else "%p"}
  %{name}.o = getelementptr i8, ptr %{name}.h, i64 %{name}.b
{work}  %{name}.next = add i64 %{name}.k, 1
  br label %{name}
{name}.end:
"""


IR = (
    "define void @points(ptr %job) {{\nentry:\n"
    + _HEAD
    + """
  br label %point
point:
  %p = phi i64 [ 0, %entry ], [ %p.next, %total.end ]
  %at = add i64 %p, %start
  %lane = and i64 %at, 7
  br label %read.from
read.from:
"""
    + _each(
        *("read", "%columns", "%x", "%X %XS", "%kin"),
        "  %read.v = load {t}, ptr %read.o\n  store {t} %read.v, ptr %read.own\n",
    )
    + "  call void %machine(ptr %state)\n  br label %write.from\nwrite.from:\n"
    + _each(
        *("write", "%rows", "%out", "%Y %YS", "%kout"),
        "  %write.v = load {t}, ptr %write.own\n  store {t} %write.v, ptr %write.o\n",
    )
    + "  br label %total.from\ntotal.from:\n"
    + _each(
        *("total", "%totals", "%out", "%L %LS", "%ksum"),
        "  %total.v = load {t}, ptr %total.own\n  %total.old = load {t}, ptr %total.o\n"
        "  %total.new = fadd {t} %total.old, %total.v\n  store {t} %total.new, ptr %total.o\n",
    )
    + """  %p.next = add i64 %p, 1
  %again = icmp ult i64 %p.next, %n
  br i1 %again, label %point, label %done
done:
  ret void
}}
"""
)
_Points: Any = ctypes.CFUNCTYPE(None, ctypes.c_void_p)


class _Job(ctypes.Structure):
    _fields_: ClassVar[Sequence[Any]] = [
        (name, ctypes.c_void_p if k < POINTERS else ctypes.c_int64) for k, name in enumerate(FIELDS)
    ]


class BoundPoints:
    """A run over given arrays: call it with the number of the first point, and maybe which points.

    `frame` makes a place to run in from and into two arrays, with its `state` and its `check`.
    """

    def __init__(
        self,
        program: Program,
        numbers: NumberSystem[Any],
        type_: str,
        machine: Any,
        frame: Callable[[Any, Any], Any],
        arrays: tuple[Any, Any, Any],
    ) -> None:
        columns, out, totals = arrays
        dtype = np.dtype(numbers.scalar)
        few = all(map(len, columns))
        x = np.array([column[0] for column in columns] if few else (), dtype)
        y = np.empty(len(program.outputs), dtype)
        self.frame: Any = frame(x, y)
        self.tables: Tables = Tables(columns, out, totals, dtype)
        moving = np.flatnonzero([len(column) > 1 for column in columns])
        rows, summed = (
            np.array([k for k, row in enumerate(some) if row is not None], np.int64)
            for some in (out, totals)
        )
        address = ctypes.cast(machine, ctypes.c_void_p).value
        places = [a.ctypes.data for a in (moving, rows, summed)]
        places = [x.ctypes.data, y.ctypes.data, *self.tables.places, *places]
        state = ctypes.addressof(self.frame.state)
        self.job: Any = _Job(address, state, *places, len(moving), len(rows), len(summed))
        self.keep: Any = (x, y, moving, rows, summed, machine)
        self.call: Any = _Points(compiled(IR.format(t=type_), passes=0).address("points"))

    def __call__(self, start: int, begin: int = 0, count: int = -1) -> None:
        """Run; raise what a row in Python has raised."""
        count = self.tables.points if count < 0 else count
        if not count:
            return
        self.tables.move(begin)
        self.job.n, self.job.start = count, start % LANES
        self.call(ctypes.byref(self.job))
        self.frame.check()
