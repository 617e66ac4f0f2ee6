"""Rows on arrays: the text of a forward runs on whole arrays of scalars, elementwise the same bits.

A choice is made point by point: each side is computed for the points that need it. A row whose
text asks what arrays cannot answer runs an element at a time.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from functools import cache, partial, reduce
from types import CellType, CodeType, FunctionType
from typing import Any

import numpy as np
from typing_extensions import TypeIs, override

from typedgrad.engines.recipes import Step, follow, recipe
from typedgrad.machine import is_tuple, machine_of, names_in
from typedgrad.numbers import Constant, NumberSystem, Ratio
from typedgrad.op import TABLE, Op, choose, polynomial, select
from typedgrad.ops.folds import max_forward, min_forward
from typedgrad.ops.reductions import exp_sub_forward, exps_beside

FEW = 400  # for fewer points both sides of a choice are quicker than to part them
PROBES = ("0.3", "-1.75", "0", "-0.0", "1", "2.5", "-3", "30", "-41.5", "inf", "-inf", "nan")
PAIR = 2
EXPONENTS = (-1, 0, 0.5, 1, 2)


def dtype_of(numbers: NumberSystem[Any]) -> Any:
    """Return the NumPy dtype whose arrays hold the scalars of a precision."""
    return np.asarray([numbers.lift(1)]).dtype


def unsupported(numbers: NumberSystem[Any]) -> str:
    """Return '' where arrays can hold a precision and stand for its rows, or the reason why not."""
    if numbers.is_strict:
        return f"{numbers.name} stops at the first NaN, which arrays do not show"
    if numbers.exact or not issubclass(numbers.scalar, np.generic):
        return f"NumPy has no arrays of the scalars of {numbers.name}"
    return ""


def is_array(x: object) -> TypeIs[Any]:
    """Tell whether x is an array with points."""
    return isinstance(x, np.ndarray)


def is_list(x: object) -> TypeIs[list[Any]]:
    """Tell whether x is a list."""
    return isinstance(x, list)


class Arrays(NumberSystem[Any]):
    """A precision of NumPy whose numbers come in arrays; tables and constants are its scalars."""

    def __init__(self, base: NumberSystem[Any]) -> None:
        self.base = base
        self.name: str = base.name
        self.scalar: Any = base.scalar
        self.bits: int = base.bits

    def __getattr__(self, name: str) -> Any:
        return getattr(self.base, name)

    @override
    def meaning(self, name: str, exact: Any) -> Any:
        return POWERS.get(name)

    @override
    def word(self, function: Callable[..., Any]) -> Any:
        if function is exps_beside:
            return partial(beside, machine_of(self).bind(exp_sub_forward))
        words: dict[Any, Any] = {
            choose: self.choice,
            select: self.selection,
            polynomial: horner,
            max_forward: partial(self.extreme, operator.gt),
            min_forward: partial(self.extreme, operator.lt),
        }
        return words.get(function)

    @override
    def from_ratio(self, top: int, bottom: int = 1) -> Any:
        return self.base.from_ratio(top, bottom)

    @override
    def from_special(self, name: str) -> Any:
        return self.base.from_special(name)

    @override
    def to_ratio(self, x: Any) -> Ratio:
        return self.base.to_ratio(x)

    @override
    def ulp(self, x: Any) -> Any:
        return self.base.ulp(x)

    @override
    def is_finite(self, x: Any) -> bool:
        return self.base.is_finite(x)

    @override
    def constant(self, x: Constant) -> Any:
        return self.base.constant(x)

    def choice(self, test: Any, then: Any, otherwise: Any) -> Any:
        """Stand in for `choose`: each side runs for the points at which it is taken."""
        if not is_array(test):
            return then() if test else otherwise()
        count = np.count_nonzero(test)
        if count == len(test):
            return then()
        if not count:
            return otherwise()
        if len(test) < FEW or (is_light(then) and is_light(otherwise)):
            return self.selection(test, then(), otherwise())
        at, rest = np.flatnonzero(test), np.flatnonzero(~test)
        first = then() if is_light(then) else parted(then, at, len(test))()
        second = otherwise() if is_light(otherwise) else parted(otherwise, rest, len(test))()
        sides = ((first, at, is_light(then)), (second, rest, is_light(otherwise)))
        return self._joined(len(test), sides)

    def _joined(self, size: int, sides: Sequence[tuple[Any, Any, bool]]) -> Any:
        first = sides[0][0]
        if is_tuple(first) or is_list(first):
            parts = [
                self._joined(size, [(side[k], at, whole) for side, at, whole in sides])
                for k in range(len(first))
            ]
            return type(first)(parts)
        y = np.empty(size, dtype_of(self.base))
        for side, at, whole in sides:
            y[at] = side[at] if whole and is_array(side) and len(side) == size else side
        return y

    def selection(self, test: Any, then: Any, otherwise: Any) -> Any:
        """Stand in for `select`, for numbers and for sequences of them."""
        if not is_array(test):
            return then if test else otherwise
        if is_tuple(then) or is_list(then):
            pairs = zip(then, otherwise, strict=True)
            return type(then)([self.selection(test, a, b) for a, b in pairs])
        if then is None and otherwise is None:
            return None
        plain = not (hasattr(then, "dtype") or hasattr(otherwise, "dtype"))
        return np.where(test, self.base.lift(then) if plain else then, otherwise)

    def extreme(self, beats: Callable[[Any, Any], Any], *xs: Any) -> Any:
        """Stand in for the forwards of max and min: a later x counts only if it beats the best."""
        y, sane = xs[0], xs[0] == xs[0]
        for x in xs[1:]:
            y = self.selection(beats(x, y), x, y)
            sane = sane & (x == x)
        if np.all(sane):
            return y
        return self.selection(sane, y, reduce(operator.add, xs))


def beside(exp_sub: Any, xs: Any, m: Any) -> Any:
    """Stand in for `exps_beside`: at each point the first x that is m is left out."""
    shape = np.broadcast_shapes(*(np.shape(x) for x in xs))
    total = np.zeros(shape, m.dtype)
    total[...] = m - m
    seen: Any = np.False_
    for x in xs:
        left_out: Any = (x == m) & ~seen
        total = np.add(total, exp_sub(x, m), out=total, where=~left_out)
        seen = seen | left_out
    return total


def horner(x: Any, table: Any) -> Any:
    """Stand in for `polynomial` with one array for all steps."""
    if not is_array(x) or len(table) < PAIR or is_array(table[-1]):
        return polynomial(x, table)
    y = table[-1] * x
    y += table[-2]
    for coefficient in table[-3::-1]:
        y *= x
        y += coefficient
    return y


def power(a: Any, b: Any) -> Any:
    """Stand in for np.power, which takes some exponents by another way if all points share them.

    A scalar's exponent is always shared.
    """
    y = np.power(a, b)
    if is_array(y) and is_array(b) and (len(b) > 1 or len(y) == 1):
        for exponent in EXPONENTS:
            at = np.flatnonzero(b == exponent)
            if len(at):
                y[at] = np.power(a[at] if is_array(a) and len(a) > 1 else a, y.dtype.type(exponent))
    return y


POWERS: dict[str, Callable[[Any, Any], Any]] = {"pow": power, "pow_constant": power}


def is_light(function: Any) -> bool:
    """Tell whether a side of a choice is cheaper for all points than to part them."""
    code = getattr(function, "__code__", None)
    if code is None or not _calls_nothing(code, function.__globals__.get):
        return False
    return not any(callable(cell.cell_contents) for cell in function.__closure__ or ())


_LIGHT: dict[CodeType, bool] = {}


def _calls_nothing(code: CodeType, get: Callable[[str], Any]) -> bool:
    light = _LIGHT.get(code)
    if light is None:
        light = not any(callable(get(name)) for name in names_in(code))
        _LIGHT[code] = light
    return light


def parted(thing: Any, at: Any, size: int) -> Any:
    """Return what is left of arrays, sequences and functions over them at some of the points."""
    if is_array(thing):
        return thing[at] if len(thing) == size else thing
    if is_tuple(thing) or is_list(thing):
        return type(thing)([parted(part, at, size) for part in thing])
    if not isinstance(thing, FunctionType) or not thing.__closure__:
        return thing
    cells = [CellType(parted(cell.cell_contents, at, size)) for cell in thing.__closure__]
    return FunctionType(
        thing.__code__, thing.__globals__, thing.__name__, thing.__defaults__, tuple(cells)
    )


def writer(ufunc: Any) -> Callable[..., Any]:
    """Return the call of a ufunc whose last argument is the array that it writes into."""
    if ufunc not in (np.maximum, np.minimum):
        found: Callable[..., Any] = ufunc
        return found
    return lambda *args: ufunc(*args[:-1], out=args[-1])  # these two refuse it by position


class ArrayRows:
    """The rows of one precision as functions of arrays, each proved on sample points."""

    def __init__(self, numbers: NumberSystem[Any]) -> None:
        self.numbers = numbers
        self.dtype: Any = dtype_of(numbers)
        self.machine: Any = machine_of(Arrays(numbers))
        self.notes: dict[str, str] = {}
        self._forwards: dict[str, Callable[..., Any]] = {}
        self._recipes: dict[str, list[Step]] = {}

    def scalar(self, name: str) -> Callable[..., Any]:
        """Return the eager function of a row; it may warn."""
        return machine_of(self.numbers).forward(TABLE[name])

    def forward(self, name: str) -> Callable[..., Any]:
        """Return the function of a row that takes arrays of one length, or of length 1."""
        found = self._forwards.get(name)
        if found is None:
            found = self.ufunc(name) or self._composition(TABLE[name])
            self._forwards[name] = found
        return found

    def ufunc(self, name: str) -> Any:
        """Return the ufunc that gives the bits of a row, or None where there is none."""
        forward = TABLE[name].forward
        return forward if isinstance(forward, np.ufunc) and name not in POWERS else None

    def recipe(self, name: str) -> list[Step]:
        """Return the ufuncs that do what `forward` does, or no steps where it is not so simple."""
        found = self._recipes.get(name)
        if found is None:
            found = self._recipes[name] = self._recipe(TABLE[name])
        return found

    def _recipe(self, op: Op) -> list[Step]:
        forward = self.forward(op.name)
        if op.sequences or op.name in self.notes or op.name in POWERS:
            return []
        columns = [self._array(list(column)) for column in zip(*self._probes(op), strict=True)]
        try:
            steps = recipe(self.machine.forward(op), op.arity, self.dtype)
            with np.errstate(all="ignore"):
                agrees = same_bits(follow(steps, *columns), forward(*columns))
        except Exception:  # whatever a row of the user's raises
            return []
        return steps if agrees else []

    def _composition(self, op: Op) -> Callable[..., Any]:
        scalar = self.scalar(op.name)

        def looped(*args: Any) -> Any:
            points = zip(*np.broadcast_arrays(*args), strict=True)
            return self._array([scalar(*point) for point in points])

        bound: Callable[..., Any] = looped
        try:
            bound = self.machine.forward(op)
            proved = self._agrees(bound, scalar, self._probes(op))
        except Exception as error:  # whatever a row of the user's raises on arrays
            problem = f"{type(error).__name__}: {error}"
        else:
            problem = "" if proved else "its array form gives other bits"
        if problem:
            self.notes[op.name] = f"{op.name} runs an element at a time ({problem})"
            return looped

        def forward(*args: Any) -> Any:
            try:
                return bound(*args)
            except Exception:  # the row refuses a point: the loop says which
                return looped(*args)

        return forward

    def _array(self, scalars: list[Any]) -> Any:
        y = np.empty(len(scalars), self.dtype)
        y[:] = scalars
        return y

    def _probes(self, op: Op) -> list[tuple[Any, ...]]:
        values = [self.numbers.lift(text) for text in PROBES]
        arity = 3 * op.sequences or op.arity
        step = (1, 5, 7, 11)
        return [
            tuple(values[(k + j * step[(j + turn) % 4]) % len(values)] for j in range(arity))
            for turn in range(2 if arity > 1 else 1)
            for k in range(len(values))
        ]

    def _agrees(self, bound: Any, scalar: Any, points: list[tuple[Any, ...]]) -> bool:
        wanted: list[Any] = []
        used: list[tuple[Any, ...]] = []
        with np.errstate(all="ignore"):
            for point in points:
                try:
                    wanted.append(scalar(*point))
                except Exception:  # refused here, so it is no sample
                    continue
                used.append(point)
            columns = [self._array(list(column)) for column in zip(*used, strict=True)]
            found = np.empty(len(used), self.dtype)
            found[:] = bound(*columns)
        return same_bits(found, self._array(wanted))


def same_bits(x: Any, y: Any) -> bool:
    """Tell whether two arrays hold the same numbers, zeros of the same sign, and NaN at NaN."""
    same = (x == y) & (np.signbit(x) == np.signbit(y))
    return bool(np.all(same | ((x != x) & (y != y))))


@cache
def array_rows(numbers: NumberSystem[Any]) -> ArrayRows:
    """Return the rows of a precision on arrays, always the same ones."""
    return ArrayRows(numbers)
