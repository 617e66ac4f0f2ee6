"""Rows of powers: pow and roots, exponentials and logarithms.

Some rows are there for the derivatives of others, such as `share` for `logaddexp`: a derivative
that is a row of its own keeps its digits when it is differentiated again.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np

from typedgrad.numbers import Constant
from typedgrad.op import Op, choose, constant, machine, primitive
from typedgrad.ops.arithmetic import abs, copysign, reciprocal, step_down, two_sum_error

ln2: Constant = constant("0.693147180559945309417232121458176568075500134360255254120680", "log(2)")
log2_e: Constant = constant(
    "1.442695040888963407359924681001892137426645954152985934135449", "1/log(2)"
)
log10_e: Constant = constant(
    "0.434294481903251827651128918916605082294397005803666566114454", "1/log(10)"
)

tiny: Any = machine(lambda numbers: Fraction(1, 2**-numbers.min_exponent))
huge: Any = machine(
    lambda numbers: 2**numbers.max_exponent - 2 ** (numbers.max_exponent - numbers.bits)
)

POSITIVE = "x >= 0"
AT_ZERO = "0: derivative +inf, the same for -0.0"


def in_range(x: Any, then: Any, otherwise: Any) -> Any:
    """Return then() where x is a normal number, otherwise() where it is not or is NaN."""
    return choose(abs(x) >= tiny, lambda: choose(abs(x) <= huge, then, otherwise), otherwise)


def where_finite(a: Any, b: Any, then: Any, otherwise: Any) -> Any:
    """Return then() where a and b are finite, otherwise() where one is not."""
    return choose(a - a == 0, lambda: choose(b - b == 0, then, otherwise), otherwise)


def slope_by_halves(x: Any, p: Any, y: Any) -> Any:
    """Return p * x**(p-1) where y = x**p has left the range but its square root has not."""
    h = pow(abs(x), p / 2)
    return p * h / x * h * copysign(1, y)


def slope_by_value(x: Any, p: Any, y: Any) -> Any:
    """Return p * x**(p-1) from y = x**p, where p - 1 would have to be rounded."""
    return in_range(
        y,
        lambda: choose(abs(p * y) <= huge, lambda: p * y / x, lambda: p * (y / x)),
        lambda: choose(y == y, lambda: slope_by_halves(x, p, y), lambda: y),
    )


def slope_by_power(x: Any, p: Any) -> Any:
    """Return p * x**(p-1) for x that is not 0, both finite."""
    w = pow(x, p - 1)
    return choose(
        p - 1 + 1 == p,
        lambda: in_range(w, lambda: p * w, lambda: slope_by_value(x, p, pow(x, p))),
        lambda: slope_by_value(x, p, pow(x, p)),
    )


def slope_at_zero(x: Any, p: Any) -> Any:
    """Return p * x**(p-1) at a zero x, infinite by its sign where that sign counts."""
    return choose(abs(p) < 1, lambda: p / abs(x), lambda: p * pow(x, p - 1))


def slope_at_infinity(x: Any, p: Any) -> Any:
    """Return the limit of p * x**(p-1) where x or p is infinite."""
    w = pow(x, p - 1)
    return choose(w == 0, lambda: w, lambda: p * w)


def slope_in_full(x: Any, p: Any) -> Any:
    """Return p * x**(p-1) for whatever x and p are, p not 0 or 1."""
    return where_finite(
        x,
        p,
        lambda: choose(x == 0, lambda: slope_at_zero(x, p), lambda: slope_by_power(x, p)),
        lambda: slope_at_infinity(x, p),
    )


def base_slope_forward(x: Any, p: Any) -> Any:
    """Return p * x**(p-1); for the exponents 0 and 1 that is p, whatever x is.

    Where p-1 is exact and the power a normal number, as mostly, the product is all there is to it.
    """
    w = pow(x, p - 1)
    return choose(
        p * p - p == 0,
        lambda: p,
        lambda: choose(
            p - 1 + 1 == p,
            lambda: in_range(w, lambda: p * w, lambda: slope_in_full(x, p)),
            lambda: slope_in_full(x, p),
        ),
    )


def growth(x: Any, p: Any) -> Any:
    """Return x**p * log(x) for positive x, both finite."""
    y = pow(x, p)
    h = pow(x, p / 2)
    return in_range(y, lambda: y * log(x), lambda: h * log(x) * h)


def growth_at_infinity(x: Any, p: Any) -> Any:
    """Return the limit of x**p * log(x) where x or p is infinite."""
    y = pow(x, p)
    return choose(y == 0, lambda: y, lambda: y * log(x))


def exponent_slope_forward(x: Any, p: Any) -> Any:
    """Return x**p * log(x): NaN for negative x, at 0 it is 0 unless p is negative."""
    return choose(
        x > 0,
        lambda: where_finite(x, p, lambda: growth(x, p), lambda: growth_at_infinity(x, p)),
        lambda: choose(
            x == 0,
            lambda: choose(p >= 0, lambda: abs(x), lambda: x / x),
            lambda: log(x),
        ),
    )


def mixed_slope(x: Any, p: Any) -> Any:
    """Return x**(p-1) * (1 + p*log(x)), the mixed second derivative of x**p."""
    return choose(
        abs(p) < step_down,
        lambda: pow(x, p) / x * (1 + p * log(x)),
        lambda: base_slope(x, p) * (log(x) + reciprocal(p)),
    )


def exp2_slope(y: Any, x: Any) -> Any:
    """Return ln2 * y, also where y = 2**x has overflowed and that has not."""
    return choose(y - y == 0, lambda: ln2 * y, lambda: 2 * (ln2 * exp2(x - 1)))


def exponent_below(a: Any, b: Any) -> Any:
    """Return the rounded a - b and its rounding error, none where exp of it is 0 or inf."""
    d = a - b
    return d, choose(abs(d) < 20000, lambda: two_sum_error(a, -b, d), lambda: 0)


def share_forward(a: Any, b: Any) -> Any:
    """Return exp(a) / (exp(a) + exp(b)); the rounding error of a - b would show in the tail."""
    d, t = exponent_below(a, b)
    e = exp(-abs(d))
    return choose(
        d < 0,
        lambda: (e + e * t) / (1 + e),
        lambda: 1 / (1 + (e - e * t)),
    )


def share2_forward(a: Any, b: Any) -> Any:
    """Return 2**a / (2**a + 2**b)."""
    d, t = exponent_below(a, b)
    e = exp2(-abs(d))
    return choose(
        d < 0,
        lambda: (e + e * (ln2 * t)) / (1 + e),
        lambda: 1 / (1 + (e - e * (ln2 * t))),
    )


base_slope: Op = primitive(
    "base_slope",
    base_slope_forward,
    lambda g, y, x, p: (
        g * choose(abs(p) < step_down, lambda: y * (p - 1) / x, lambda: p * base_slope(x, p - 1)),
        g * mixed_slope(x, p),
    ),
    exact=lambda mp, x, p: p * mp.power(x, p) / x,
    domain="x > 0, or x < 0 and whole p",
    kinks="p = 0 and p = 1: p, whatever x is",
    samples=(0.3, 3),
    companion=True,
    doc="Derivative of x**p with respect to x.",
)
exponent_slope: Op = primitive(
    "exponent_slope",
    exponent_slope_forward,
    lambda g, y, x, p: (g * mixed_slope(x, p), g * (y * log(x))),
    exact=lambda mp, x, p: mp.power(x, p) * mp.log(x),
    domain="x > 0",
    kinks="x = 0: 0 for p >= 0, NaN for p < 0",
    samples=(0.3, 3),
    companion=True,
    doc="Derivative of x**p with respect to p.",
)
pow: Op = primitive(
    "pow",
    np.power,
    lambda g, y, x, p: (g * base_slope(x, p), g * exponent_slope(x, p)),
    exact="power",
    domain="x > 0, or x < 0 and whole p",
    kinks="x = 0: d/dp is 0 for p >= 0, NaN for p < 0; x < 0: d/dp is NaN; x**0 is 1",
    samples=(0.3, 3),
    doc="x to the power p.",
)
pow_constant: Op = primitive(
    "pow_constant",
    np.power,
    lambda g, y, x, p: (g * base_slope(x, p), None),
    exact="power",
    domain="x > 0, or x < 0 and whole p",
    kinks="x = 0: the limit from inside by the sign of x; x**0: derivative 0; x**1: 1",
    samples=(0.3, 3),
    companion=True,
    doc="x to a power p that is a plain number.",
)
# The exponent of x**2 is no variable: nothing is computed for it.
pow.constant_form = pow_constant

sqrt: Op = primitive(
    "sqrt",
    np.sqrt,
    lambda g, y, x: (g / (2 * abs(y)),),
    exact="sqrt",
    domain=POSITIVE,
    kinks=AT_ZERO,
    samples=(0.1, 9),
    doc="Square root of x.",
)
rsqrt: Op = primitive(
    "rsqrt",
    lambda x: reciprocal(abs(sqrt(x))),
    lambda g, y, x: (-(g * (y / (2 * abs(x)))),),
    exact=lambda mp, x: 1 / mp.sqrt(x),
    domain="x > 0",
    kinks="0: +inf with derivative -inf, the same for -0.0",
    samples=(0.1, 9),
    doc="Reciprocal of the square root of x.",
)
cbrt: Op = primitive(
    "cbrt",
    np.cbrt,
    lambda g, y, x: (g * (reciprocal(y) / y / 3),),
    exact=lambda mp, x: -mp.cbrt(-x) if x < 0 else mp.cbrt(x),
    kinks="0: derivative +inf",
    samples=(-9, 9),
    doc="Cube root of x, negative for negative x.",
)
exp: Op = primitive(
    "exp",
    np.exp,
    lambda g, y, x: (g * y,),
    exact="exp",
    doc="e to the power x.",
)
exp2: Op = primitive(
    "exp2",
    np.exp2,
    lambda g, y, x: (g * exp2_slope(y, x),),
    exact=lambda mp, x: mp.power(2, x),
    doc="2 to the power x.",
)
expm1: Op = primitive(
    "expm1",
    np.expm1,
    lambda g, y, x: (g * exp(x),),
    exact=lambda mp, x: mp.exp(x) - 1 if mp.fabs(x) > 1 else mp.expm1(x),
    doc="exp(x) - 1, accurate near 0.",
)
log: Op = primitive(
    "log",
    np.log,
    lambda g, y, x: (choose(x < 0, lambda: g * y, lambda: g / abs(x)),),
    exact="log",
    domain=POSITIVE,
    kinks="0: -inf with derivative +inf, the same for -0.0",
    samples=(0.1, 9),
    doc="Natural logarithm of x.",
)
log2: Op = primitive(
    "log2",
    np.log2,
    lambda g, y, x: (choose(x < 0, lambda: g * y, lambda: g * (log2_e / abs(x))),),
    exact=lambda mp, x: mp.log(x, 2),
    domain=POSITIVE,
    kinks="0: -inf with derivative +inf, the same for -0.0",
    samples=(0.1, 9),
    doc="Logarithm of x to base 2.",
)
log10: Op = primitive(
    "log10",
    np.log10,
    lambda g, y, x: (choose(x < 0, lambda: g * y, lambda: g * (log10_e / abs(x))),),
    exact="log10",
    domain=POSITIVE,
    kinks="0: -inf with derivative +inf, the same for -0.0",
    samples=(0.1, 9),
    doc="Logarithm of x to base 10.",
)
log1p: Op = primitive(
    "log1p",
    np.log1p,
    lambda g, y, x: (choose(x < -1, lambda: g * y, lambda: g / (1 + x)),),
    exact="log1p",
    domain="x >= -1",
    kinks="-1: -inf with derivative +inf",
    samples=(-0.9, 9),
    doc="log(1 + x), accurate near 0.",
)
share: Op = primitive(
    "share",
    share_forward,
    lambda g, y, a, b: (g * (y * share(b, a)), -(g * (y * share(b, a)))),
    exact=lambda mp, a, b: 1 / (1 + mp.exp(b - a)),
    kinks="equal infinities: NaN",
    companion=True,
    doc="exp(a) / (exp(a) + exp(b)).",
)
share2: Op = primitive(
    "share2",
    share2_forward,
    lambda g, y, a, b: (g * (ln2 * (y * share2(b, a))), -(g * (ln2 * (y * share2(b, a))))),
    exact=lambda mp, a, b: 1 / (1 + mp.power(2, b - a)),
    kinks="equal infinities: NaN",
    companion=True,
    doc="2**a / (2**a + 2**b).",
)
logaddexp: Op = primitive(
    "logaddexp",
    np.logaddexp,
    lambda g, y, a, b: (g * share(a, b), g * share(b, a)),
    exact=lambda mp, a, b: max(a, b) + mp.log1p(mp.exp(-mp.fabs(a - b))),
    kinks="equal infinities: partials NaN",
    doc="log(exp(a) + exp(b)) without overflow.",
)
logaddexp2: Op = primitive(
    "logaddexp2",
    np.logaddexp2,
    lambda g, y, a, b: (g * share2(a, b), g * share2(b, a)),
    exact=lambda mp, a, b: max(a, b) + mp.log1p(mp.power(2, -mp.fabs(a - b))) / mp.log(2),
    kinks="equal infinities: partials NaN",
    doc="log2(2**a + 2**b) without overflow.",
)
