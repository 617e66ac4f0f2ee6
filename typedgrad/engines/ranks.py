"""Few points on NumPy: all like instructions of a program at all points, one call for a whole run.

A value has a row of numbers, one for each point; what the points share has rows of one number. A
call of NumPy costs as much as a thousand numbers, so a wide program has ten times fewer of them
than instructions.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from typedgrad.engines.arrays import ArrayRows
from typedgrad.engines.direct import ABSOLUTE, COMPARISONS, chosen, compared, outer, rectified
from typedgrad.engines.engine import LANES
from typedgrad.engines.lanes import Lanes
from typedgrad.engines.levels import Run, Schedule, schedule
from typedgrad.engines.slots import SHARED, Layout
from typedgrad.program import Program

FOLDS = ("sum", "dot", "azdot")
ROW = 1 << 12  # bytes of a row; of more points, a call for each instruction is no loss
BYTES = 1 << 24  # that all rows may take
WIDE = 4  # so many instructions a run, or it does not pay
LEAST = 64  # instructions; of fewer, to lay them out takes longer than is saved


def ranked(
    program: Program, rows: ArrayRows, plan: Layout, key: tuple[Any, ...], points: int
) -> Ranks | None:
    """Return the program for so many points, or None where it is not wide enough for that.

    The key tells which outputs are written, and which are summed.
    """
    if len(plan.each) < max(LEAST, 1):
        return None
    part = Part(program, plan, key)
    size = -(-points // LANES) * LANES
    if part.program.values * size * rows.dtype.itemsize > BYTES:
        return None
    runs = schedule(part.program, 0)
    wide = len(part.program) >= WIDE * len(runs.runs)
    return Ranks(part, rows, runs, size) if wide else None


class Part:
    """What runs at each point, as a program whose inputs are columns, and values that all share."""

    def __init__(self, program: Program, plan: Layout, key: tuple[Any, ...]) -> None:
        wanted = [k for k, (a, b) in enumerate(zip(*key[1:], strict=True)) if a or b]
        outputs = program.outputs[wanted]
        self.written: list[int] = [k for k, flag in enumerate(key[1]) if flag]
        self.summed: list[int] = [k for k, flag in enumerate(key[2]) if flag]
        self.wanted: list[int] = wanted
        order = np.array(plan.each, np.intp)
        begins, ends = program.starts[order], program.starts[order + 1]
        args: Any = np.concatenate(
            [program.args[a:b] for a, b in zip(begins.tolist(), ends.tolist(), strict=True)]
        )
        read = np.unique(np.concatenate([args, outputs]))
        still = [plan.places[v].kind == SHARED for v in read.tolist()]
        self.shared: Any = read[still]
        self.columns: Any = read[(read < program.inputs) & ~np.array(still, bool)]
        number = np.zeros(program.values, np.int32)
        inputs = len(self.shared) + len(self.columns)
        number[self.shared] = np.arange(len(self.shared))
        number[self.columns] = np.arange(len(self.shared), inputs)
        number[program.first + order] = np.arange(inputs, inputs + len(order))
        starts = np.concatenate([[0], np.cumsum(ends - begins)])
        parts = (program.codes[order], starts, number[args], number[outputs])
        self.program: Program = Program(inputs, (), program.ops, *parts)


class Ranks:
    """A program laid out for up to `size` points; its rows serve one thread at a time."""

    def __init__(self, part: Part, rows: ArrayRows, plan: Schedule, size: int) -> None:
        self.part = part
        self.size = size
        self.shared: Any = np.zeros((len(part.shared), 1), rows.dtype)
        self.rows: Any = np.zeros((part.program.values, size), rows.dtype)
        found: Any = plan.register[part.program.outputs].astype(np.intp)
        self.outputs: Any = dict(zip(part.wanted, found.tolist(), strict=True))
        self._summed: Any = np.array([self.outputs[k] for k in part.summed], np.intp)
        maker = _Steps(self, rows, plan)
        self._steps: list[Callable[[], Any]] = maker.steps()
        self._is_mixed: bool = maker.is_mixed or bool((found < len(part.shared)).any())
        self._minus_zero: Any = rows.numbers.from_special("-0.0")
        self._spread: Any = np.empty((len(part.summed), size + LANES), rows.dtype)
        self._lanes = Lanes(part.summed)

    def sweep(self, arrays: tuple[Any, Any, Any], shared: Any, span: tuple[int, int]) -> None:
        """Sweep over columns, rows and totals.

        `shared` has the values that the points share, by their numbers; the span is the number of
        the first point and how many there are.
        """
        columns, outs, totals = arrays
        start, points = span
        self._fill(columns, shared, points)
        for step in self._steps:
            step()
        for k in self.part.written:
            outs[k][:] = self.rows[self.outputs[k], :points]
        if self.part.summed:
            self._add(totals, start % LANES, points)

    def _fill(self, columns: Sequence[Any], shared: Any, points: int) -> None:
        known = len(self.shared)
        shared.take(self.part.shared, None, self.shared[:, 0], "clip")
        if self._is_mixed:
            self.rows[:known] = self.shared
        for row, k in zip(self.rows[known:], self.part.columns.tolist(), strict=False):
            row[:points] = columns[k]
            row[points:] = columns[k][-1]  # a point that is there, so that no row refuses it

    def _add(self, totals: Sequence[Any], shift: int, points: int) -> None:
        """Add to the lanes; where there is no point, -0.0 is added, which changes nothing."""
        one = self._lanes.one_array(totals)
        some = [totals[k] for k in self.part.summed] if one is None else []
        lanes = np.array(some) if one is None else one
        end = -(-(shift + points) // LANES) * LANES
        spread = self._spread[:, :end]
        spread[:, :LANES] = spread[:, -LANES:] = self._minus_zero
        spread[:, shift : shift + points] = self.rows[self._summed, :points]
        for k in range(0, end, LANES):
            np.add(lanes, spread[:, k : k + LANES], lanes)
        for target, found in zip(some, lanes, strict=False):
            target[:] = found


class _Steps:
    """Makes the calls of which a run of a program consists."""

    def __init__(self, ranks: Ranks, rows: ArrayRows, plan: Schedule) -> None:
        self.program = ranks.part.program
        self.known = len(ranks.shared)
        self.shared = ranks.shared
        self.values = ranks.rows
        self.size = ranks.size
        self.rows = rows
        self.plan = plan
        most = max((run.index.size for run in plan.runs), default=0)
        self.buffer: Any = np.empty(2 * most * self.size, rows.dtype)
        self.mask: Any = np.empty(most * self.size, np.bool)
        self.used = 0
        self.is_mixed = False
        self.minus_zero: Any = rows.numbers.from_special("-0.0")
        self.found: list[Callable[[], Any]] = []

    def steps(self) -> list[Callable[[], Any]]:
        """Return the calls of all runs, in order."""
        for run in self.plan.runs:
            self.used = 0
            y = self.values[run.begin : run.begin + run.size]
            (self._fold if run.op in FOLDS else self._elementwise)(run, y)
        return self.found

    def _spare(self, shape: tuple[int, ...]) -> Any:
        """Return an array for the time of one run."""
        begin, self.used = self.used, self.used + int(np.prod(shape))
        return self.buffer[begin : self.used].reshape(shape)

    def _gathered(self, index: Any) -> Any:
        """Return the rows of an index: as they lie, of one number where the points share them."""
        flat = index.reshape(-1)
        low, high = int(flat.min()), int(flat.max())
        source = self.shared if high < self.known else self.values
        self.is_mixed |= low < self.known <= high
        if len(flat) == high - low + 1 and (np.diff(flat) == 1).all():
            found: Any = source[low : high + 1].reshape(*index.shape, -1)
            return found
        found = self._spare((*index.shape, source.shape[1]))
        self.found.append(partial(source.take, index, 0, found, "clip"))
        return found

    def _operand(self, index: Any) -> Any:
        """Return the rows of an index, of which one is enough where all are the same."""
        same = (index == index[..., :1]).all()
        return self._gathered(index[..., :1] if same else index)

    def _pair(self, left: Any, right: Any) -> tuple[Any, Any]:
        """Return the factors of products; the rows of a matrix that meet some vectors, each once.

        Terms lie along the first axis.
        """
        blocks = outer(left, right, 0)
        if blocks is None:
            return self._operand(left), self._operand(right)
        a, b = (self._gathered(part) for part in blocks)
        return a, b

    def _elementwise(self, run: Run, y: Any) -> None:
        index = run.index
        ufunc = ABSOLUTE.get(run.op) or self.rows.ufunc(run.op)
        if len(index) == 2 and ufunc is not None:
            a, b = self._pair(index[:1], index[1:])
            y = self._shaped(y[None], a, b)
            absolute = run.op in ABSOLUTE
            self.found.append(
                absolute_product(ufunc, (a, b, y), self._mask(a.shape))
                if absolute
                else partial(ufunc, a, b, out=y)
            )
            return
        operands = [self._operand(row) for row in index]
        if ufunc is not None:
            self.found.append(partial(ufunc, *operands, out=y))
        else:
            self._composed(run, operands, y)

    def _shaped(self, y: Any, a: Any, b: Any) -> Any:
        """Return results in the shape that the factors of a matrix have."""
        if a.ndim < 4:
            return y
        return y.reshape(len(y), max(a.shape[1], b.shape[1]), max(a.shape[2], b.shape[2]), -1)

    def _mask(self, shape: tuple[int, ...]) -> Any:
        return self.mask[: int(np.prod(shape))].reshape(shape)

    def _composed(self, run: Run, operands: list[Any], y: Any) -> None:
        mask = self._mask(y.shape)
        if run.op in COMPARISONS:
            step = compared(COMPARISONS[run.op], operands[0], operands[1], y, mask)
        elif run.op == "relu":
            step = rectified(operands[0], y, mask)
        elif run.op == "where" and self._is_test(run.index[0]):
            step = chosen(np.broadcast_to(operands[0], y.shape), operands[1], operands[2], y, mask)
        else:
            step = flat(self.rows.forward(run.op), operands, y)
        self.found.append(step)

    def _is_test(self, registers: Any) -> bool:
        """Tell whether all that is in some rows comes from comparisons."""
        made = registers - self.program.first
        if (made < 0).any():
            return False
        names = [name in COMPARISONS for name in self.program.ops]
        return bool(np.array(names)[self.program.codes[self.plan.order[made]]].all())

    def _fold(self, run: Run, y: Any) -> None:
        if run.op == "sum":
            terms = self._gathered(run.index)
            self.found.append(self._sums(terms, y))
            return
        n = len(run.index) // 2
        a, b = self._pair(run.index[:n], run.index[n:])
        product = self._spare((n, run.size, self.size))
        shaped = self._shaped(product, a, b)
        if run.op == "azdot":
            self.found.append(absolute_product(np.multiply, (a, b, shaped), self._mask(a.shape)))
        else:
            self.found.append(partial(np.multiply, a, b, shaped))
        self.found.append(self._sums(product, y))

    def _sums(self, terms: Any, y: Any) -> Callable[[], Any]:
        """Return the call that adds up terms, row after row, into y."""
        if len(terms) == 2:
            return partial(np.add, terms[0], terms[1], y)
        reduce: Any = np.add.reduce
        return partial(reduce, terms, 0, None, y, False, self.minus_zero)


def absolute_product(ufunc: Any, arrays: tuple[Any, Any, Any], mask: Any) -> Callable[[], Any]:
    """Return the call of products or quotients in which a zero a is absolute.

    If no b is negative, infinite or NaN, and none is a divisor, the plain product is the same.
    """
    a, b, y = arrays
    plain = ufunc is np.multiply

    def step() -> None:
        ufunc(a, b, y)
        if np.count_nonzero(a) == a.size or (plain and is_upper(b)):
            return
        np.copyto(y, a, where=np.equal(a, 0, mask))

    return step


def is_upper(x: Any) -> bool:
    """Tell whether no number of an array is negative, -0.0, infinite or NaN."""
    return bool(x.max() < np.inf) and not np.signbit(x).any()


def flat(forward: Callable[..., Any], operands: list[Any], y: Any) -> Callable[[], Any]:
    """Return the call of a function of arrays of one dimension."""
    target = y.reshape(-1)

    def step() -> None:
        given = [np.broadcast_to(x, y.shape).reshape(-1) for x in operands]
        target[:] = forward(*given)

    return step
