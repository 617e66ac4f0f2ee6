"""The truth at many points: one program in wide arithmetic, widened only where it is not settled.

A truth is kept as two float64 and an exponent, (high + low) * 2**exponent, which is 106 bits:
enough to count the digits of any number of at most 64.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from typedgrad.engines.exact import Real
from typedgrad.engines.wide import Mpmath, Wide, wide
from typedgrad.judge import exact_outputs
from typedgrad.numbers import SPECIAL, decimal_ratio
from typedgrad.program import Program
from typedgrad.sweeping.grids import Column

WIDTHS = (128, 512)
CHECK_BITS = 1280  # a width of mpmath that covers float64's whole range
GUARD_BITS = 10
SAFE = (2.0**-900, 2.0**900)
FARTHEST = 1 << 30

Step = tuple[Callable[..., Any], int, int, tuple[int, ...]]


class Truth(NamedTuple):
    """The outputs of a program at some points; `stands` tells to how many digits, inf for all.

    Arrays of shape (outputs, points), but for `unsettled`, a flag for each point, and `judges`,
    the name of who judged it.
    """

    high: Any
    low: Any
    exponent: Any
    stands: Any
    unsettled: Any
    judges: list[str]


class Loop:
    """A program ready to run at one point after the other in one wide arithmetic."""

    def __init__(self, program: Program, arithmetic: Wide) -> None:
        self.wide = arithmetic
        with arithmetic.working():
            self.constants: list[Any] = [arithmetic.constant(x) for x in program.constants]
        self.outputs: list[int] = program.outputs.tolist()
        rows = [arithmetic.row(name) for name in program.ops]
        codes: list[int] = program.codes.tolist()
        args: list[int] = program.args.tolist()
        starts: list[int] = program.starts.tolist()
        spans = (tuple(args[a:b]) for a, b in pairwise(starts))
        self.steps: list[Any] = [
            _step(rows[code], span) for code, span in zip(codes, spans, strict=True)
        ]

    def __call__(self, inputs: list[Any]) -> list[Any]:
        """Return the outputs at one point."""
        values = [*inputs, *self.constants]
        add = values.append
        for function, a, b, more in self.steps:
            if b >= 0:
                add(function(values[a], values[b]))
            elif more:
                add(function(*[values[k] for k in more]))
            else:
                add(function(values[a]))
        return [values[k] for k in self.outputs]


def _step(row: Callable[..., Any] | None, span: tuple[int, ...]) -> Step:
    if row is None:
        raise NotImplementedError
    pair = len(span) == 2
    return row, span[0], span[1] if pair else -1, () if len(span) <= 2 else span


@lru_cache(maxsize=256)
def loops(program: Program, bits: int) -> tuple[Loop, ...]:
    """Return what judges a program: at a width of balls one loop, else two of mpmath.

    None at all where there are no balls for the program.
    """
    if bits == CHECK_BITS:
        return Loop(program, Mpmath(WIDTHS[0])), Loop(program, Mpmath(CHECK_BITS))
    arithmetic = wide(bits, program.ops)
    return (Loop(program, arithmetic),) if arithmetic.rigorous else ()


def truths(program: Program, columns: Sequence[Column], points: Sequence[int], bits: int) -> Truth:
    """Return the outputs at some points, settled to more than `bits` bits wherever they can be."""
    shape = (len(program.outputs), len(points))
    high, low = np.zeros(shape), np.zeros(shape)
    exponent, stands = np.zeros(shape, np.int64), np.full(shape, np.inf)
    truth = Truth(high, low, exponent, stands, np.zeros(len(points), np.bool), [""] * len(points))
    waiting = list(range(len(points)))
    if are_plain(columns):
        for width in (*WIDTHS, CHECK_BITS):
            waiting = _settle(truth, program, columns, points, waiting, width, bits)
    for k in waiting:
        _judge_slowly(truth, k, program, [x.exact(points[k]) for x in columns], bits)
    return truth


def are_plain(columns: Sequence[Column]) -> bool:
    """Tell whether no text is an infinity, NaN or -0.0, whose meanings only the slow way knows."""
    texts = [text for column in columns for text in column.texts]
    return not any(
        text.lower() in SPECIAL or (text.startswith("-") and not decimal_ratio(text)[0])
        for text in texts
    )


def _settle(
    truth: Truth,
    program: Program,
    columns: Sequence[Column],
    points: Sequence[int],
    waiting: list[int],
    width: int,
    bits: int,
) -> list[int]:
    """Fill in what settles at a width, and return the points that do not."""
    runs = loops(program, width) if waiting else ()
    if not runs:
        return waiting
    arithmetic = runs[0].wide
    rest: list[int] = []
    with arithmetic.working():
        inputs = [[_raws(column, run.wide, points) for column in columns] for run in runs]
        for k in waiting:
            try:
                found = [run([x[k] for x in own]) for run, own in zip(runs, inputs, strict=True)]
                pairs = _halves(found, arithmetic, bits + GUARD_BITS)
            except (ArithmeticError, ValueError, NotImplementedError):
                pairs = None
            if pairs is None:
                rest.append(k)
            else:
                truth.high[:, k], truth.low[:, k] = pairs
                truth.judges[k] = arithmetic.name
    return rest


def _raws(column: Column, arithmetic: Wide, points: Sequence[int]) -> list[Any]:
    """Return the numbers of an input at some points in a wide arithmetic."""
    if column.values is not None:
        chosen: list[float] = column.values[points].tolist()
        return [arithmetic.constant(x) for x in chosen]
    few = [arithmetic.number(text) for text in column.texts]
    return [few[0 if column.index is None else int(column.index[p])] for p in points]


def _halves(
    found: list[list[Any]], arithmetic: Wide, need: int
) -> tuple[list[float], list[float]] | None:
    """Return the outputs as pairs of floats; None unless all are settled and in range."""
    least, most = SAFE
    high: list[float] = []
    low: list[float] = []
    for k, x in enumerate(found[-1]):
        first = float(x)
        alone = len(found) == 1
        good = arithmetic.right_bits(x) >= need if alone else _agree(found[0][k], x, need)
        plain = least < abs(first) < most
        if not good or not (plain or arithmetic.is_zero(x) or not arithmetic.is_finite(x)):
            return None
        high.append(first)
        low.append(float(x - first) if plain else 0.0)
    return high, low


def _agree(narrow: Any, wide: Any, need: int) -> bool:
    """Tell whether two widths of mpmath agree to so many bits."""
    if narrow == wide or (narrow != narrow and wide != wide):
        return True
    return bool(wide and wide - wide == 0 and abs((narrow - wide) / wide) < 2.0**-need)


def _judge_slowly(truth: Truth, k: int, program: Program, texts: Sequence[str], bits: int) -> None:
    """Fill in one point by the judge of a comparison, which knows all special cases."""
    verdict = exact_outputs(program, texts, bits)
    names = list(verdict.results)
    truth.unsettled[k] = not verdict.settled
    truth.judges[k] = verdict.judge
    for row, name in enumerate(names):
        parts = parts_of(verdict.results[name])
        truth.high[row, k], truth.low[row, k], truth.exponent[row, k] = parts
        truth.stands[row, k] = verdict.stands[name]


def parts_of(x: Real) -> tuple[float, float, int]:
    """Return a number as high + low, the first at least 1/2 and below 1, and an exponent."""
    mp = x.mp
    if not x.x or not mp.isfinite(x.x):
        return float(x.x), 0.0, 0
    part, power = mp.frexp(x.x)
    high = float(part)
    return high, float(part - high), max(-FARTHEST, min(int(power), FARTHEST))


def digits_right(found: Any, truth: Truth, row: int, which: Any, cap: float) -> Any:
    """Return the right digits of numbers of one precision against one row of the truth.

    `which` chooses among the points of the truth. The cases are those of a comparison: NaN where
    both are undefined, 0 where one is, or where only one is infinite or zero.
    """
    stands = truth.stands[row][which]
    with np.errstate(all="ignore"):
        high, shift = np.frexp(truth.high[row][which].astype(np.longdouble))
        low = np.ldexp(truth.low[row][which].astype(np.longdouble), -shift)
        exponent = truth.exponent[row][which] + shift
        part, power = np.frexp(found.astype(np.longdouble))
        near = np.clip(power - exponent, -200, 200).astype(np.intc)
        error = np.abs((np.ldexp(part, near) - high) - low) / np.abs(high)
        digits = -np.log10(error).astype(np.float64)
    most = np.minimum(cap, stands)
    digits = np.clip(digits, 0, most)
    exactly = (high == 0) | (found == 0) | np.isinf(high) | np.isinf(found)
    digits = np.where(exactly, np.where(found == high, most, 0.0), digits)
    digits = np.where(np.isnan(found) ^ np.isnan(high), 0.0, digits)
    return np.where(np.isnan(found) & np.isnan(high), np.nan, digits).astype(np.float32)
