"""The judge: a function's true value and partials, in arithmetic widened until they stand still."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from threading import RLock
from typing import Any

import mpmath

from typedgrad.engines.exact import ExactPrecision, Real, exact_precision
from typedgrad.numbers import LOG10_2
from typedgrad.trial import Point, Trial, trial

FIRST_BITS, MOST_BITS = 128, 1 << 14
# One look at a width that covers float64's whole range finds what both first widths absorbed.
CHECK_BITS, CHECK_NODES = 1280, 1000
SLACK_BITS = 40
JUDGING = RLock()  # a context of mpmath changes its own width while it works


@dataclass(frozen=True)
class Verdict:
    """The reference run that is trusted, and to how many digits each of its results stands."""

    run: Trial
    numbers: ExactPrecision
    stands: dict[str, float]
    settled: bool


def judged(f: Callable[..., Any], point: Point, bits: int) -> Verdict:
    """Run f at growing widths until two agree to more digits than `bits` hold, in every result."""
    need = bits * LOG10_2 + 1
    width = FIRST_BITS
    while width < 2 * bits:
        width *= 2
    last = trial(f, point, exact_precision(width))
    while True:
        width *= 2
        numbers = exact_precision(width)
        new = trial(f, point, numbers)
        stands = agreement(last, new)
        settled = min(stands.values()) > need
        verdict = Verdict(cleaned(last, new), numbers, stands, settled)
        last = new
        if settled and width < CHECK_BITS and new.nodes <= CHECK_NODES:
            last = trial(f, point, exact_precision(CHECK_BITS))
            settled = min(agreement(new, last).values()) > need
            width = width if settled else CHECK_BITS
        if settled or width >= MOST_BITS:
            return verdict


def agreement(narrow: Trial, wide: Trial) -> dict[str, float]:
    """Return how many digits of each result two widths share; all where both are noise."""
    return {
        name: float("inf") if is_noise(x, y, wide.scale) else shared(x, y)
        for (name, y), x in zip(wide.results.items(), narrow.results.values(), strict=True)
    }


def shared(narrow: Real, wide: Real) -> float:
    """Return the digits that two numbers share."""
    mp = wide.mp
    x, y = mp.mpf(narrow.x), wide.x
    if x == y or (mp.isnan(x) and mp.isnan(y)):
        return float("inf")
    if not (mp.isfinite(x) and mp.isfinite(y) and y):
        return 0.0
    return digits_of((x - y) / y, mp)


def digits_of(error: mpmath.mpf, mp: mpmath.MPContext) -> float:
    """Return -log10 of a relative error, at least 0."""
    part, exponent = mp.frexp(abs(error))
    return max(0.0, -math.log10(float(part)) - exponent * LOG10_2)


def is_noise(narrow: Real, wide: Real, scale: Real) -> bool:
    """Tell whether a result is nothing but rounding at both widths, so that its truth is 0."""
    return bool(narrow and wide and shared(narrow, wide) < 3) and all(
        x.mp.isfinite(x.x) and abs(x.x) <= x.mp.ldexp(1 + abs(scale.x), SLACK_BITS - x.mp.prec)
        for x in (narrow, wide)
    )


def cleaned(narrow: Trial, wide: Trial) -> Trial:
    """Return the wider run with its noise put to 0."""
    zero = wide.numbers.lift(0)
    results = {
        name: zero if is_noise(x, y, wide.scale) else y
        for (name, y), x in zip(wide.results.items(), narrow.results.values(), strict=True)
    }
    return replace(wide, results=results)
