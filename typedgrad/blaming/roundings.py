"""The rounding of every instruction of a run: computed result minus the exact one, as arrays.

Sums and products are split into result and error without loss (Knuth, Dekker), quotients and
roots by their remainders; other rows are computed again in wider arithmetic.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from typedgrad.blaming.ledger import Run
from typedgrad.blaming.lifting import lifter
from typedgrad.engines.wide import Mpmath, middles
from typedgrad.machine import NUMBERS, machine_of
from typedgrad.numbers import NumberSystem
from typedgrad.op import TABLE

MOST_WIDE = 100_000  # rows that no formula covers are redone one by one up to so many

# Rows whose results are exact: signs, choices, comparisons, whole numbers.
NONE = frozenset(
    (
        *("neg", "abs", "copysign", "sign", "where", "maximum", "minimum", "max", "min"),
        *("clip", "relu", "less", "less_equal", "greater", "greater_equal", "equal"),
        *("not_equal", "heaviside", "floor", "ceil", "trunc", "round", "ufp"),
    )
)


def two_sum(a: Any, b: Any) -> tuple[Any, Any]:
    """Return the rounded sum and its error: s + e == a + b exactly (Knuth)."""
    s = a + b
    return s, sum_error(a, b, s)


def sum_error(a: Any, b: Any, s: Any) -> Any:
    """Return a + b - s exactly where s is the rounded sum."""
    v = s - a
    return (a - (s - v)) + (b - v)


def summed(terms: Any) -> tuple[Any, Any]:
    """Return the sums of columns, added from the top down, and the sum of what that rounds."""
    s: Any = np.add.accumulate(terms, axis=0)
    return s[-1], sum_error(s[:-1], terms[1:], s[1:]).sum(axis=0)


def two_product(a: Any, b: Any, numbers: NumberSystem[Any]) -> tuple[Any, Any]:
    """Return the rounded product and its error: p + e == a * b exactly in range (Dekker)."""
    splitter = numbers.from_ratio(2 ** ((numbers.bits + 1) // 2) + 1)
    p, c, d = a * b, a * splitter, b * splitter
    ah, bh = c - (c - a), d - (d - b)
    al, bl = a - ah, b - bh
    return p, ((ah * bh - p) + ah * bl + al * bh) + al * bl


def _sum(args: list[Any], y: Any, numbers: NumberSystem[Any]) -> Any:
    total, error = summed(np.stack(args))
    return (y - total) - error


def _difference(args: list[Any], y: Any, numbers: NumberSystem[Any]) -> Any:
    return _sum([args[0], -args[1]], y, numbers)


def _product(args: list[Any], y: Any, numbers: NumberSystem[Any]) -> Any:
    p, error = two_product(args[0], args[-1], numbers)
    return (y - p) - error


def _dot(args: list[Any], y: Any, numbers: NumberSystem[Any]) -> Any:
    n = len(args) // 2
    products, errors = two_product(np.stack(args[:n]), np.stack(args[n:]), numbers)
    total, error = summed(products)
    error = error + errors.sum(axis=0)
    return (y - total) - error


def _fused(args: list[Any], y: Any, numbers: NumberSystem[Any]) -> Any:
    p, e = two_product(args[0], args[1], numbers)
    s, f = two_sum(p, args[2])
    return (y - s) - (e + f)


def _quotient(args: list[Any], y: Any, numbers: NumberSystem[Any]) -> Any:
    p, e = two_product(y, args[1], numbers)
    return -((args[0] - p) - e) / args[1]


def _reciprocal(args: list[Any], y: Any, numbers: NumberSystem[Any]) -> Any:
    return _quotient([args[0] * 0 + 1, args[0]], y, numbers)


def _root(args: list[Any], y: Any, numbers: NumberSystem[Any]) -> Any:
    p, e = two_product(y, y, numbers)
    return -((args[0] - p) - e) / (2 * y)


FORMULAS: dict[str, Callable[[list[Any], Any, NumberSystem[Any]], Any]] = {
    **dict.fromkeys(("add", "sum"), _sum),
    "sub": _difference,
    **dict.fromkeys(("mul", "azmul", "azprod", "square"), _product),
    **dict.fromkeys(("dot", "azdot"), _dot),
    **dict.fromkeys(("div", "azdiv"), _quotient),
    "reciprocal": _reciprocal,
    "fma": _fused,
    "sqrt": _root,
}


def roundings(run: Run, alive: Any) -> Any:
    """Return the rounding of each instruction, of those alone that are alive; the rest are 0.

    NaN stands for a rounding that is not known, since a number of it is not finite.
    """
    kind = np.longdouble if run.numbers.bits > 53 else np.float64
    found = np.zeros(len(run.program), kind)
    with np.errstate(all="ignore"):
        for name, nodes, args in alike(run, alive):
            if name in NONE:
                continue
            results = run.values[run.program.first + nodes]
            columns = [run.values[args[:, j]] for j in range(args.shape[1])]
            found[nodes] = _row(name, columns, results, run.numbers)
    return found


def alike(run: Run, alive: Any) -> Iterator[tuple[str, Any, Any]]:
    """Yield rows with the instructions alive that have one number of arguments, and these."""
    program = run.program
    counts = np.diff(program.starts)
    key = program.codes.astype(np.int64) << 32 | counts
    for kind in np.unique(key[alive]).tolist():
        nodes = np.flatnonzero(alive & (key == kind))
        steps = np.arange(kind & 0xFFFFFFFF, dtype=np.int32)
        places = program.starts[nodes][:, None] + steps
        yield program.ops[kind >> 32], nodes, program.args[places]


def _row(name: str, args: list[Any], y: Any, numbers: NumberSystem[Any]) -> Any:
    """Return the roundings of the instructions of one row."""
    formula = FORMULAS.get(name)
    if formula is None:
        return _again(name, args, y, numbers)
    error = formula(args, y, numbers)
    bad = np.flatnonzero(~np.isfinite(error) | _edges(args, y, numbers))
    if len(bad):
        error = error.astype(np.longdouble if numbers.bits > 53 else np.float64)
        error[bad] = _again(name, [x[bad] for x in args], y[bad], numbers)
    return error


def _edges(args: list[Any], y: Any, numbers: NumberSystem[Any]) -> Any:
    """Tell where a number is so small that the error of a product cannot be held."""
    floor = np.ldexp(numbers.scalar(1), int(np.finfo(numbers.scalar).minexp) + 2 * numbers.bits)
    small = (np.abs(y) < floor) & (y != 0)
    zero = y == 0
    for x in args:
        zero &= x != 0
    return small | zero


def _again(name: str, args: list[Any], y: Any, numbers: NumberSystem[Any]) -> Any:
    """Return the roundings by computing the row in wider arithmetic."""
    wider = wider_than(numbers)
    if wider is None or len(y) <= MOST_WIDE:
        return _one_by_one(name, args, y, numbers)
    forward = machine_of(wider).row(TABLE[name]).forward
    given = [x.astype(wider.scalar) for x in args]
    if isinstance(TABLE[name].forward, np.ufunc):
        return y.astype(wider.scalar) - TABLE[name].forward(*given)
    found = [forward(*row) for row in zip(*given, strict=True)]
    return y.astype(wider.scalar) - np.array(found, wider.scalar)


def wider_than(numbers: NumberSystem[Any]) -> NumberSystem[Any] | None:
    """Return the narrowest of NumPy's formats with ten bits more, where there is one."""
    known = sorted(NUMBERS.values(), key=lambda other: other.bits)
    return next((other for other in known if other.bits >= numbers.bits + 10), None)


def _one_by_one(name: str, args: list[Any], y: Any, numbers: NumberSystem[Any]) -> Any:
    """Return the roundings by the meaning of the row, each rounded once to the result's format."""
    bits = 4 * numbers.bits
    by = middles(bits, (name,)) or Mpmath(bits)
    kind = np.longdouble if numbers.bits > 53 else np.float64
    found = np.full(len(y), np.nan, kind)
    row = by.row(name)
    if row is None:
        return found
    fine = np.isfinite(y)
    for column in args:
        fine &= np.isfinite(column)
    at = np.flatnonzero(fine)
    with by.working():
        held = lifter(by, numbers)
        given = zip(*(map(held, column[at]) for column in args), strict=True)
        for i, values, result in zip(at.tolist(), given, map(held, y[at]), strict=True):
            exact = row(*values)
            if by.is_finite(exact):
                found[i] = by.to_float(result - exact)
    return found
