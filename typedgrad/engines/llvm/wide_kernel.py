"""A program on blocks of points without compiling it: its records, and the rows that it calls."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, ClassVar

import numpy as np

from typedgrad.engines.engine import LANES, constants_in
from typedgrad.engines.llvm.bodies import Format, format_of
from typedgrad.engines.llvm.fused import FusedKernel, Pattern
from typedgrad.engines.llvm.inline import UFUNCS
from typedgrad.engines.llvm.loops import pointers
from typedgrad.engines.llvm.rows import row_address
from typedgrad.engines.llvm.tables import Tables, aligned
from typedgrad.engines.llvm.wide import (
    CODES,
    FOLDED,
    INLINE,
    OUTSIDE,
    pieces,
    wide_machine,
)
from typedgrad.engines.llvm.wide import LISTED as LISTED_NAMES
from typedgrad.engines.llvm.wide import PAIRED as PAIRED_NAMES
from typedgrad.engines.llvm.wide_encode import APART, LISTED, PAIRED
from typedgrad.engines.llvm.wide_frame import FIELDS, POINTERS
from typedgrad.engines.llvm.wide_lines import LINE, lanes_of, unit_of
from typedgrad.engines.llvm.wide_plan import Laid, laid_out
from typedgrad.engines.llvm.wide_totals import TOTALS
from typedgrad.errors import NoFunction
from typedgrad.numbers import NumberSystem
from typedgrad.op import TABLE, Op
from typedgrad.program import Builder, Program

MOST_BYTES = 1 << 28  # of all registers; a program beyond it runs at one point after the other


class TooWide(Exception):
    """A program has a row that is not to be had, or needs too much memory for a block."""


class WideState(ctypes.Structure):
    """What the machine is given."""

    _fields_: ClassVar[Sequence[Any]] = [
        (name, ctypes.c_void_p if k < POINTERS else ctypes.c_int64) for k, name in enumerate(FIELDS)
    ]
    n: int


@lru_cache(maxsize=1024)
def row_sweep(op: Op, numbers: NumberSystem[Any]) -> FusedKernel:
    """Return a kernel of one row, which all threads use unless it runs in Python."""
    builder = Builder(op.arity)
    return FusedKernel(builder.program([builder.emit(op.name, range(op.arity))]), numbers)


class WideKernel:
    """One program in one precision at many points; one thread at a time.

    Raises `TooWide` for a program that it cannot run.
    """

    def __init__(self, program: Program, numbers: NumberSystem[Any]) -> None:
        fmt = format_of(numbers)
        if fmt is None:
            raise NoFunction(op="a compiled kernel", precision=numbers.name)
        self.program = program
        self.numbers = numbers
        self.fmt: Format = fmt
        self.notes: tuple[str, ...] = ()
        self.dtype: Any = np.dtype(numbers.scalar)
        self.table: Any = np.zeros((len(program.ops) + 1, 2), np.int64)
        self.machine: Any = wide_machine(fmt.name)
        self._spaces: list[Any] = []
        self._rows: list[FusedKernel] = []
        self._names: list[str] = []
        self.kinds: Any = np.array(
            [self._kind(k, TABLE[x]) for k, x in enumerate(program.ops)], np.int32
        )
        self.pieces: Any = pieces(fmt.name, self._names)
        self.adding: Any = np.array(
            [CODES[TOTALS[x]] if x in TOTALS else 0 for x in self._names], np.int32
        )
        self._laid: dict[Any, tuple[Laid, Any]] = {}

    def _kind(self, code: int, op: Op) -> int:
        name = self._piece(code, op)
        self._names.append(name)
        listed = LISTED if name in LISTED_NAMES else 0
        apart = APART if name in OUTSIDE else 0
        return CODES[name] | listed | apart | (PAIRED if name in PAIRED_NAMES else 0)

    def _piece(self, code: int, op: Op) -> str:
        """Return the name of the piece of the machine that runs a row."""
        if isinstance(op.forward, np.ufunc) and op.forward in UFUNCS:
            return UFUNCS[op.forward][0]
        if op.name in INLINE or op.name in FOLDED:
            return op.name
        if op.sequences:
            self.table[code] = row_address(op, self.numbers), 0
            if not self.table[code, 0]:
                raise TooWide(op.name)
            return "call_list"
        loop = None
        if isinstance(op.forward, np.ufunc) and op.arity <= 2:
            loop = pointers(op.forward, self.dtype)
        if loop is not None:
            self.table[code] = loop
            return "power" if op.forward is np.power else f"loop{op.arity}"
        return self._sweep(code, op)

    def _sweep(self, code: int, op: Op) -> str:
        """Compile a row by itself; one in Python for this kernel alone."""
        if op.arity > 3:
            raise TooWide(op.name)
        kernel = row_sweep(op, self.numbers)
        pattern = Pattern((False,) * op.arity, (True,), (False,))
        made = kernel.compiled(pattern)
        if kernel.in_python:
            kernel = FusedKernel(kernel.program, self.numbers)
            made = kernel.compiled(pattern)
        space = aligned(made.size)
        self._rows.append(kernel)
        self._spaces.append(space)
        self.notes = tuple(dict.fromkeys((*self.notes, *kernel.notes)))
        self.table[code] = made.address, space.ctypes.data
        return f"sweep{op.arity}"

    def laid(self, alike: tuple[bool, ...], summed: tuple[int, ...] = ()) -> tuple[Laid, Any]:
        """Return the layout for these shared inputs and its memory, constants filled in.

        `summed` has for each output the number of its total, or -1 if it is written too.
        """
        found = self._laid.get((alike, summed))
        if found is None:
            size = self.fmt.size
            unit = max(unit_of(self.fmt.name) * lanes_of(self.fmt.name), LANES)
            kinds = self.kinds, self.adding
            laid = laid_out(self.program, kinds, (alike, summed), size, unit)
            if (laid.outputs < 0).any():
                pieces(self.fmt.name, [TOTALS[x] for x in self._names if x in TOTALS])
            total = laid.base + laid.slots * laid.points * size
            if total > MOST_BYTES:
                raise TooWide
            space = aligned(total)
            cells = space[: laid.base].view(self.dtype).reshape(-1, LINE // size)
            constants = np.array(constants_in(self.program, self.numbers), self.dtype)
            begin = len(laid.cells)
            cells[begin : begin + len(constants)] = constants[:, None]
            found = self._laid[alike, summed] = laid, space
        return found

    def bound_sweep(self, columns: Any, out: Any, totals: Any) -> BoundWide:
        """Return a call that sweeps over these arrays, for ever."""
        return BoundWide(self, columns, out, totals)

    def sweep(
        self, columns: Sequence[Any], out: Sequence[Any], totals: Sequence[Any], start: int
    ) -> None:
        """Run at many points, as `Kernel.sweep` says."""
        self.bound_sweep(columns, out, totals)(start)

    def check(self) -> None:
        """Raise what a row in Python has raised."""
        for row in self._rows:
            row.check()


class BoundWide:
    """A sweep over given arrays, as `Bound` is one."""

    def __init__(self, kernel: WideKernel, columns: Any, out: Any, totals: Any) -> None:
        rows = [k for k, row in enumerate(out) if row is not None]
        summed = [k for k, lanes in enumerate(totals) if lanes is not None]
        alone = np.full(len(out), -1)
        alone[summed] = np.arange(len(summed))
        alone[rows] = -1
        laid, space = kernel.laid(tuple(len(x) == 1 for x in columns), tuple(alone.tolist()))
        places = laid.outputs[summed]
        adds = np.flatnonzero(places >= 0).astype(np.int32)
        dtype, size = kernel.dtype, kernel.fmt.size
        widest = int(max(np.diff(kernel.program.starts), default=0)) + 1
        sums = aligned(max(len(summed), 1) * LANES * size)
        self.tables: Tables = Tables(columns, out, totals, dtype)
        arrays = [
            *(laid.once, laid.once_args, laid.each, laid.each_args, space, sums, kernel.table),
            *(np.empty(widest, dtype), np.arange(widest, dtype=np.int32), kernel.pieces),
            *(laid.cells, laid.columns, laid.outputs[rows], places[adds], adds),
        ]
        given = [x.ctypes.data for x in arrays]
        given[10:10] = self.tables.places
        counts = (len(laid.cells), len(laid.columns), len(rows), len(summed), len(adds))
        self.state: WideState = WideState(
            *given, *counts, laid.base, laid.points * size, laid.points
        )
        self.keep: list[Any] = arrays
        self.kernel = kernel
        self.points: int = self.tables.points
        self.bytes: int = laid.slots * laid.points * size
        self._given = ctypes.byref(self.state)

    def __call__(self, start: int, begin: int = 0, count: int = -1) -> None:
        """Sweep; raise what a row in Python has raised."""
        count = self.points if count < 0 else count
        if count:
            self.tables.move(begin)
            self.state.n = count
            self.kernel.machine(self._given, start % LANES)
            self.kernel.check()
