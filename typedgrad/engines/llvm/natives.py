"""Ufuncs that need none of NumPy's inner loops: a few operations give the same bits.

What NumPy does at zeros, and by which ways it takes powers of single numbers, is asked of NumPy
itself on the machine that runs.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np

from typedgrad.engines.llvm.symbols import Number, is_number, selection, sink_among
from typedgrad.machine import Formula
from typedgrad.numbers import NumberSystem

PROBES = [k / 7 for k in range(-9, 60)] + [-0.0, float("inf"), float("-inf"), float("nan")]
ROUNDING: dict[np.ufunc, str] = {
    np.sqrt: "sqrt",
    np.floor: "floor",
    np.ceil: "ceil",
    np.trunc: "trunc",
    np.rint: "rint",
}
OPERATORS: dict[np.ufunc, Formula] = {
    np.add: lambda a, b: a + b,
    np.subtract: lambda a, b: a - b,
    np.multiply: lambda a, b: a * b,
    np.divide: lambda a, b: a / b,
    np.negative: lambda x: -x,
    np.absolute: abs,
    np.square: lambda x: x * x,
}


@lru_cache
def natives(numbers: NumberSystem[Any]) -> dict[np.ufunc, Callable[..., Any]]:
    """Return how ufuncs are written without NumPy's loops, where that gives the same bits.

    Each takes symbols, at least one, and scalars, and returns None where it gives up.
    """
    scalar = numbers.scalar
    found: dict[np.ufunc, Callable[..., Any]] = dict(OPERATORS)
    found |= {ufunc: _unary(op) for ufunc, op in ROUNDING.items()}
    found |= {np.copysign: _copysign, np.sign: _sign, np.heaviside: _heaviside}
    found |= {np.reciprocal: _reciprocal, np.power: _power(numbers)}
    for ufunc, op in ((np.maximum, "gt"), (np.minimum, "lt")):
        extreme = _extreme(op, scalar, ufunc)
        if extreme is not None:
            found[ufunc] = extreme
    for scale in (np.degrees, np.radians):
        scaled = _scaled(scale(scalar(1)))
        if _same(scalar, scale, scaled):
            found[scale] = scaled
    return found


def _same(scalar: Any, one: Callable[..., Any], other: Callable[..., Any]) -> bool:
    """Tell whether two functions give the same bits at all probes."""
    with np.errstate(all="ignore"):
        pairs = [(one(x), other(x)) for x in map(scalar, PROBES)]
    return all((a == b and np.signbit(a) == np.signbit(b)) or (a != a and b != b) for a, b in pairs)


def _scaled(factor: Any) -> Callable[..., Any]:
    def scaled(x: Any) -> Any:
        return x * factor

    return scaled


def _unary(op: str) -> Callable[..., Any]:
    def unary(x: Any) -> Any:
        return x.sink.number(op, x)

    return unary


def _reciprocal(x: Any) -> Any:
    return 1 / x


def _copysign(a: Any, b: Any) -> Any:
    sink = a.sink if is_number(a) else b.sink
    return sink.number("copysign", a, b)


def _sign(x: Any) -> Any:
    sink, one = x.sink, x.sink.one
    still = selection(x == 0, sink.zero, x)
    return selection(x > 0, one, selection(x < 0, -one, still))


def _heaviside(x: Any, h: Any) -> Any:
    if not is_number(x):
        return None
    beside = selection(x < 0, x.sink.zero, selection(x > 0, x.sink.one, x))
    return selection(x.sink.test("eq", x, 0), h, beside)


def _extreme(op: str, scalar: Any, ufunc: np.ufunc) -> Callable[..., Any] | None:
    """Return maximum or minimum with NumPy's choice between zeros, or None if it is neither."""
    a, b = scalar(0), -scalar(0)
    firsts = [bool(np.signbit(ufunc(x, y)) == np.signbit(x)) for x, y in ((a, b), (b, a))]
    if firsts[0] != firsts[1]:
        return None
    test = op[0] + "e" if firsts[0] else op

    def extreme(x: Any, y: Any) -> Any:
        sink = sink_among((x, y))
        assert sink is not None
        wins = sink.test(test, x, y)
        if is_number(x) or x != x:
            wins = wins | sink.test("ne", x, x)
        return sink.pick(wins, x, y)

    return extreme


def _twice(x: Any) -> Any:
    return x * x


def _once(x: Any) -> Any:
    return x


def _root(x: Any) -> Any:
    return x.sink.number("sqrt", x) if is_number(x) else np.sqrt(x)


def _power(numbers: NumberSystem[Any]) -> Callable[..., Any]:
    """Return how NumPy takes powers of single numbers: for some exponents by other operations."""
    scalar, power = numbers.scalar, np.power
    ways: dict[float, Callable[..., Any]] = {
        2: _twice,
        -1: _reciprocal,
        0.5: _root,
        1: _once,
    }

    def taken(e: float) -> Callable[..., Any]:
        def power_of(x: Any) -> Any:
            return power(x, scalar(e))

        return power_of

    kept = {e: way for e, way in ways.items() if _same(scalar, taken(e), way)}

    def raised(x: Any, p: Any) -> Any:
        if not is_number(p):
            return kept[float(p)](x) if float(p) in kept else None
        found: Any = Number(p.sink, p.sink.call(power, p.sink.ref(x), p.sink.ref(p)))
        for e, way in kept.items():
            found = selection(p == scalar(e), way(x), found)
        return found

    return raised
