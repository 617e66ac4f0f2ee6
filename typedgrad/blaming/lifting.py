"""Scalars of NumPy as raw numbers of a wide arithmetic: exact, and without the detour of ratios."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from typedgrad.engines.wide import Wide
from typedgrad.numbers import NumberSystem


def lifter(by: Wide, numbers: NumberSystem[Any]) -> Callable[[Any], Any]:
    """Return what turns finite scalars of a number system into raw numbers with no rounding.

    A scalar of up to 64 bits is the sum of two doubles; what has more goes the long way.
    """
    whole: Callable[[float], Any] = by.number("1").__class__
    if by.name == "mpmath":
        whole = by.precision.mp.mpf
    if numbers.bits <= 53:
        return lambda x: whole(float(x))
    if numbers.bits > 64:
        return lambda x: by.from_scalar(x, numbers)

    def both(x: Any) -> Any:
        head = float(x)
        if head - head != 0 or (abs(head) < 1e-280 and x != 0):
            return by.from_scalar(x, numbers)
        return whole(head) + whole(float(x - numbers.scalar(head)))

    return both
