"""The smaller root of a x^2 + b x + c = 0 where b is large: the textbook formula and a stable one.

The textbook formula subtracts sqrt(b^2 - 4ac) from b, which is almost the same number. The
stable one computes the large root first and divides. A pendulum with heavy damping has such
roots: its slow rate of decay is the small one.

    typedgrad compare examples/quadratic_root.py:textbook --at a=1,b=1000,c=0.01
    typedgrad compare examples/quadratic_root.py:stable --at a=1,b=1000,c=0.01
"""

from __future__ import annotations

import typedgrad as tg
from typedgrad.scalars import S


def textbook(a: tg.Value[S], b: tg.Value[S], c: tg.Value[S]) -> tg.Value[S]:
    """(-b + sqrt(b^2 - 4ac)) / 2a."""
    return (-b + tg.sqrt(b * b - 4 * a * c)) / (2 * a)


def stable(a: tg.Value[S], b: tg.Value[S], c: tg.Value[S]) -> tg.Value[S]:
    """2c / (-b - sqrt(b^2 - 4ac)): the same root for b > 0, without the subtraction."""
    return 2 * c / (-b - tg.sqrt(b * b - 4 * a * c))
