"""The calls of which the work on a block of points consists.

The quick calls take products with absolute zeros as plain ones, and test each first factor for
zeros beside; the careful calls, for blocks in which there is one, look at every product.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from typedgrad.engines.arrays import ArrayRows, writer
from typedgrad.engines.slots import COLUMN, MASK, OUTPUT, SHARED, Layout, Storage
from typedgrad.program import Program

PRODUCTS = {"azmul": np.multiply, "azdiv": np.divide}
SCALING = frozenset({"azmul", "mul", "neg"})
COMPARISONS = {
    "less": np.less,
    "less_equal": np.less_equal,
    "greater": np.greater,
    "greater_equal": np.greater_equal,
    "equal": np.equal,
    "not_equal": np.not_equal,
}


class Call(NamedTuple):
    """A function and its arguments, made only where a branch is taken."""

    function: Callable[..., Any]
    args: list[Any]
    branch: int


class Buffers:
    """The arrays of a block of one size."""

    def __init__(self, plan: Layout, size: int, dtype: Any, tests: int) -> None:
        self.size = size
        self.slots: Any = np.zeros((plan.slots, size), dtype)
        self.masks: Any = np.empty((plan.masks, size), np.bool)
        self.zeros: Any = np.zeros((tests, size), np.bool)
        self.part: Any = np.empty(size, dtype)
        self.mask: Any = np.empty(size, np.bool)
        self.taken: list[bool] = [True] * len(plan.branches.parents)


class Maker:
    """Makes the calls of a program, laid out for blocks."""

    def __init__(
        self, program: Program, rows: ArrayRows, plan: Layout, known: dict[int, Any], shared: Any
    ) -> None:
        self.program = program
        self.rows = rows
        self.plan = plan
        self.known = known
        self.shared = shared
        self.tested: dict[int, int] = self._tested()
        self.decided: dict[int, list[int]] = {}
        for i, branch in plan.branches.choices.items():
            self.decided.setdefault(program.arguments(i)[0], []).append(branch)

    def _branch(self, v: int) -> int:
        return self.plan.branches.of.get(v - self.program.first, 0)

    def _tested(self) -> dict[int, int]:
        """Return the first factors that have to be tested for zeros, numbered."""
        program, found = self.program, dict[int, None]()
        for i in self.plan.each:
            op, args = program.op(i), program.arguments(i)
            if op in PRODUCTS or op == "azdot":
                half = len(args) // 2
                pairs = zip(args[:half], args[half:], strict=True)
                found.update((a, None) for a, b in pairs if not self.is_one(b))
        tested = {v for v in found if self.plan.places[v].kind != SHARED}
        for i in reversed(self.plan.each):
            v, args = program.first + i, program.arguments(i)
            if v in tested and program.op(i) in SCALING:
                # A zero times a finite number is a zero, so testing the product is enough.
                scaled = [k for k in args if not self._is_finite(k)]
                if len(scaled) == 1 and self._branch(scaled[0]) == self._branch(v):
                    tested.discard(scaled[0])
        return {v: k for k, v in enumerate(sorted(tested))}

    def _is_finite(self, v: int) -> bool:
        return v in self.known and bool(self.known[v] - self.known[v] == 0)

    def is_one(self, v: int) -> bool:
        """Tell whether a value is the constant 1."""
        return v in self.known and bool(self.known[v] == 1)

    def calls(self, buffers: Buffers, key: tuple[Any, ...], careful: bool) -> list[Call]:
        """Return all calls; `key` tells which outputs are written."""
        return _Calls(self, buffers, careful).all(key)


class _Calls:
    def __init__(self, maker: Maker, buffers: Buffers, careful: bool) -> None:
        self.maker = maker
        self.plan = maker.plan
        self.buffers = buffers
        self.careful = careful
        self.branch = 0
        self.found: list[Call] = []

    def _emit(self, function: Callable[..., Any], *args: Any) -> None:
        self.found.append(Call(function, list(args), self.branch))

    def all(self, key: tuple[Any, ...]) -> list[Call]:
        program, plan = self.maker.program, self.plan
        for v in range(program.inputs):
            self._test(v)
        for i in plan.each:
            self.branch = plan.branches.of.get(i, 0)
            self._instruction(i)
            self._test(program.first + i)
        self.branch = 0
        for j, v in enumerate(program.outputs.tolist()):
            if key[1][j] and plan.places[v] != (OUTPUT, j):
                self._emit(np.copyto, Storage(OUTPUT, j), self.view(v))
        return self.found

    def view(self, v: int) -> Any:
        """Return the array of a value, or its place where that is another array each time."""
        place = self.plan.places[v]
        if place.kind == SHARED:
            return self.maker.shared[v : v + 1]
        if place.kind == MASK:
            return self.buffers.masks[place.place]
        return place if place.kind in (COLUMN, OUTPUT) else self.buffers.slots[place.place]

    def _test(self, v: int) -> None:
        test = None if self.careful else self.maker.tested.get(v)
        if test is not None:
            self._emit(np.equal, self.view(v), 0, self.buffers.zeros[test])

    def _instruction(self, i: int) -> None:
        program = self.maker.program
        op, args, v = program.op(i), program.arguments(i), program.first + i
        y, views = self.view(v), [self.view(k) for k in args]
        ufunc = self.maker.rows.ufunc(op)
        if i in self.plan.branches.masks:
            self._emit(COMPARISONS[op], *views, y)
            self._decisions(v, y)
        elif i in self.plan.branches.choices:
            branch = self.plan.branches.choices[i]
            self._emit(pick, self.buffers.taken, branch, y, *views)
        elif op in ("dot", "azdot"):
            self._fold(op, args, y)
        elif op in PRODUCTS:
            self._product(PRODUCTS[op], args[0], args[1], y, True)
        elif op == "sum" and len(args) > 1:
            self._emit(np.add, views[0], views[1], y)
            for x in views[2:]:
                self._emit(np.add, y, x, y)
        elif ufunc is not None:
            self._emit(writer(ufunc), *views, y)
        else:
            self._emit(assign, y, self.maker.rows.forward(op), *views)

    def _decisions(self, v: int, mask: Any) -> None:
        """Find out which branches a condition leads to, once it is known."""
        for branch in self.maker.decided.get(v, ()):
            self._emit(decide, self.buffers.taken, branch, mask)

    def _fold(self, op: str, args: Sequence[int], y: Any) -> None:
        """Add up products; a factor of one is left out, since it changes no bit."""
        half = len(args) // 2
        total: Any = None
        for a, b in zip(args[:half], args[half:], strict=True):
            if self.maker.is_one(b):
                term = self.view(a)
            elif self.maker.is_one(a):
                term = self.view(b)
            else:
                term = y if total is None else self.buffers.part
                self._product(np.multiply, a, b, term, op == "azdot")
            if total is not None:
                self._emit(np.add, total, term, y)
                term = y
            total = term
        if total is not y:
            self._emit(np.copyto, y, total)

    def _product(self, ufunc: Any, a: int, b: int, y: Any, absolute: bool) -> None:
        left, right = self.view(a), self.view(b)
        if absolute and self.plan.places[a].kind == SHARED and not self.maker.known.get(a):
            self._emit(shared_absolute, ufunc, left, right, y)
            return
        self._emit(ufunc, left, right, y)
        if absolute and self.careful and self.plan.places[a].kind != SHARED:
            self._emit(np.equal, left, 0, self.buffers.mask)
            self._emit(np.copyto, y, left, "same_kind", self.buffers.mask)


def assign(y: Any, forward: Callable[..., Any], *args: Any) -> None:
    """Put the result of a function into y."""
    y[:] = forward(*args)


def decide(taken: list[bool], branch: int, mask: Any) -> None:
    """Note whether any point takes a branch, and whether any takes the other one."""
    count = int(np.count_nonzero(mask))
    taken[branch] = count > 0
    taken[branch + 1] = count < len(mask)


def pick(taken: list[bool], branch: int, y: Any, mask: Any, a: Any, b: Any) -> None:
    """Put a into y where the mask holds, and b elsewhere."""
    if not taken[branch + 1]:
        np.copyto(y, a)
    elif not taken[branch]:
        np.copyto(y, b)
    else:
        y[:] = np.where(mask, a, b)


def shared_absolute(ufunc: Any, a: Any, b: Any, y: Any) -> None:
    """Compute a product or quotient whose a, shared by all points, is absolute if it is zero."""
    if a[0] == 0:
        y[:] = a
    else:
        ufunc(a, b, y)
