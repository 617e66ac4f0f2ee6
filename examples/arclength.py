"""The length of a wiggly curve, the benchmark by which tools for mixed precision are compared.

The curve is x + sin(2x)/2 + sin(4x)/4 + ... + sin(32x)/32. With a budget of 1e-10 only the powers
of two, d1 and d2, may be float32:

    typedgrad tune examples/arclength.py:length --at end=3.14159265,n=1000 --absolute 1e-10

With more steps and a wider budget, first-order estimates propose variables that a run rejects: a
rounding of the curve is then no longer small beside a step, and the square root is not linear.
"""

from __future__ import annotations

import typedgrad as tg
from typedgrad.scalars import S


def curve(x: tg.Value[S]) -> tg.Value[S]:
    """The height of the curve."""
    t3 = x
    d1 = x * 0 + 1
    for _ in range(4):
        d1 = d1 * 2
        t3 = t3 + tg.sin(d1 * x) / d1
    d2 = d1 * 2
    t2 = t3 + tg.sin(d2 * x) / d2
    return t2


def length(end: tg.Value[S], n: int) -> tg.Value[S]:
    """The sum of n straight pieces from 0 to `end`."""
    h = end / n
    s1 = t1 = 0 * h
    for i in range(1, n + 1):
        t2 = curve(i * h)
        step = t2 - t1
        s1 = s1 + tg.sqrt(h * h + step * step)
        t1 = t2
    return s1
