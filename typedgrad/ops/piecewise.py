"""Rows that choose: maximum, clip, where, relu and its kin, rounding, comparisons.

At a kink the partial is the least-norm subgradient (rule K), at a jump it is 0 (rule J), and a NaN
argument makes the partials NaN (rule N).
"""

from __future__ import annotations

from typing import Any, NoReturn

import numpy as np

from typedgrad.errors import EmptyInterval
from typedgrad.numbers import Constant
from typedgrad.op import Op, choose, constant, machine, primitive, select
from typedgrad.ops.arithmetic import abs
from typedgrad.ops.elementary import exp, expm1

zero: Constant = constant("0")
one: Constant = constant("1")
half: Constant = constant("0.5", "1/2")
selu_scale: Constant = constant(
    "1.0507009873554804934193349852946063519589812043764045469778784",
    "(1 - erfc(1/sqrt(2))*sqrt(e))*sqrt(2*pi)/sqrt(2*erfc(sqrt(2))*e**2"
    " + pi*erfc(1/sqrt(2))**2*e - 2*(2 + pi)*erfc(1/sqrt(2))*sqrt(e) + pi + 2)",
)
selu_bottom: Constant = constant(
    "1.7580993408473768599402175208122795773235068371620216408047715",
    "2/sqrt(2*erfc(sqrt(2))*e**2"
    " + pi*erfc(1/sqrt(2))**2*e - 2*(2 + pi)*erfc(1/sqrt(2))*sqrt(e) + pi + 2)",
)
bits_up: Any = machine(lambda p: 2 ** (p.bits - 1) + 1)
unit_below_one: Any = machine(lambda p: f"{2**p.bits - 1}/{2**p.bits}")
scale_up: Any = machine(lambda p: 2 ** (p.bits + 4))
safe_top: Any = machine(lambda p: 2 ** (p.max_exponent - p.bits - 4))


def jump(g: Any, x: Any) -> Any:
    """Return the term of a jump function: nothing, or NaN for a NaN argument."""
    return (choose(x == x, lambda: None, lambda: g * x),)


def larger_gets(g: Any, y: Any, a: Any, b: Any) -> Any:
    """Return the terms of maximum; of minimum with a and b exchanged in the comparison."""
    return choose(
        a > b,
        lambda: (g, None),
        lambda: choose(
            a < b,
            lambda: (None, g),
            lambda: choose(a == b, lambda: (half * g, half * g), lambda: (g * y, g * y)),
        ),
    )


def refuse_bounds(lo: Any, hi: Any) -> NoReturn:
    """Raise for bounds in the wrong order."""
    raise EmptyInterval(lo=lo, hi=hi)


def clip_forward(x: Any, lo: Any, hi: Any) -> Any:
    """Return x held between lo and hi; NaN if one of the three is NaN."""
    return choose(lo > hi, lambda: refuse_bounds(lo, hi), lambda: minimum(maximum(x, lo), hi))


def clip_rule(g: Any, y: Any, x: Any, lo: Any, hi: Any) -> Any:
    """Return all of g for x inside, for the bound that holds outside and at the bound itself.

    Differences decide, so that an infinite x at an infinite bound is inside (rule L).
    """
    return choose(
        y == y,
        lambda: choose(
            x - lo <= 0,
            lambda: choose(
                x - hi == 0, lambda: (None, half * g, half * g), lambda: (None, g, None)
            ),
            lambda: choose(x - hi >= 0, lambda: (None, None, g), lambda: (g, None, None)),
        ),
        lambda: (g * y, g * y, g * y),
    )


def between_one(slope: Any) -> Any:
    """Return the least-norm number between slope and 1, the slopes on both sides of a kink."""
    return minimum(maximum(slope, 0), 1)


def leaky_rule(g: Any, y: Any, x: Any, negative_slope: Any) -> Any:
    """Return the terms of leaky_relu; at 0 the slope, as long as it is between 0 and 1."""
    return choose(
        x > 0,
        lambda: (g, None),
        lambda: choose(
            x < 0,
            lambda: (g * negative_slope, g * x),
            lambda: choose(
                x == 0,
                lambda: (g * between_one(negative_slope), None),
                lambda: (g * x, g * x),
            ),
        ),
    )


def elu_rule(g: Any, y: Any, x: Any, alpha: Any) -> Any:
    """Return the terms of elu; at 0 alpha, as long as it is between 0 and 1."""
    return choose(
        x > 0,
        lambda: (g, None),
        lambda: choose(
            x == 0,
            lambda: (g * between_one(alpha), None),
            lambda: (g * (alpha * exp(x)), g * expm1(x)),
        ),
    )


def first_bit(x: Any) -> Any:
    """Return the unit in the first place where nothing overflows."""
    q = bits_up * x
    return abs(q - unit_below_one * q)


def ufp_forward(x: Any) -> Any:
    """Return the unit in the first place by Rump, Ogita and Oishi's algorithm 3.5."""
    return choose(
        abs(x) < safe_top,
        lambda: first_bit(x),
        lambda: choose(x - x == 0, lambda: first_bit(x / scale_up) * scale_up, lambda: abs(x)),
    )


def exact_ufp(mp: Any, x: Any) -> Any:
    """Return the unit in the first place on real numbers."""
    return mp.ldexp(1, mp.frexp(x)[1] - 1) if x else x


def exact_selu(mp: Any, x: Any) -> Any:
    """Return selu on real numbers, its constants from the fixed-point equations."""
    c = mp.erfc(1 / mp.sqrt(2)) * mp.sqrt(mp.e)
    rest = 2 * mp.erfc(mp.sqrt(2)) * mp.e**2 + mp.pi * c * c - 2 * (2 + mp.pi) * c + mp.pi + 2
    scale = (1 - c) * mp.sqrt(2 * mp.pi / rest)
    return scale * (x if x > 0 else mp.sqrt(2 / mp.pi) / (1 - c) * mp.expm1(x))


maximum: Op = primitive(
    "maximum",
    np.maximum,
    larger_gets,
    exact=lambda mp, a, b: a if a >= b or a != a else b,
    kinks="a = b: half to each",
    doc="The larger of a and b; NaN if one is NaN.",
)
minimum: Op = primitive(
    "minimum",
    np.minimum,
    lambda g, y, a, b: larger_gets(g, y, -a, -b),
    exact=lambda mp, a, b: a if a <= b or a != a else b,
    kinks="a = b: half to each",
    doc="The smaller of a and b; NaN if one is NaN.",
)
clip: Op = primitive(
    "clip",
    clip_forward,
    clip_rule,
    exact=lambda mp, x, lo, hi: lo if x < lo else hi if x > hi else x,
    domain="lo <= hi",
    kinks="x = lo or x = hi: 0 for x, 1 for that bound (half each where lo = hi)",
    doc="x held between lo and hi.",
)
where: Op = primitive(
    "where",
    lambda c, a, b: select(c == 0, b, select(c == c, a, c)),
    lambda g, y, c, a, b: choose(
        c == 0,
        lambda: (None, None, g),
        lambda: choose(c == c, lambda: (None, g, None), lambda: (None, g * c, g * c)),
    ),
    exact=lambda mp, c, a, b: a if c else b,
    domain="c is 0 or 1, a bool or the result of a comparison",
    kinks="c has no partial; only the chosen side has one",
    doc="a where c holds and b where it does not; the other side receives nothing.",
)
relu: Op = primitive(
    "relu",
    lambda x: select(x <= 0, zero, x),
    lambda g, y, x: (select(x <= 0, None, select(x == x, g, g * x)),),
    exact=lambda mp, x: x if x > 0 else x * 0,
    kinks="x = 0: 0, while maximum(x, 0) has 1/2 there",
    doc="x above 0 and 0 below.",
)
leaky_relu: Op = primitive(
    "leaky_relu",
    lambda x, negative_slope: choose(x > 0, lambda: x, lambda: negative_slope * x),
    leaky_rule,
    exact=lambda mp, x, negative_slope: x if x > 0 else negative_slope * x,
    kinks="x = 0: the least-norm number between the slope and 1, so the slope of 0 to 1",
    defaults=(constant("0.01", "1/100"),),
    doc="x above 0 and negative_slope * x below.",
    source="Maas, Hannun, Ng: Rectifier Nonlinearities Improve Acoustic Models, 2013.",
)
elu: Op = primitive(
    "elu",
    lambda x, alpha: choose(x > 0, lambda: x, lambda: alpha * expm1(x)),
    elu_rule,
    exact=lambda mp, x, alpha: x if x > 0 else alpha * mp.expm1(x),
    kinks="x = 0 unless alpha = 1: the least-norm number between alpha and 1",
    defaults=(1,),
    doc="x above 0 and alpha * (exp(x) - 1) below.",
    source="Clevert, Unterthiner, Hochreiter: Fast and Accurate Learning by ELUs, 2016.",
)
selu: Op = primitive(
    "selu",
    lambda x: choose(x > 0, lambda: selu_scale * x, lambda: selu_bottom * expm1(x)),
    lambda g, y, x: (choose(x >= 0, lambda: g * selu_scale, lambda: g * (selu_bottom * exp(x))),),
    exact=exact_selu,
    kinks="x = 0: the smaller slope, 1.0507",
    doc="The self-normalizing elu: scale * elu(x, alpha) with the two fixed constants.",
    source="Klambauer and others: Self-Normalizing Neural Networks, 2017, equation 14.",
)
floor: Op = primitive(
    "floor",
    np.floor,
    lambda g, y, x: jump(g, x),
    exact="floor",
    kinks="jumps at the integers; partial 0 everywhere",
    doc="The largest integer not above x.",
)
ceil: Op = primitive(
    "ceil",
    np.ceil,
    lambda g, y, x: jump(g, x),
    exact="ceil",
    kinks="jumps at the integers; partial 0 everywhere",
    doc="The smallest integer not below x.",
)
trunc: Op = primitive(
    "trunc",
    np.trunc,
    lambda g, y, x: jump(g, x),
    exact=lambda mp, x: mp.floor(x) if x > 0 else mp.ceil(x),
    kinks="jumps at the integers but 0; partial 0 everywhere",
    doc="The integer part of x, towards 0.",
)
round: Op = primitive(
    "round",
    np.rint,
    lambda g, y, x: jump(g, x),
    exact="nint",
    kinks="jumps half-way between integers; partial 0 everywhere",
    doc="The integer nearest to x, ties to even.",
)
heaviside: Op = primitive(
    "heaviside",
    np.heaviside,
    lambda g, y, x, h0: choose(
        x == 0,
        lambda: (None, g),
        lambda: choose(x == x, lambda: (None, None), lambda: (g * x, g * x)),
    ),
    exact=lambda mp, x, h0: h0 if x == 0 else mp.mpf(x > 0) if x == x else x,
    kinks="jumps at 0; partial 0 for x everywhere, 1 for h0 at x = 0",
    doc="0 below 0, 1 above, and h0 at x = 0.",
)
ufp: Op = primitive(
    "ufp",
    ufp_forward,
    lambda g, y, x: jump(g, x),
    exact=exact_ufp,
    kinks="jumps at the powers of two; partial 0 everywhere",
    companion=True,
    doc="The unit in the first place: the power of two at or below the size of x, 0 for 0.",
    source="Rump, Ogita, Oishi: Accurate Floating-Point Summation Part I, 2008, algorithm 3.5.",
)
COMPARED = "partials exactly 0; a comparison with NaN is false, as in IEEE 754"
less: Op = primitive(
    "less",
    lambda a, b: select(a < b, one, zero),
    lambda g, y, a, b: (None, None),
    exact=lambda mp, a, b: mp.mpf(a < b),
    kinks=COMPARED,
    doc="1 where a < b, else 0.",
)
less_equal: Op = primitive(
    "less_equal",
    lambda a, b: select(a <= b, one, zero),
    lambda g, y, a, b: (None, None),
    exact=lambda mp, a, b: mp.mpf(a <= b),
    kinks=COMPARED,
    doc="1 where a <= b, else 0.",
)
greater: Op = primitive(
    "greater",
    lambda a, b: select(a > b, one, zero),
    lambda g, y, a, b: (None, None),
    exact=lambda mp, a, b: mp.mpf(a > b),
    kinks=COMPARED,
    doc="1 where a > b, else 0.",
)
greater_equal: Op = primitive(
    "greater_equal",
    lambda a, b: select(a >= b, one, zero),
    lambda g, y, a, b: (None, None),
    exact=lambda mp, a, b: mp.mpf(a >= b),
    kinks=COMPARED,
    doc="1 where a >= b, else 0.",
)
equal: Op = primitive(
    "equal",
    lambda a, b: select(a == b, one, zero),
    lambda g, y, a, b: (None, None),
    exact=lambda mp, a, b: mp.mpf(a == b),
    kinks=COMPARED,
    doc="1 where a = b, else 0.",
)
not_equal: Op = primitive(
    "not_equal",
    lambda a, b: select(a != b, one, zero),
    lambda g, y, a, b: (None, None),
    exact=lambda mp, a, b: mp.mpf(a != b),
    kinks="partials exactly 0; NaN is not equal to anything, as in IEEE 754",
    doc="1 where a is not b, else 0.",
)
