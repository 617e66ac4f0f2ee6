"""Rows of the error functions and of the gamma family, with all their derivatives.

They are accurate to a few ulp in every format; the tables (coefficients.py) reach 113 bits.
"""

from typing import Any

from typedgrad.numbers import Constant
from typedgrad.op import Op, choose, constant, machine, polynomial, primitive
from typedgrad.ops.arithmetic import abs, square
from typedgrad.ops.coefficients import (
    bernoulli_table,
    erf_table,
    erfc_far_table,
    erfc_half_table,
    erfc_one_table,
    erfc_two_table,
    steps,
)
from typedgrad.ops.elementary import exp
from typedgrad.ops.gammas import (
    cotangent_words,
    digamma_forward,
    gamma_forward,
    gamma_slope_forward,
    half,
    lgamma_forward,
    sinpi,
)
from typedgrad.ops.pairs import exp_words, joined, leading, margin, margin_down, split
from typedgrad.ops.piecewise import round

REALS = "all reals"
NO_POLES = "all reals but 0, -1, -2, ..."
SOURCE = (
    "Chebyshev tables of tools/special_coefficients.py (mpmath, 90 digits) and Bernoulli numbers;"
    " checked against mpmath at 70 digits, worst ulp in float32, float64 and 64-bit longdouble: "
)
pi: Any = constant("3.141592653589793238462643383279502884197169399375106", "pi")
two_over_sqrt_pi: Constant = constant(
    "1.128379167095512573896158903121545171688101258657998", "2/sqrt(pi)"
)
gauss_reach: Any = machine(lambda p: 9 if p.bits <= 24 else 26 if p.bits <= 53 else 106)


def gauss_times(x: Any, factor: Any) -> Any:
    """Return exp(-x*x) * factor, with the exponent exact; x beyond 200 is in no format's range."""
    x = abs(x)  # so that erf and its derivative have the exponential in common
    h = leading(x)
    rest = (h - x) * (h + x)
    return choose(
        x < gauss_reach,
        lambda: exp_words(-h * h, rest) * factor,
        lambda: choose(
            x < 200,
            lambda: exp_words(margin - h * h, rest) * factor * margin_down,
            lambda: exp(-square(x)),
        ),
    )


def erfc_scaled(x: Any) -> Any:
    """Return exp(x*x) * erfc(x) for x from 1/2."""
    return choose(
        x < 2,
        lambda: choose(
            x < 1,
            lambda: polynomial(4 * x - 3, erfc_half_table),
            lambda: polynomial(2 * x - 3, erfc_one_table),
        ),
        lambda: choose(
            x < 4,
            lambda: polynomial(x - 3, erfc_two_table),
            lambda: polynomial(1 / (x * x), erfc_far_table) / x,
        ),
    )


def erfc_tail(x: Any) -> Any:
    """Return erfc(x) for x from 1/2."""
    return gauss_times(x, erfc_scaled(x))


def erf_core(x: Any) -> Any:
    """Return erf(x) for x between -1 and 1."""
    return x + x * polynomial(x * x, erf_table)


def erf_outside(x: Any, tail: Any) -> Any:
    """Return erf(x) from erfc(abs(x))."""
    return choose(x < 0, lambda: tail - 1, lambda: 1 - tail)


def erf_forward(x: Any) -> Any:
    """Return erf(x)."""
    return choose(
        abs(x) < 1,
        lambda: erf_core(x),
        lambda: erf_outside(x, erfc_tail(abs(x))),
    )


def erfc_forward(x: Any) -> Any:
    """Return erfc(x)."""
    return choose(2 * x < 1, lambda: 1 - erf_forward(x), lambda: erfc_tail(x))


def trigamma_large(x: Any) -> Any:
    """Return trigamma(x) for x from steps up."""
    v = 1 / x
    return v + v * v * (half + v * polynomial(v * v, bernoulli_table))


def trigamma_small(x: Any) -> Any:
    """Return trigamma(x) for x between 0 and steps, a sum of positive terms."""
    total = trigamma_large(x + steps)
    for k in range(int(steps) - 1, -1, -1):
        total = total + 1 / square(x + k)
    return total


def trigamma_above(x: Any) -> Any:
    """Return trigamma(x) for x from 0 up."""
    return choose(x < steps, lambda: trigamma_small(x), lambda: trigamma_large(x))


def trigamma_forward(x: Any) -> Any:
    """Return trigamma(x), +inf at the poles."""
    return choose(
        x < 0,
        lambda: 1 / square(sinpi(x - round(x))) - trigamma_above(1 - x),
        lambda: trigamma_above(x),
    )


def polygamma_above(n: int, x: Any) -> Any:
    """Return polygamma of order n >= 1 for x >= 0: terms of one sign, then the series."""
    high = n + int(steps)
    v = 1 / (x + high)
    factor, powers, series = (n + 1) * half, v * v, 0 * v
    for k, number in enumerate(bernoulli_table, 1):
        series = series + factor * number * powers
        factor = factor * (2 * k + n) * (2 * k + n + 1) / ((2 * k + 1) * (2 * k + 2))
        powers = powers * v * v
    total = v**n * ((half * v + series) + 1 / (n + 0 * v))
    for k in range(high - 1, 0, -1):
        total = total + (1 / (x + k)) ** (n + 1)
    total = total + (1 / x) ** (n + 1)  # not 1/(x + 0), which would drop the sign of -0.0
    for k in range(2, n + 1):
        total = total * k
    return total * (-1) ** (n + 1)


def cotangent_slope(n: int, c: Any) -> Any:
    """Return the n-th derivative of pi*cot(pi*x) over pi**n, from c = pi*cot(pi*x) over pi."""
    powers = [0, 1]
    for _ in range(n):
        slope = [k * a for k, a in enumerate(powers)][1:]
        powers = [-a - b for a, b in zip([*slope, 0, 0], [0, 0, *slope], strict=True)]
    total = 0 * c
    for a in powers[::-2]:
        total = total * (c * c) + a
    return total * c ** (1 - n % 2)


def polygamma_below(n: int, x: Any) -> Any:
    """Return polygamma of order n for x < 0, by reflection."""
    c = joined(cotangent_words(split(x - round(x)))) / pi
    return (-1) ** n * polygamma_above(n, 1 - x) - pi ** (n + 1) * cotangent_slope(n, c)


def polygamma_forward(n: Any, x: Any) -> Any:
    """Return the n-th derivative of digamma; NaN for an order not in 0 to 170."""
    return choose(
        abs(n - 85) <= 85,
        lambda: polygamma_whole(int(n), x),
        lambda: (x - x) / (x - x),
    )


def polygamma_whole(n: int, x: Any) -> Any:
    """Return polygamma of a whole order; to some tens of ulp below 0."""
    return choose(
        n < 1,
        lambda: digamma_forward(x),
        lambda: choose(x < 0, lambda: polygamma_below(n, x), lambda: polygamma_above(n, x)),
    )


gauss: Op = primitive(
    "gauss",
    lambda x: gauss_times(x, two_over_sqrt_pi),
    lambda g, y, x: (choose(abs(x) < 200, lambda: g * (-2 * x * y), lambda: -g * y),),
    exact=lambda mp, x: 2 / mp.sqrt(mp.pi) * mp.exp(-x * x),
    domain=REALS,
    samples=(-5, 5),
    companion=True,
    doc="2/sqrt(pi) * exp(-x*x), the derivative of erf.",
    source="exp at an exactly split exponent; worst ulp against mpmath: 3.2, 1.8, 3.3.",
)
erf: Op = primitive(
    "erf",
    erf_forward,
    lambda g, y, x: (g * gauss(x),),
    exact="erf",
    domain=REALS,
    samples=(-4, 4),
    doc="The error function.",
    source=SOURCE + "1.0, 1.0, 1.0.",
)
erfc: Op = primitive(
    "erfc",
    erfc_forward,
    lambda g, y, x: (-g * gauss(x),),
    exact="erfc",
    domain=REALS,
    samples=(-4, 8),
    doc="The complementary error function 1 - erf(x), accurate in its far tail.",
    source=SOURCE + "4.2, 2.6, 3.4.",
)
polygamma: Op = primitive(
    "polygamma",
    polygamma_forward,
    lambda g, y, n, x: (None, g * polygamma(n + 1, x)),
    exact=lambda mp, n, x: mp.psi(int(n), x),
    domain="n = 0, 1, 2, ... a constant; x all reals but 0, -1, -2, ...",
    samples=(1, 9),
    doc="The n-th derivative of digamma.",
    source="Recurrence, Bernoulli series, reflection; 6 ulp up to order 7, more next to zeros.",
)
trigamma: Op = primitive(
    "trigamma",
    trigamma_forward,
    lambda g, y, x: (g * polygamma(2, x),),
    exact=lambda mp, x: mp.psi(1, x),
    domain=NO_POLES + " (+inf there)",
    samples=(0.25, 20),
    doc="The derivative of digamma.",
    source=SOURCE + "3.2, 3.6, 3.3.",
)
digamma: Op = primitive(
    "digamma",
    digamma_forward,
    lambda g, y, x: (g * trigamma(x),),
    exact="digamma",
    domain=NO_POLES,
    samples=(0.25, 20),
    doc="The logarithmic derivative of gamma.",
    source=SOURCE + "2.6, 2.2, 2.8; below -8 that is absolute at its zeros.",
)
gamma_slope: Op = primitive(
    "gamma_slope",
    gamma_slope_forward,
    lambda g, y, x: (g * (gamma(x) * (square(digamma(x)) + trigamma(x))),),
    exact=lambda mp, x: mp.gamma(x) * mp.digamma(x),
    domain=NO_POLES,
    samples=(0.25, 20),
    companion=True,
    doc="The derivative of gamma.",
    source=SOURCE + "5.2, 5.5, 4.2.",
)
gamma: Op = primitive(
    "gamma",
    gamma_forward,
    lambda g, y, x: (g * gamma_slope(x),),
    exact="gamma",
    domain=NO_POLES,
    samples=(0.25, 20),
    doc="The gamma function.",
    source=SOURCE + "4.0, 4.8, 3.8.",
)
lgamma: Op = primitive(
    "lgamma",
    lgamma_forward,
    lambda g, y, x: (g * digamma(x),),
    exact=lambda mp, x: mp.re(mp.loggamma(x)),
    domain=NO_POLES + " (+inf there)",
    samples=(0.25, 50),
    doc="The logarithm of the absolute value of gamma.",
    source=SOURCE + "2.8, 2.4, 3.6.",
)
