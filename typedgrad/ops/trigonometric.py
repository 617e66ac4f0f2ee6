"""Rows of circle and hyperbola: lengths, angles, hyperbolic functions and their inverses."""

from __future__ import annotations

from fractions import Fraction
from math import factorial
from typing import Any

import numpy as np

from typedgrad.numbers import Constant
from typedgrad.op import Op, choose, constant, machine, polynomial, primitive
from typedgrad.ops.arithmetic import abs, over_square, reciprocal, remainder, sign, square
from typedgrad.ops.elementary import exp, sqrt, where_finite

pi: Constant = constant("3.14159265358979323846264338327950288419716939937510582097494", "pi")
pi_squared: Constant = constant(
    "9.86960440108935861883449099987615113531369940724079062641335", "pi**2"
)
degree: Constant = constant(
    "57.2957795130823208767981548141051703324054724665643215491602", "180/pi"
)
radian: Constant = constant(
    "0.0174532925199432957692369076848861271344287188854172545609719", "pi/180"
)
sinc_series: Any = machine(
    lambda numbers: tuple(
        Fraction((-1) ** k * (2 * k + 2), factorial(2 * k + 3))
        for k in range(8 + numbers.bits // 8)
    )
)
long: Any = machine(lambda numbers: 2 ** (numbers.max_exponent - 2))
short: Any = machine(lambda numbers: Fraction(2 ** (numbers.bits + 2), 2**-numbers.min_exponent))
lengthened: Any = machine(lambda numbers: 2 ** (2 * numbers.bits))

UNIT = "-1 <= x <= 1"
NO_LIMIT = "+-inf: NaN, there is no limit"


def sine_of_half_turns(r: Any) -> Any:
    """Return sin(pi*r) for r between 0 and 2; r is first moved next to a zero, exactly."""
    return choose(
        2 * r <= 1,
        lambda: sin(pi * r),
        lambda: choose(2 * r < 3, lambda: sin(pi * (1 - r)), lambda: sin(pi * (r - 2))),
    )


def cosine_of_half_turns(r: Any) -> Any:
    """Return cos(pi*r) for r between 0 and 2."""
    return choose(
        4 * r < 1,
        lambda: cos(pi * r),
        lambda: choose(
            4 * r <= 3,
            lambda: sin(pi * ((1 - 2 * r) / 2)),
            lambda: choose(
                4 * r < 5,
                lambda: -cos(pi * (1 - r)),
                lambda: choose(
                    4 * r <= 7, lambda: sin(pi * ((2 * r - 3) / 2)), lambda: cos(pi * (2 - r))
                ),
            ),
        ),
    )


def sinc_forward(x: Any) -> Any:
    """Return sin(pi*x) / (pi*x), exactly 0 at whole numbers and its limit 0 at infinity."""
    return choose(
        x == 0,
        lambda: 1 + x,
        lambda: choose(
            x - x == 0,
            lambda: sine_of_half_turns(remainder(abs(x), 2)) / (pi * abs(x)),
            lambda: reciprocal(abs(x)),
        ),
    )


def sinc_slope_forward(x: Any) -> Any:
    """Return (cos(pi*x) - sinc(x)) / x, by its series where the difference cancels."""
    return choose(
        2 * abs(x) < 1,
        lambda: -(pi_squared * x * polynomial(square(pi * x), sinc_series)),
        lambda: choose(
            x - x == 0,
            lambda: (cosine_of_half_turns(remainder(abs(x), 2)) - sinc(x)) / x,
            lambda: reciprocal(x),
        ),
    )


def sinc_slope_exact(mp: Any, x: Any) -> Any:
    """Return the derivative of sinc by mpmath, with the digits that its difference cancels."""
    size = mp.mag(x) if x else -mp.prec
    if size <= -mp.prec:
        return -(mp.pi**2) * x / 3
    with mp.extraprec(max(0, -2 * size) + 20):
        y = (mp.cospi(x) - mp.sincpi(x)) / x
    return +y


def sech_forward(x: Any) -> Any:
    """Return 1 / cosh(x) without overflow."""
    e = exp(-abs(x))
    return 2 * e / (1 + e * e)


def direction_forward(a: Any, b: Any) -> Any:
    """Return a / hypot(a, b), where the length may leave the range."""
    h = hypot(a, b)
    return where_finite(
        a,
        b,
        lambda: choose(
            h < short,
            lambda: choose(h == 0, lambda: h, lambda: direction_of_short(a, b)),
            lambda: choose(h > long, lambda: a / 4 / hypot(a / 4, b / 4), lambda: a / h),
        ),
        lambda: choose(b - b == 0, lambda: sign(a), lambda: a / h),
    )


def direction_of_short(a: Any, b: Any) -> Any:
    """Return a / hypot(a, b) where both are near the smallest numbers."""
    a, b = a * lengthened, b * lengthened
    return a / hypot(a, b)


def inversion_forward(a: Any, b: Any) -> Any:
    """Return a / (a*a + b*b), where the squares and the length may leave the range."""
    h = hypot(a, b)
    return choose(
        h < short,
        lambda: inversion_of_short(a, b),
        lambda: choose(
            h > long,
            lambda: inversion_of_long(a / 4, b / 4),
            lambda: over_square(a / h, a, h),
        ),
    )


def over_length(d: Any, a: Any, b: Any) -> Any:
    """Return d / (a*a + b*b)."""
    return d / hypot(a, b) / hypot(a, b)


def inversion_of_short(a: Any, b: Any) -> Any:
    """Return a / (a*a + b*b) where both are near the smallest numbers."""
    a, b = a * lengthened, b * lengthened
    h = hypot(a, b)
    return a / h / h * lengthened


def inversion_of_long(a: Any, b: Any) -> Any:
    """Return a / (a*a + b*b) / 4 for finite numbers near the largest, the limit 0 at infinity."""
    h = hypot(a, b)
    return choose(h - h == 0, lambda: a / h / h / 4, lambda: 1 / h)


hypot: Op = primitive(
    "hypot",
    np.hypot,
    lambda g, y, a, b: (g * direction(a, b), g * direction(b, a)),
    exact="hypot",
    kinks="(0, 0): partials 0, the least-norm subgradient; one infinite: 1 by its sign, and 0",
    samples=(-9, 9),
    doc="Length of the vector (a, b).",
)
direction: Op = primitive(
    "direction",
    direction_forward,
    lambda g, y, a, b: (
        g * (square(direction(b, a)) / hypot(a, b)),
        -(g * (y * direction(b, a) / hypot(a, b))),
    ),
    exact=lambda mp, a, b: a / mp.hypot(a, b) if a else a,
    kinks="(0, 0): 0; both infinite: NaN",
    samples=(-9, 9),
    companion=True,
    doc="a / hypot(a, b): the cosine of the angle from the first axis.",
)
inversion: Op = primitive(
    "inversion",
    inversion_forward,
    lambda g, y, a, b: (
        g * (over_length(b - a, a, b) * over_length(b + a, a, b)),
        -(g * (2 * (y * inversion(b, a)))),
    ),
    exact=lambda mp, a, b: a / (a * a + b * b),
    domain="not both 0",
    kinks="(0, 0): NaN; infinite: 0",
    samples=(-9, 9),
    companion=True,
    doc="a / (a*a + b*b): the real part of 1 / (a + ib).",
)
sin: Op = primitive(
    "sin",
    np.sin,
    lambda g, y, x: (g * cos(x),),
    exact="sin",
    kinks=NO_LIMIT,
    samples=(-9, 9),
    doc="Sine of x.",
)
cos: Op = primitive(
    "cos",
    np.cos,
    lambda g, y, x: (-(g * sin(x)),),
    exact="cos",
    kinks=NO_LIMIT,
    samples=(-9, 9),
    doc="Cosine of x.",
)
tan: Op = primitive(
    "tan",
    np.tan,
    lambda g, y, x: (g * (1 + square(y)),),
    exact="tan",
    kinks=NO_LIMIT + "; no binary number is a pole",
    samples=(-1.5, 1.5),
    doc="Tangent of x.",
)
half_circle: Op = primitive(
    "half_circle",
    lambda x: sqrt((1 - x) * (1 + x)),
    lambda g, y, x: (-(g * (x / y)),),
    exact=lambda mp, x: mp.sqrt((1 - x) * (1 + x)),
    domain=UNIT,
    kinks="+-1: 0 with derivative -inf and +inf",
    samples=(-0.99, 0.99),
    companion=True,
    doc="sqrt(1 - x*x), accurate near -1 and 1.",
)
asin: Op = primitive(
    "asin",
    np.arcsin,
    lambda g, y, x: (g / half_circle(x),),
    exact="asin",
    domain=UNIT,
    kinks="+-1: derivative +inf",
    samples=(-0.99, 0.99),
    doc="Inverse of sin, between -pi/2 and pi/2.",
)
acos: Op = primitive(
    "acos",
    np.arccos,
    lambda g, y, x: (-(g / half_circle(x)),),
    exact="acos",
    domain=UNIT,
    kinks="+-1: derivative -inf",
    samples=(-0.99, 0.99),
    doc="Inverse of cos, between 0 and pi.",
)
atan: Op = primitive(
    "atan",
    np.arctan,
    lambda g, y, x: (g * square(reciprocal(hypot(1, x))),),
    exact="atan",
    samples=(-9, 9),
    doc="Inverse of tan, between -pi/2 and pi/2.",
)
atan2: Op = primitive(
    "atan2",
    np.arctan2,
    lambda g, y, a, b: (g * inversion(b, a), -(g * inversion(a, b))),
    exact="atan2",
    domain="not both 0",
    kinks="(0, 0): partials NaN; y = +-0, x < 0: the jump from -pi to pi, partials kept",
    names=("y", "x"),
    samples=(-9, 9),
    doc="Angle of the point with height y over x, between -pi and pi.",
)
sinh: Op = primitive(
    "sinh",
    np.sinh,
    lambda g, y, x: (g * cosh(x),),
    exact="sinh",
    doc="Hyperbolic sine of x.",
)
cosh: Op = primitive(
    "cosh",
    np.cosh,
    lambda g, y, x: (g * sinh(x),),
    exact="cosh",
    doc="Hyperbolic cosine of x.",
)
sech: Op = primitive(
    "sech",
    sech_forward,
    lambda g, y, x: (-(g * (y * tanh(x))),),
    exact="sech",
    doc="Hyperbolic secant of x, 1 / cosh(x).",
)
tanh: Op = primitive(
    "tanh",
    np.tanh,
    lambda g, y, x: (g * square(sech(x)),),
    exact="tanh",
    doc="Hyperbolic tangent of x.",
)
half_hyperbola: Op = primitive(
    "half_hyperbola",
    lambda x: sqrt(x - 1) * sqrt(x + 1),
    lambda g, y, x: (g * (x / y),),
    exact=lambda mp, x: mp.sqrt(x - 1) * mp.sqrt(x + 1) if x >= 1 else mp.nan,
    domain="x >= 1",
    kinks="1: 0 with derivative +inf",
    samples=(1.01, 9),
    companion=True,
    doc="sqrt(x*x - 1) for x >= 1, accurate near 1.",
)
asinh: Op = primitive(
    "asinh",
    np.arcsinh,
    lambda g, y, x: (g / hypot(1, x),),
    exact="asinh",
    samples=(-9, 9),
    doc="Inverse of sinh.",
)
acosh: Op = primitive(
    "acosh",
    np.arccosh,
    lambda g, y, x: (g / half_hyperbola(x),),
    exact="acosh",
    domain="x >= 1",
    kinks="1: derivative +inf",
    samples=(1.01, 9),
    doc="Inverse of cosh, not negative.",
)
atanh: Op = primitive(
    "atanh",
    np.arctanh,
    lambda g, y, x: (g / square(half_circle(x)),),
    exact="atanh",
    domain=UNIT,
    kinks="+-1: infinite with derivative +inf",
    samples=(-0.99, 0.99),
    doc="Inverse of tanh.",
)
sinc: Op = primitive(
    "sinc",
    sinc_forward,
    lambda g, y, x: (g * sinc_slope(x),),
    exact="sincpi",
    kinks="+-inf: 0, the limit",
    doc="sin(pi*x) / (pi*x), 1 at 0, as NumPy defines it.",
)
sinc_slope: Op = primitive(
    "sinc_slope",
    sinc_slope_forward,
    lambda g, y, x: (
        choose(
            x == 0,
            lambda: -(g * (pi_squared * sinc(x) / 3)),
            lambda: -(g * (pi_squared * sinc(x) + 2 * y / x)),
        ),
    ),
    exact=sinc_slope_exact,
    kinks="+-inf: 0, the limit",
    companion=True,
    doc="Derivative of sinc.",
)
degrees: Op = primitive(
    "degrees",
    np.degrees,
    lambda g, y, x: (g * degree,),
    exact="degrees",
    aliases=("rad2deg",),
    doc="x radians in degrees.",
)
radians: Op = primitive(
    "radians",
    np.radians,
    lambda g, y, x: (g * radian,),
    exact="radians",
    samples=(-180, 180),
    aliases=("deg2rad",),
    doc="x degrees in radians.",
)
