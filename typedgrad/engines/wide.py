"""Wide arithmetic at any width: mpmath's bare numbers, and the choice between them and balls."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Collection
from functools import reduce
from typing import Any

import mpmath
from typing_extensions import override

from typedgrad.engines.bare import Wide as Wide
from typedgrad.engines.exact import ExactPrecision, Real
from typedgrad.machine import machine_of
from typedgrad.op import TABLE
from typedgrad.ops.folds import halves

MOST_EXPONENT = 1 << 60  # of 2; float64 holds no size beyond


class Mpmath(Wide):
    """Numbers of mpmath, every operation rounded once; it knows infinities, NaN and signed zeros.

    A zero that is `precision.scalar.minus_zero` itself has a minus sign.
    """

    name = "mpmath"
    rigorous = False

    @override
    def constant(self, x: Any) -> mpmath.mpf:
        return self.precision.lift(x, "constant").x

    @override
    def from_real(self, x: Real) -> mpmath.mpf:
        sign = x.minus_zero
        return self.precision.scalar.minus_zero if x.x is sign else self._held(x.x)

    def _held(self, x: mpmath.mpf) -> mpmath.mpf:
        return self.precision.mp.make_mpf(x._mpf_)

    @override
    def to_real(self, x: mpmath.mpf, numbers: ExactPrecision) -> Real:
        if x is self.precision.scalar.minus_zero:
            return numbers.scalar(numbers.scalar.minus_zero)
        return numbers.scalar(numbers.mp.mpf(x))

    @override
    def _row(self, name: str) -> Callable[..., Any]:
        forward = machine_of(self.precision).row(TABLE[name]).forward
        scalar, lift = self.precision.scalar, self.precision.lift

        def slow(*args: Any) -> Any:
            return lift(forward(*map(scalar, args))).x

        if name in TESTS:
            return _tested(TESTS[name], self.constant(1), self.constant(0))
        if name == "where":
            return _chosen
        if name in SUMS:
            one, add = self.row(SUMS[name]), self.row("add")
            return _summed(one, add) if one and add else slow
        return _quick(QUICK[name], slow) if name in QUICK else slow

    @override
    def is_finite(self, x: mpmath.mpf) -> bool:
        return self.precision.mp.isfinite(x)

    @override
    def is_zero(self, x: mpmath.mpf) -> bool:
        return not x

    @override
    def log2size(self, x: mpmath.mpf) -> float:
        if not x:
            return -math.inf
        if not self.is_finite(x):
            return float(abs(x))
        part, exponent = self.precision.mp.frexp(abs(x))
        power = max(-MOST_EXPONENT, min(int(exponent), MOST_EXPONENT))
        return math.log2(float(part)) + power

    @override
    def to_float(self, x: mpmath.mpf) -> float:
        return -0.0 if x is self.precision.scalar.minus_zero else float(x)


# Where no argument is 0 these are one operation of mpmath, whatever else the arguments are.
QUICK: dict[str, Callable[..., Any]] = {
    "add": operator.add,
    "sub": operator.sub,
    "mul": operator.mul,
    "div": vars(operator)["truediv"],
    "neg": operator.neg,
    "abs": operator.abs,
    "azmul": operator.mul,
    "azdiv": vars(operator)["truediv"],
}
TESTS: dict[str, Callable[..., Any]] = {
    "less": operator.lt,
    "less_equal": operator.le,
    "greater": operator.gt,
    "greater_equal": operator.ge,
    "equal": operator.eq,
    "not_equal": operator.ne,
}
SUMS = {"azdot": "azmul", "dot": "mul"}


def _quick(function: Callable[..., Any], slow: Callable[..., Any]) -> Callable[..., Any]:
    """Return a row that leaves zeros among its arguments, and as its result, to the slow one."""

    def row(a: Any, b: Any = 1) -> Any:
        if a and b:
            z = function(a, b)
            if z:
                return z
        return slow(a, b)

    def single(a: Any) -> Any:
        return function(a) if a else slow(a)

    return single if function in (operator.neg, operator.abs) else row


def _tested(test: Callable[..., Any], yes: Any, no: Any) -> Callable[..., Any]:
    """Return the row of a comparison."""

    def row(a: Any, b: Any) -> Any:
        return yes if test(a, b) else no

    return row


def _chosen(c: Any, a: Any, b: Any) -> Any:
    """Return a where c is not 0 and b where it is; an undefined c where it is undefined."""
    return b if not c else a if c == c else c


def _summed(product: Callable[..., Any], add: Callable[..., Any]) -> Callable[..., Any]:
    """Return the row that adds the products of two sequences from left to right."""

    def row(*args: Any) -> Any:
        return reduce(add, map(product, *halves(args)))

    return row


def wide(bits: int, rows: Collection[str] = ()) -> Wide:
    """Return the arithmetic of this width: balls where python-flint has all the rows, or mpmath.

    `rows` are the names of the rows that will be used, such as `program.ops`.
    """
    return _of_flint("Balls", bits, rows) or Mpmath(bits)


def middles(bits: int, rows: Collection[str] = ()) -> Wide | None:
    """Return the arithmetic of midpoints alone; None where python-flint does not have it."""
    return _of_flint("Middles", bits, rows)


def _of_flint(kind: str, bits: int, rows: Collection[str]) -> Wide | None:
    try:
        from typedgrad.engines import balls
    except ImportError:
        return None
    found: Wide = getattr(balls, kind)(bits)
    return found if all(found.row(name) is not None for name in rows) else None
