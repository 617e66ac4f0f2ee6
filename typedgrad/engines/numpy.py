"""The NumPy engine: runs of like instructions on arrays, single ones on bare scalars."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Sequence
from contextvars import Context
from functools import partial
from typing import Any

import numpy as np
from typing_extensions import override

from typedgrad.engines.arrays import ArrayRows, array_rows, unsupported
from typedgrad.engines.blocks import Sweeper
from typedgrad.engines.direct import (
    ABSOLUTE,
    COMPARISONS,
    Step,
    absolute,
    absolute_sums,
    azdiv,
    azmul,
    chosen,
    compared,
    copying,
    outer,
    rectified,
)
from typedgrad.engines.engine import LANES, Engine, Kernel, constants_in
from typedgrad.engines.levels import Run, Schedule, schedule
from typedgrad.machine import SILENCE
from typedgrad.numbers import NumberSystem
from typedgrad.op import TABLE
from typedgrad.program import Program

QUICK: dict[str, Callable[..., Any]] = {"azmul": azmul, "azdiv": azdiv}
FOLDS = ("sum", "dot", "azdot")


class NumPyKernel(Kernel):
    """A program laid out for arrays; its buffers serve one thread at a time, so `copy` for more."""

    def __init__(
        self, program: Program, numbers: NumberSystem[Any], plan: Schedule | None = None
    ) -> None:
        self.program = program
        self.numbers = numbers
        self.rows: ArrayRows = array_rows(numbers)
        self.plan: Schedule = schedule(program) if plan is None else plan
        constants = constants_in(program, numbers)
        self.registers: Any = np.zeros(program.values, self.rows.dtype)
        self.registers[program.inputs : program.first] = constants
        maker = _Steps(program, self.rows, self.plan, self.registers, constants)
        self._steps: list[Step] = maker.steps()
        self._outputs: Any = self.plan.register[program.outputs].astype(np.intp)
        self._context: Context = SILENCE.copy()
        self._sweeper: Sweeper | None = None
        self.cost: int = maker.cost
        codes: list[int] = np.unique(program.codes).tolist()
        used = [program.ops[code] for code in codes]
        for name in used:
            self.rows.forward(name)
        notes = (self.rows.notes.get(name) for name in used)
        self.notes: tuple[str, ...] = tuple(note for note in notes if note)

    def copy(self) -> NumPyKernel:
        """Return a kernel with buffers of its own, for another thread; nothing is laid out anew."""
        return NumPyKernel(self.program, self.numbers, self.plan)

    def _go(self, x: Any) -> Any:
        registers = self.registers
        registers[: self.program.inputs] = x
        for step in self._steps:
            step()
        return registers[self._outputs]

    @override
    def run(self, x: Any, out: Any) -> None:
        out[:] = self._context.run(self._go, x)

    @override
    def bound(self, x: Any, out: Any) -> Callable[[], None]:
        def call() -> None:
            out[:] = self._context.run(self._go, x)

        return call

    @override
    def sweep(
        self, columns: Sequence[Any], out: Sequence[Any], totals: Sequence[Any], start: int
    ) -> None:
        points = max(map(len, columns), default=0)
        if points * self.cost * 2 < len(self.program):
            self._context.run(self._pointwise, points, columns, out, totals, start)
            return
        self._context.run(self._blocks().sweep, columns, out, totals, start)

    @override
    def bound_sweep(self, columns: Any, out: Any, totals: Any) -> Callable[..., None]:
        blocks = self._blocks()
        if not blocks.keeps_apart(columns, out):
            return super().bound_sweep(columns, out, totals)
        run = self._context.run

        def sweep(start: int, begin: int, count: int) -> None:
            end = begin + count
            some = [x if len(x) == 1 else x[begin:end] for x in columns]
            rows = [None if y is None else y[begin:end] for y in out]
            if count and count * self.cost * 2 >= len(self.program):
                run(blocks.sweep_apart, some, rows, totals, (start, count))
            else:
                self.sweep(some, rows, totals, start)

        return sweep

    def _blocks(self) -> Sweeper:
        if self._sweeper is None:
            self._sweeper = Sweeper(self.program, self.rows)
        return self._sweeper

    def _pointwise(
        self,
        points: int,
        columns: Sequence[Any],
        out: Sequence[Any],
        totals: Sequence[Any],
        start: int,
    ) -> None:
        """Run at so few points that levels of the program are wider than a block."""
        dtype = self.rows.dtype
        x = np.array([column[0] for column in columns[: points * len(columns)]], dtype)
        moving = [(k, column) for k, column in enumerate(columns) if len(column) > 1]
        written = [(j, row) for j, row in enumerate(out) if row is not None]
        summed = [j for j, lanes in enumerate(totals) if lanes is not None]
        sums = np.array([totals[j] for j in summed], dtype).reshape(-1, LANES)
        for p in range(points):
            for k, column in moving:
                x[k] = column[p]
            found = self._go(x)
            for j, row in written:
                row[p] = found[j]
            sums[:, (start + p) % LANES] += found[summed]
        for j, lanes in zip(summed, sums, strict=True):
            totals[j][:] = lanes


class _Steps:
    """Makes the calls of which a run of a program consists."""

    def __init__(
        self, program: Program, rows: ArrayRows, plan: Schedule, registers: Any, constants: Any
    ) -> None:
        self.program = program
        self.rows = rows
        self.plan = plan
        self.registers = registers
        sizes = [run.index.size for run in plan.runs if run.op]
        terms = [len(run.index) for run in plan.runs if run.op]
        most = max(sizes, default=0) + max(terms, default=0)
        self.buffer: Any = np.empty(most, rows.dtype)
        self.mask: Any = np.empty(max(sizes, default=0), np.bool)
        self.values: list[Any] = [None] * (program.values if len(sizes) < len(plan.runs) else 0)
        self.values[program.inputs : program.first] = constants if self.values else ()
        self.minus_zero: Any = rows.numbers.from_special("-0.0")
        self.cost = 1 + len(sizes)

    def steps(self) -> list[Step]:
        """Return the calls of all runs, in order."""
        found: list[Step] = []
        stored, loaded = self._crossings()
        for run in self.plan.runs:
            if not run.op:
                found.append(self._stretch(run, stored, loaded))
                self.cost += run.size // 5
            elif run.op in FOLDS:
                self._fold(found, run)
            else:
                self._elementwise(found, run)
        return found

    def _crossings(self) -> tuple[Any, Any]:
        """Tell which registers arrays or outputs read, and which ones the scalars have."""
        stored = np.zeros(self.program.values, np.bool)
        loaded = np.zeros(self.program.values, np.bool)
        loaded[self.program.inputs : self.program.first] = True
        stored[self.plan.register[self.program.outputs]] = True
        for run in self.plan.runs:
            if run.op:
                stored[run.index] = True
            else:
                loaded[run.begin : run.begin + run.size] = True
        return stored, loaded

    def _stretch(self, run: Run, stored: Any, loaded: Any) -> Step:
        begin, end = run.begin, run.begin + run.size
        program = self.program
        which = self.plan.order[begin - program.first : end - program.first]
        codes: list[int] = program.codes[which].tolist()
        counts = program.starts[which + 1] - program.starts[which]
        at = np.cumsum(counts) - counts
        scalar = [QUICK.get(name) or self.rows.scalar(name) for name in program.ops]
        forwards = [scalar[code] for code in codes]
        left = run.index[at].astype(np.int32)
        seconds = np.minimum(at + 1, len(run.index) - 1)
        right = np.where(counts == 2, run.index[seconds], -1).astype(np.int32)
        many: list[list[int]] = []
        for k in np.flatnonzero(counts > 2).tolist():
            left[k], right[k] = len(many), -2
            many.append(run.index[at[k] : at[k] + counts[k]].tolist())
        wanted = np.unique(run.index)
        loads = wanted[~loaded[wanted]]
        loaded[loads] = True
        stores = begin + np.flatnonzero(stored[begin:end])
        code = (forwards, array("i", left.tobytes()), array("i", right.tobytes()), many)
        return self._scalars(begin, code, loads, stores)

    def _scalars(self, begin: int, code: tuple[Any, ...], loads: Any, stores: Any) -> Step:
        registers, values = self.registers, self.values
        forwards, left, right, many = code
        wanted, kept = loads.tolist(), stores.tolist()
        dense = len(kept) > 0 and kept[-1] - kept[0] == len(kept) - 1
        place = slice(kept[0], kept[-1] + 1) if dense else stores

        def step() -> None:
            if wanted:
                for k, x in zip(wanted, registers[loads], strict=True):
                    values[k] = x
            d = begin
            for f, a, b in zip(forwards, left, right, strict=True):
                if b >= 0:
                    values[d] = f(values[a], values[b])
                elif b == -1:
                    values[d] = f(values[a])
                else:
                    values[d] = f(*[values[k] for k in many[a]])
                d += 1
            if kept:
                registers[place] = values[place] if dense else [values[k] for k in kept]

        return step

    def _operands(self, steps: list[Step], run: Run) -> list[Any]:
        """Return an array for each argument of a run: registers in a row, or gathered ones."""
        index, size, registers = run.index, run.size, self.registers
        if TABLE[run.op].sequences:
            return self._gathered(steps, index)
        ends = index[:, [0, -1]].tolist()
        found: list[Any] = []
        for k, (a, b) in enumerate(ends):
            row = index[k]
            if a == b and not np.any(row != a):
                found.append(registers[a : a + 1])
            elif b - a == size - 1 and np.all(row[1:] - row[:-1] == 1):
                found.append(registers[a : b + 1])
            else:
                found.append(None)
        missing = [k for k, x in enumerate(found) if x is None]
        if len(missing) == len(found):
            return self._gathered(steps, index)
        for k in missing:
            found[k] = self.buffer[k * size : (k + 1) * size]
            steps.append(partial(registers.take, index[k], None, found[k], "wrap"))
        return found

    def _gathered(self, steps: list[Step], index: Any) -> list[Any]:
        block = self.buffer[: index.size].reshape(index.shape)
        steps.append(partial(self.registers.take, index, None, block, "wrap"))
        return list(block)

    def _elementwise(self, steps: list[Step], run: Run) -> None:
        operands = self._operands(steps, run)
        y = self.registers[run.begin : run.begin + run.size]
        ufunc = self.rows.ufunc(run.op)
        if run.op in ABSOLUTE:
            a, b = operands
            steps.append(absolute(ABSOLUTE[run.op], a, b, y, self.mask[: len(a)]))
        elif ufunc is not None:
            steps.append(partial(ufunc, *operands, out=y))
        else:
            steps.append(self._composed(run, operands, y))

    def _composed(self, run: Run, operands: list[Any], y: Any) -> Step:
        """Return the call of a row that is no ufunc."""
        mask = self.mask[: run.size]
        if run.op in COMPARISONS:
            a, b = operands
            return compared(COMPARISONS[run.op], a, b, y, mask)
        if run.op == "relu":
            return rectified(operands[0], y, mask)
        if run.op == "where" and self._is_test(run.index[0]):
            test, a, b = operands
            return chosen(test, a, b, y, mask)
        return copying(self.rows.forward(run.op), operands, y)

    def _is_test(self, registers: Any) -> bool:
        """Tell whether all that is in some registers comes from comparisons."""
        rows = registers - self.program.first
        if (rows < 0).any():
            return False
        names = [name in COMPARISONS for name in self.program.ops]
        return bool(np.array(names)[self.program.codes[self.plan.order[rows]]].all())

    def _fold(self, steps: list[Step], run: Run) -> None:
        index, size = run.index, run.size
        y = self.registers[run.begin : run.begin + size]
        if run.op == "sum":
            block = self.buffer[: index.size].reshape(index.shape)
            steps.append(partial(self.registers.take, index, None, block, "wrap"))
            steps.append(self._sums(block, y))
            return
        n = len(index) // 2
        left, right, product = self._factors(steps, index)
        steps.append(partial(np.multiply, left, right, product))
        added = self._sums(product.reshape(n, size), y)
        if run.op == "azdot":
            mask = self.mask[: n * size].reshape(product.shape)
            added = absolute_sums(added, left, product, y, mask)
        steps.append(added)

    def _factors(self, steps: list[Step], index: Any) -> tuple[Any, Any, Any]:
        """Return the factors of products, gathered, and where to put them.

        The rows of a matrix meet some vectors: then each is gathered once.
        """
        n, size = len(index) // 2, index.shape[1]
        blocks = outer(index[:n], index[n:])
        product = self.buffer[: n * size].reshape(n, size)
        if blocks is None:
            block = self.buffer[: index.size].reshape(index.shape)
            steps.append(partial(self.registers.take, index, None, block, "wrap"))
            return block[:n], block[n:], block[n:]
        found: list[Any] = []
        begin = n * size
        for part in blocks:
            place = self.buffer[begin : begin + part.size].reshape(part.shape)
            begin += part.size
            steps.append(partial(self.registers.take, part, None, place, "wrap"))
            found.append(place)
        left, right = found
        return left, right, product.reshape(n, max(left.shape[1], right.shape[1]), -1)

    def _sums(self, terms: Any, y: Any) -> Step:
        """Return the call that adds up terms, row after row, into y."""
        n, size = terms.shape
        if n == 2:
            return partial(np.add, terms[0], terms[1], y)
        if size > 1:  # a lone column would be added in pairs
            reduce: Any = np.add.reduce  # by position, which is quicker than by name
            return partial(reduce, terms, 0, None, y, False, self.minus_zero)
        column = terms[:, 0]

        def accumulate() -> None:
            y[0] = np.add.accumulate(column)[-1]

        return accumulate


class NumPyEngine(Engine):
    """Runs programs on NumPy's arrays, with the bits of NumPy's scalars."""

    name = "numpy"

    @override
    def supports(self, numbers: NumberSystem[Any]) -> str:
        return unsupported(numbers)

    @override
    def compile(self, program: Program, numbers: NumberSystem[Any]) -> NumPyKernel:
        return NumPyKernel(program, numbers)
