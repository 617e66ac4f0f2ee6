"""Functions of balls: numbers of python-flint with a midpoint and a radius around the truth.

Undecided is NaN, which flint takes as "may be anything": a finite ball at the end of a program is
a theorem about real numbers. Signs of zeros, infinities and NaN are not the business of balls.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from functools import reduce

from flint import arb, ctx

from typedgrad.ops.folds import halves

UNKNOWN = arb.nan()
NOUGHT, ONE, HALF = arb(0), arb(1), arb((1, -1))
UNIT = arb(HALF, HALF)  # 0 or 1, or what is between
MOST_STEPS, MOST_ORDER = 1000, 170  # of the recurrence of polygamma
NEAR = arb((1, -3))


def has_zero(x: arb) -> bool:
    """Tell whether zero is in a ball; it is in what may be anything."""
    return not (x > 0 or x < 0)


def union(*xs: arb) -> arb:
    """Return a ball around balls, unknown where one of them is."""
    return reduce(arb.union, xs)


def ordered(x: arb, below: Callable[[arb], arb], above: Callable[[arb], arb]) -> arb:
    """Return below(x) for x < 0 and above(x) from 0 up; both where that is not decided."""
    if x >= 0:
        return above(x)
    return below(x) if x < 0 else union(below(x), above(x))


def monotone(x: arb, function: Callable[[arb], arb]) -> arb:
    """Return a function that nowhere falls, known at exact numbers, on a ball."""
    if not x.is_finite():
        return UNKNOWN
    return function(x) if x.is_exact() else union(function(x.lower()), function(x.upper()))


def truth(a: arb, b: arb, yes: bool, no: bool) -> arb:
    """Return what a comparison gives: 1, 0, both where it is undecided."""
    if yes or no:
        return ONE if yes else NOUGHT
    return UNIT if a.is_finite() and b.is_finite() else UNKNOWN


def at_most(a: arb, b: arb) -> arb:
    """Return 1 where a <= b, else 0; a number is itself, however wide its ball."""
    return ONE if a is b and a.is_finite() else truth(a, b, a <= b, a > b)


def below(a: arb, b: arb) -> arb:
    """Return 1 where a < b, else 0."""
    return NOUGHT if a is b and a.is_finite() else truth(a, b, a < b, a >= b)


def alike(a: arb, b: arb) -> arb:
    """Return 1 where a = b, else 0."""
    return ONE if a is b and a.is_finite() else truth(a, b, a == b, a != b)


def where(c: arb, a: arb, b: arb) -> arb:
    """Return a where c is not 0 and b where it is; both where that is not decided."""
    if c.is_zero():
        return b
    if not has_zero(c):
        return a
    return union(a, b) if c.is_finite() else UNKNOWN


def copysign(a: arb, b: arb) -> arb:
    """Return the size of a with the sign of b; the sign of a zero is not known here."""
    size = abs(a)
    return size if b > 0 else -size if b < 0 else UNKNOWN


def absolute_product(a: arb, b: arb) -> arb:
    """Return a * b, zero where a is exactly zero, whatever b is."""
    y = a * b
    return y if y.is_finite() or not a.is_zero() else NOUGHT


def absolute_quotient(a: arb, b: arb) -> arb:
    """Return a / b, zero where a is exactly zero, whatever b is."""
    y = a / b
    return y if y.is_finite() or not a.is_zero() else NOUGHT


def absolute_dot(*args: arb) -> arb:
    """Return the sum of the absolute products."""
    n = len(args) // 2
    y = args[0] * args[n]
    for i in range(1, n):
        y = y + args[i] * args[n + i]
    return y if y.is_finite() else total(*map(absolute_product, *halves(args)))


def total(*xs: arb) -> arb:
    """Return the sum."""
    return reduce(operator.add, xs)


def greater(a: arb, b: arb) -> arb:
    """Return the greater number, itself where that is decided."""
    return a if a >= b else b if b > a else a.max(b)


def lesser(a: arb, b: arb) -> arb:
    """Return the lesser number, itself where that is decided."""
    return a if a <= b else b if b < a else a.min(b)


def largest(*xs: arb) -> arb:
    """Return the largest, itself where that is decided."""
    return reduce(greater, xs)


def smallest(*xs: arb) -> arb:
    """Return the smallest, itself where that is decided."""
    return reduce(lesser, xs)


def clip(x: arb, lo: arb, hi: arb) -> arb:
    """Return x held between lo and hi."""
    return UNKNOWN if lo > hi else lesser(greater(x, lo), hi)


def first_places(x: arb) -> arb:
    """Return the unit in the first place."""
    return monotone(ordered(x, operator.neg, same), first_place)


def cube_root(x: arb) -> arb:
    """Return the real cube root."""
    if has_zero(x):
        return x if x.is_zero() else monotone(x, cube_root)
    return x.root(3) if x > 0 else -(-x).root(3)


def power(x: arb, p: arb) -> arb:
    """Return x**p; flint leaves out whole powers of balls about 0."""
    y, whole = x**p, p.unique_fmpz() if p.is_exact() else None
    if y.is_finite() or x.is_exact() or whole is None or not 0 < int(whole) <= MOST_STEPS:
        return y
    return reduce(operator.mul, [x] * int(whole))


def variance(*xs: arb) -> arb:
    """Return the mean square of the distances from the mean."""
    m = total(*xs) / len(xs)
    return total(*[(x - m) * (x - m) for x in xs]) / len(xs)


def base_slope(x: arb, p: arb) -> arb:
    """Return p * x**(p-1); for the exponents 0 and 1 that is p, whatever x is."""
    return p if (p * (p - 1)).is_zero() else p * power(x, p - 1)


def exponent_slope(x: arb, p: arb) -> arb:
    """Return x**p * log(x), 0 at 0 unless p is negative."""
    return NOUGHT if x.is_zero() and p >= 0 else x**p * x.log()


def logaddexp(a: arb, b: arb) -> arb:
    """Return log(exp(a) + exp(b))."""
    a, b = (b, a) if a < b else (a, b)
    return a + (b - a).exp().log1p()


def logaddexp2(a: arb, b: arb) -> arb:
    """Return log2(2**a + 2**b)."""
    a, b = (b, a) if a < b else (a, b)
    return a + (arb(2) ** (b - a)).log1p() / arb.const_log2()


def nearest(x: arb) -> arb:
    """Return the integer nearest to an exact number, ties to even."""
    if x.is_integer():
        return x
    up = x + HALF
    if not up.is_exact():
        return up.floor()
    whole = up.floor()
    return whole - 1 if up.is_integer() and not (whole / 2).is_integer() else whole


def heaviside(x: arb, h: arb) -> arb:
    """Return 0 below 0, 1 above, and h at 0."""
    if x.is_zero():
        return h
    if not has_zero(x):
        return ONE if x > 0 else NOUGHT
    return union(UNIT, h) if x.is_finite() else UNKNOWN


def first_place(x: arb) -> arb:
    """Return the unit in the first place of an exact number, 0 for what is not positive."""
    if not x > 0:
        return NOUGHT
    mantissa, exponent = x.man_exp()
    return arb((1, int(mantissa).bit_length() - 1 + int(exponent)))


def polygamma(n: arb, x: arb) -> arb:
    """Return the n-th derivative of digamma; below 0 by steps up."""
    order = n.unique_fmpz() if n.is_exact() else None
    if order is None or not 0 <= int(order) <= MOST_ORDER or not x > -MOST_STEPS:
        return UNKNOWN
    if int(order) == 0:
        return x.digamma()
    s, below = n + 1, NOUGHT
    while not x > 0:
        if has_zero(x):
            return UNKNOWN
        below, x = below + x**-s, x + 1
    size = s.gamma() * (s.zeta(x) + below)
    return size if int(order) % 2 else -size


def lgamma(x: arb) -> arb:
    """Return log(abs(gamma(x))), below 0 by reflection."""
    if x < 0:
        return (arb.pi() / abs(x.sin_pi())).log() - (1 - x).lgamma()
    return x.lgamma()


def sinc_slope(x: arb) -> arb:
    """Return the derivative of sin(pi*x)/(pi*x); next to 0 by its alternating series."""
    if not abs(x) < NEAR:
        return (x.cos_pi() - x.sinc_pi()) / x
    square, slope, k = (arb.pi() * x) ** 2, NOUGHT, 1
    term = -(arb.pi() ** 2) * x / 3
    # Each term is less than a tenth of the one before it, so the next one bounds the rest.
    while abs(term) > abs(slope) * arb((1, -ctx.prec)):
        slope, term, k = slope + term, -term * square / (2 * k * (2 * k + 3)), k + 1
    return slope + arb(0, abs(term).upper())


def portion(a: arb, b: arb) -> arb:
    """Return a/(a + b) for numbers from 0 up."""
    return a / (a + b) if a >= 0 and b >= 0 else UNKNOWN


def direction(a: arb, b: arb) -> arb:
    """Return a/hypot(a, b), 0 where a is."""
    return a if a.is_zero() else a / (a * a + b * b).sqrt()


def atan2(y: arb, x: arb) -> arb:
    """Return the angle; on the cut and at the origin the sign of a zero would decide."""
    return UNKNOWN if y.is_zero() and not x > 0 else arb.atan2(y, x)


def times_log(x: arb, y: arb, log: Callable[[], arb]) -> arb:
    """Return x * log(y), 0 where x is 0 and y is 0 or more."""
    return NOUGHT if x.is_zero() and y >= 0 else x * log()


def same(x: arb) -> arb:
    """Return x."""
    return x


def selu(x: arb) -> arb:
    """Return selu, its constants from the fixed-point equations."""
    one, two = ONE, arb(2)
    c = (one / two.sqrt()).erfc() * arb.const_e().sqrt()
    rest = 2 * two.sqrt().erfc() * arb.const_e() ** 2 + arb.pi() * c * c - 2 * (2 + arb.pi()) * c
    scale = (1 - c) * (2 * arb.pi() / (rest + arb.pi() + 2)).sqrt()
    below = (2 / arb.pi()).sqrt() / (1 - c)
    return scale * ordered(x, lambda x: below * x.expm1(), same)


def normal_cdf(x: arb) -> arb:
    """Return the normal distribution function."""
    return (-x / arb(2).sqrt()).erfc() / 2


def normal_pdf(x: arb) -> arb:
    """Return the density of the normal distribution."""
    return (-x * x / 2).exp() / (2 * arb.pi()).sqrt()


def log1mexp(x: arb) -> arb:
    """Return log(1 - exp(-x)) for x > 0."""
    return (-((-x).expm1())).log() if x < 1 else (-((-x).exp())).log1p()
