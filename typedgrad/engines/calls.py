"""The calls of which the work on a block of points consists.

The quick calls take products with absolute zeros as plain ones, and look for zeros where that
shows; the careful calls, for blocks in which there are many, look at every product.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from typedgrad.engines.arrays import ArrayRows, writer
from typedgrad.engines.direct import COMPARISONS
from typedgrad.engines.recipes import Step
from typedgrad.engines.slots import COLUMN, MASK, OUTPUT, SHARED, Layout, Storage
from typedgrad.engines.zeros import is_harmless, zero_tests
from typedgrad.program import Program

LINE, LARGE = 192, 1 << 22
PRODUCTS: dict[str, Any] = {"azmul": np.multiply, "azdiv": np.divide}


class Call(NamedTuple):
    """A function and its arguments, made only where a branch is taken."""

    function: Callable[..., Any]
    args: tuple[Any, ...]
    branch: int


class Buffers:
    """The arrays of a block of one size."""

    def __init__(self, plan: Layout, size: int, dtype: Any) -> None:
        self.size = size
        self.dtype = dtype
        self.rows: Any = _rows(plan.slots, size, dtype)
        self.slots: Any = self.rows[:, :size]
        self.masks: Any = np.empty((plan.masks, size), np.bool)
        self.mask: Any = np.empty(size, np.bool)
        self.zeros: Any = np.zeros(size, np.bool)
        self.zero: Any = np.zeros((), dtype)
        self.any_zeros: bool = False
        self.taken: list[bool] = [True] * len(plan.branches.parents)
        self._parts: list[Any] = []

    def part(self, k: int = 0) -> Any:
        """Return an array for what lives in one instruction only, always the same for a k."""
        while k >= len(self._parts):
            self._parts.append(np.empty(self.size, self.dtype))
        return self._parts[k]

    def mark(self, zeros: Any) -> None:
        """Note at which points there are zeros."""
        self.zeros |= zeros
        self.any_zeros = True

    def clear(self) -> None:
        """Forget where there were zeros."""
        if self.any_zeros:
            self.zeros[:] = False
        self.any_zeros = False


def _rows(count: int, size: int, dtype: Any) -> Any:
    """Return arrays, zero as far as they are used, that begin in different lines of the cache.

    If they are not small, they take enough memory for NumPy to ask for large pages.
    """
    step = size + LINE // dtype.itemsize
    many = count * step
    large = LARGE // dtype.itemsize
    whole: Any = np.empty(max(many, large) if 4 * many > large else many, dtype)
    rows: Any = whole[:many].reshape(count, step)
    rows[:, :size] = 0
    return rows


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
        self.tested: dict[int, bool] = zero_tests(program, plan, known)
        self.decided: dict[int, list[int]] = {}
        for i, branch in plan.branches.choices.items():
            self.decided.setdefault(program.arguments(i)[0], []).append(branch)

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
        self.masked = -1, 0  # the value whose zeros are in the mask of the buffers, and a branch
        self.found: list[Call] = []

    def _emit(self, function: Callable[..., Any], *args: Any) -> None:
        if not isinstance(function, np.ufunc):
            self.masked = -1, 0
        self.found.append(Call(function, args, self.branch))

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

    def operand(self, v: int) -> Any:
        """Return what a ufunc takes: quickest without dimensions."""
        shared = self.plan.places[v].kind == SHARED
        return self.view(v).reshape(()) if shared else self.view(v)

    def _test(self, v: int) -> None:
        if self.careful or v not in self.maker.tested:
            return
        if self.maker.tested[v]:
            self._emit(Search(self.buffers), self.view(v))
        else:
            self._emit(find_zeros, self.buffers, self.view(v))

    def _instruction(self, i: int) -> None:
        program, rows = self.maker.program, self.maker.rows
        op, args, v = program.op(i), program.arguments(i), program.first + i
        y, operands = self.view(v), [self.operand(k) for k in args]
        ufunc = rows.ufunc(op)
        if i in self.plan.branches.masks:
            self._emit(COMPARISONS[op], *operands, y)
            self._decisions(v, y)
        elif i in self.plan.branches.choices:
            self._choice(i, args, y)
        elif op in ("dot", "azdot"):
            self._fold(op, args, y)
        elif op in PRODUCTS:
            onto = self.plan.places[v] == self.plan.places[args[0]]
            self._product(PRODUCTS[op], (args[0], args[1]), y, "onto" if onto else "apart")
        elif op == "sum" and len(args) > 1:
            self._emit(np.add, operands[0], operands[1], y)
            for x in operands[2:]:
                self._emit(np.add, y, x, y)
        elif ufunc is not None:
            self._emit(writer(ufunc), *operands, y)
        elif op == "relu":
            self._emit(rectify, self.buffers, *operands, y)
        elif rows.recipe(op):
            self._follow(rows.recipe(op), operands, y)
        else:
            self._emit(assign, y, rows.forward(op), *map(self.view, args))

    def _follow(self, steps: list[Step], operands: list[Any], y: Any) -> None:
        """Run a recipe; what it needs on the way stays in parts of the buffers."""
        first = len(operands)
        last = {x: k for k, step in enumerate(steps) for x in step.operands if isinstance(x, int)}
        free: list[int] = []
        own: dict[int, int] = {}
        for k, (ufunc, taken) in enumerate(steps):
            given = [operands[x] if isinstance(x, int) else x for x in taken]
            for x in dict.fromkeys(x for x in taken if isinstance(x, int)):
                if x in own and last[x] == k:
                    free.append(own.pop(x))
            if k == len(steps) - 1:
                operands.append(y)
            else:
                own[first + k] = free.pop() if free else len(own)
                operands.append(self.buffers.part(own[first + k]))
            self._emit(writer(ufunc), *given, operands[-1])

    def _choice(self, i: int, args: Sequence[int], y: Any) -> None:
        places, branch = self.plan.places, self.plan.branches.choices[i]
        own = places[self.maker.program.first + i]
        taken, (mask, a, b) = self.buffers.taken, map(self.view, args)
        if places[args[1]] == own:
            self._emit(keep_first, taken, branch, y, mask, b, self.buffers.mask)
        elif places[args[2]] == own:
            self._emit(keep_second, taken, branch, y, mask, a)
        else:
            self._emit(pick, taken, branch, y, mask, a, b)

    def _decisions(self, v: int, mask: Any) -> None:
        """Find out which branches a condition leads to, once it is known."""
        for branch in self.maker.decided.get(v, ()):
            self._emit(decide, self.buffers.taken, branch, mask)

    def _fold(self, op: str, args: Sequence[int], y: Any) -> None:
        """Add up products; a factor of one is left out, since it changes no bit."""
        half = len(args) // 2
        total: Any = None
        held: Any = None  # the factors whose product is in `product`
        product: Any = None
        for a, b in zip(args[:half], args[half:], strict=True):
            if self.maker.is_one(b):
                term = self.operand(a)
            elif self.maker.is_one(a):
                term = self.operand(b)
            else:
                if held != (a, b):
                    held, product = (a, b), y if total is None else self.buffers.part()
                    self._product(np.multiply, held, product, "apart" if op == "azdot" else "")
                term = product
            if total is not None:
                self._emit(np.add, total, term, y)
                term = y
                held = None if product is y else held
            total = term
        if total is not y:
            self._emit(np.copyto, y, total)

    def _product(self, ufunc: Any, factors: tuple[int, int], y: Any, absolute: str) -> None:
        """Multiply or divide; an absolute product is laid onto its first factor, or apart."""
        a, b = factors
        left, right = self.operand(a), self.operand(b)
        shared = self.plan.places[a].kind == SHARED
        if absolute and shared and not self.maker.known.get(a):
            self._emit(shared_absolute, ufunc, left, right, y)
        elif absolute and self.careful and not shared and not is_harmless(self.maker.known.get(b)):
            self._absolute(ufunc, (a, self.branch), (left, right, y), absolute == "onto")
        else:
            self._emit(ufunc, left, right, y)

    def _absolute(
        self, ufunc: Any, zeros: tuple[int, int], arrays: tuple[Any, Any, Any], onto: bool
    ) -> None:
        """Look at every product; where the zeros of a first factor are known, they stay so."""
        known = self.masked == zeros
        function = absolute_onto if onto else absolute_again if known else absolute_product
        self._emit(function, self.buffers, ufunc, *arrays)
        self.masked = (-1, 0) if onto else zeros


def absolute_again(buffers: Buffers, ufunc: Any, a: Any, b: Any, y: Any) -> None:
    """Compute another absolute product or quotient of the same a; y may be b, not a."""
    ufunc(a, b, y)
    np.copyto(y, a, "same_kind", buffers.mask)


def absolute_product(buffers: Buffers, ufunc: Any, a: Any, b: Any, y: Any) -> None:
    """Compute a product or quotient in which the zeros of a are absolute; y may be b, not a."""
    mask = np.equal(a, buffers.zero, buffers.mask)
    ufunc(a, b, y)
    np.copyto(y, a, "same_kind", mask)


def absolute_onto(buffers: Buffers, ufunc: Any, a: Any, b: Any, y: Any) -> None:
    """Compute a product or quotient in which the zeros of a are absolute; y is a."""
    mask = np.equal(a, buffers.zero, buffers.mask)
    if mask[mask.argmax()]:
        product = ufunc(a, b, buffers.part(1))
        np.copyto(product, a, "same_kind", mask)
        np.copyto(y, product)
    else:
        ufunc(a, b, y)


def find_zeros(buffers: Buffers, y: Any) -> None:
    """Note where y is zero."""
    mask = np.equal(y, buffers.zero, buffers.mask)
    if mask[mask.argmax()]:
        buffers.mark(mask)


class Search:
    """Notes where an array is zero or NaN; numbers of one sign take one look."""

    def __init__(self, buffers: Buffers) -> None:
        self.buffers = buffers
        self.is_upper: bool = False

    def __call__(self, y: Any) -> None:
        """Look for zeros and NaN in y."""
        end = y[y.argmax() if self.is_upper else y.argmin()]
        if end < 0 if self.is_upper else end > 0:
            return
        self.is_upper = not self.is_upper
        if end != end:
            self.buffers.mark(np.not_equal(y, y, self.buffers.mask))
        find_zeros(self.buffers, y)


def assign(y: Any, forward: Callable[..., Any], *args: Any) -> None:
    """Put the result of a function into y."""
    y[:] = forward(*args)


def rectify(buffers: Buffers, x: Any, y: Any) -> None:
    """Put zero into y where x is at most zero, and x elsewhere; y may be x."""
    mask = np.less_equal(x, buffers.zero, buffers.mask)
    np.copyto(y, x)
    np.copyto(y, buffers.zero, "same_kind", mask)


def decide(taken: list[bool], branch: int, mask: Any) -> None:
    """Note whether any point takes a branch, and whether any takes the other one."""
    taken[branch] = bool(mask[mask.argmax()])
    taken[branch + 1] = not mask[mask.argmin()]


def pick(taken: list[bool], branch: int, y: Any, mask: Any, a: Any, b: Any) -> None:
    """Put a into y where the mask holds, and b elsewhere."""
    if not taken[branch + 1]:
        np.copyto(y, a)
    elif not taken[branch]:
        np.copyto(y, b)
    else:
        y[:] = np.where(mask, a, b)


def keep_first(taken: list[bool], branch: int, y: Any, mask: Any, b: Any, spare: Any) -> None:
    """Put b into y where the mask does not hold."""
    if not taken[branch]:
        np.copyto(y, b)
    elif taken[branch + 1]:
        np.copyto(y, b, "same_kind", np.logical_not(mask, spare))


def keep_second(taken: list[bool], branch: int, y: Any, mask: Any, a: Any) -> None:
    """Put a into y where the mask holds."""
    if not taken[branch + 1]:
        np.copyto(y, a)
    elif taken[branch]:
        np.copyto(y, a, "same_kind", mask)


def shared_absolute(ufunc: Any, a: Any, b: Any, y: Any) -> None:
    """Compute a product or quotient whose a, shared by all points, is absolute if it is zero."""
    if a == 0:
        y[:] = a
    else:
        ufunc(a, b, y)
