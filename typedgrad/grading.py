"""Grading: how many digits of one number are right, by the table of special cases."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from typedgrad.engines.exact import ExactPrecision, Real
from typedgrad.findings import UNSURE, Entry
from typedgrad.judge import digits_of
from typedgrad.numbers import LOG10_2, NumberSystem

MOST_POWER = 1 << 40  # of 2; exponents beyond are longer than the numbers


def graded(
    got: Any,
    truth: Real,
    numbers: NumberSystem[Any],
    wide: ExactPrecision,
    stands: float = math.inf,
    scale: Any = None,
) -> Entry:
    """Return the digits of a number of one precision against the truth, which `wide` holds.

    `got` may be a number of `wide` too; no more digits are counted than the truth `stands` to.
    `scale` is the largest number on the way, beside which an error is told where the truth is 0.
    """
    x: Real = got if wide.is_mine(got) else wide.convert(got, numbers)
    cap, text = min(numbers.digits, stands), str(got)
    lost = "" if stands > numbers.digits else f"{UNSURE} {stands:.1f} digits"
    if x != x or truth != truth:
        both = x != x and truth != truth
        what = "both undefined (NaN)" if both else "NaN here" if x != x else "NaN in the reference"
        return Entry(None if both else 0.0, text, what)
    if x == truth:
        mismatch = not x and str(x) != str(truth)
        same = "" if wide.is_finite(x) else "infinite, and so is the exact result"
        return Entry(cap, text, "zero of the other sign" if mismatch else same or lost, None)
    if not (wide.is_finite(x) and wide.is_finite(truth)):
        return Entry(0.0, text, _beyond(x, truth, numbers, wide))
    if not truth:
        return Entry(0.0, text, _beside_zero(got, scale, numbers))
    if not x:
        return Entry(0.0, text, _beyond(x, truth, numbers, wide))
    digits = min(digits_of(((x - truth) / truth).x, wide.mp), cap)
    if digits < cap and _underflows(x, truth, numbers, wide):
        lost = f"underflow: no {numbers.name} number is closer to the exact {shown(truth, 3)}"
    return Entry(digits, text, lost, right_digits(x, truth))


def _underflows(x: Real, truth: Real, numbers: NumberSystem[Any], wide: ExactPrecision) -> bool:
    """Tell whether x is the best that a precision has for a truth below its normal numbers."""
    tiny: Any = getattr(numbers, "tiny", None)
    if tiny is None or abs(truth) >= wide.convert(tiny, numbers):
        return False
    return bool(x == wide.convert(numbers.convert(truth, wide), numbers))


def _beside_zero(got: Any, scale: Any, numbers: NumberSystem[Any]) -> str:
    """Return how far a number is from 0, in itself and beside the largest number on the way."""
    told = f"the exact result is 0; the error is {abs(got)!s}"
    if not scale or not numbers.is_finite(scale):
        return told
    digits = max(0.0, float(np.log10(scale) - np.log10(abs(got))))
    return f"{told}, {digits:.1f} digits below the largest number on the way ({scale:.3g})"


def right_digits(x: Real, truth: Real) -> int:
    """Return how many significant digits of x are right to half a unit of the last of them.

    >>> from typedgrad.engines.exact import exact_precision
    >>> wide = exact_precision(100)
    >>> right_digits(wide.parse("4.759422392"), wide.parse("4.75940000"))
    5
    >>> right_digits(wide.parse("7.0368"), wide.parse("10.0"))  # 7 is not half a unit from 10
    0
    """
    mp = truth.mp
    lead = int(mp.floor(mp.log10(abs(x.x))))
    return max(0, int(mp.floor(-mp.log10(2 * abs(x.x - truth.x)))) + lead + 1)


def _beyond(x: Real, truth: Real, numbers: NumberSystem[Any], wide: ExactPrecision) -> str:
    exact, best = shown(truth, 3), numbers.convert(truth, wide)
    if x == wide.convert(best, numbers):
        return f"{'overflow' if x else 'underflow'}: the exact result is {exact}"
    return f"{'infinite' if x else 'zero'}, but the exact result is {exact}"


def shown(x: Real, digits: int) -> str:
    """Return a number of the reference as decimal text, of no more digits than it holds."""
    if x and x.mp.isfinite(x.x) and abs(x.mp.mag(x.x)) > MOST_POWER:
        power = x.mp.nstr(x.mp.log10(abs(x.x)), 6)
        return f"{'-' if x.x < 0 else ''}10**({power})"
    text: str = x.mp.nstr(x.x, min(digits, int(x.mp.prec * LOG10_2) - 1))
    return text.removesuffix(".0")
