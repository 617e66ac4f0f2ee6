"""Rows of arithmetic: sums, products, quotients, and what keeps or moves a sign."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np

from typedgrad.numbers import Constant
from typedgrad.op import Op, choose, constant, machine, primitive, select

step_up: Constant = constant("18446744073709551616", "2**64")
step_down: Constant = constant("5.42101086242752217003726400434970855712890625e-20", "2**-64")

splitter: Any = machine(lambda numbers: 2 ** ((numbers.bits + 1) // 2) + 1)
ceiling: Any = machine(lambda numbers: 2 ** (numbers.max_exponent - numbers.bits - 4))
floor: Any = machine(lambda numbers: Fraction(2 ** (2 * numbers.bits), 2**-numbers.min_exponent))
trace: Any = machine(lambda numbers: Fraction(1, 2 ** (numbers.bits + 4)))
raised: Any = machine(lambda numbers: 2 ** (3 * numbers.bits + 4))
lowered: Any = machine(lambda numbers: Fraction(1, 2 ** (3 * numbers.bits + 4)))
far_floor: Any = machine(
    lambda numbers: Fraction(2 ** (3 * numbers.bits + 4), 2**-numbers.min_exponent)
)


def over_square(q: Any, a: Any, b: Any) -> Any:
    """Return a / b**2 where q = a / b; b*b could overflow, and a subnormal q has lost digits."""
    return choose(
        abs(b) < 1,
        lambda: choose(
            q * step_down * step_up == q,
            lambda: q / b,
            lambda: a * step_up / b / (b * step_up),
        ),
        lambda: q / b,
    )


def two_product_error(a: Any, b: Any, p: Any) -> Any:
    """Return a*b - p exactly where p is the rounded product (Veltkamp, Dekker)."""
    c, d = a * splitter, b * splitter
    ah, bh = c - (c - a), d - (d - b)
    al, bl = a - ah, b - bh
    return ((ah * bh - p) + ah * bl + al * bh) + al * bl


def two_sum_error(a: Any, b: Any, s: Any) -> Any:
    """Return a + b - s exactly where s is the rounded sum (Knuth)."""
    v = s - a
    return (a - (s - v)) + (b - v)


def nudged(z: Any, r: Any, e: Any) -> Any:
    """Return z + r + e rounded once; z + r is exact, r at most half a unit of z and e a trace.

    Only a tie can be decided by e, and then the neighbour is z + 2r, without rounding.
    """
    other = z + 2 * r
    return choose(
        other - z == 2 * r,
        lambda: choose(
            r > 0,
            lambda: select(e > 0, other, z),
            lambda: select(e < 0, other, z),
        ),
        lambda: z,
    )


def fused(a: Any, b: Any, c: Any) -> Any:
    """Return a*b + c rounded once, where no step leaves the range (after Boldo, Melquiond)."""
    p = a * b
    low = two_product_error(a, b, p)
    t = c + low
    u = two_sum_error(c, low, t)
    v = p + t
    w = two_sum_error(p, t, v)
    s = w + u
    z = v + s
    return nudged(z, two_sum_error(v, s, z), two_sum_error(w, u, s))


def fused_small(a: Any, b: Any, c: Any) -> Any:
    """Return fma where the product is tiny; next to a large c it is less than a trace."""
    return choose(
        abs(c) < far_floor,
        lambda: fused(a, b * raised, c * raised) * lowered,
        lambda: a * b + c,
    )


def fused_large(a: Any, b: Any, c: Any) -> Any:
    """Return fma where the product or c is huge; a c below 1 is then no more than a trace."""
    a, d = a * lowered, choose(abs(c) < 1, lambda: c, lambda: c * lowered)
    return choose(
        abs(a * b) < ceiling,
        lambda: choose(abs(d) < ceiling, lambda: fused(a, b, d) / lowered, lambda: a * b + c),
        lambda: a * b / lowered + c,
    )


def fused_by_size(a: Any, b: Any, c: Any) -> Any:
    """Return fma for abs(a) >= abs(b), with the sizes of a*b and c brought into reach."""
    p = abs(a * b)
    return choose(
        p < floor,
        lambda: fused_small(a, b, c),
        lambda: choose(
            p + abs(c) < ceiling,
            lambda: fused(a, b, c),
            lambda: choose(p > abs(c) * trace, lambda: fused_large(a, b, c), lambda: a * b + c),
        ),
    )


def fused_by_factors(a: Any, b: Any, c: Any) -> Any:
    """Return fma for abs(a) >= abs(b); a factor too large to split passes size to the other."""
    return choose(
        abs(a) < ceiling,
        lambda: fused_by_size(a, b, c),
        lambda: fused_by_size(a * trace, b / trace, c),
    )


def fma_forward(a: Any, b: Any, c: Any) -> Any:
    """Return a*b + c by exact sums and products: no precision of NumPy has it as one step."""
    return choose(
        abs(a) < abs(b),
        lambda: fused_by_factors(b, a, c),
        lambda: fused_by_factors(a, b, c),
    )


def azmul_forward(a: Any, b: Any) -> Any:
    """Return a * b, but a where a is zero."""
    return choose(a == 0, lambda: a, lambda: a * b)


def azprod_forward(a: Any, b: Any) -> Any:
    """Return a * b, but zero where one of them is zero."""
    return choose(a == 0, lambda: a, lambda: choose(b == 0, lambda: b, lambda: a * b))


add: Op = primitive(
    "add",
    np.add,
    lambda g, y, a, b: (g, g),
    exact="fadd",
    kinks="inf - inf: NaN, and the partials stay 1: the map is linear",
    samples=(-9, 9),
    doc="Sum of a and b.",
)
sub: Op = primitive(
    "sub",
    np.subtract,
    lambda g, y, a, b: (g, -g),
    exact="fsub",
    kinks="inf - inf: NaN, and the partials stay 1 and -1: the map is linear",
    samples=(-9, 9),
    doc="Difference of a and b.",
)
mul: Op = primitive(
    "mul",
    np.multiply,
    lambda g, y, a, b: (g * b, g * a),
    exact="fmul",
    kinks="0*inf: NaN, and the partials are inf and 0",
    samples=(-9, 9),
    doc="Product of a and b.",
)
neg: Op = primitive(
    "neg",
    np.negative,
    lambda g, y, x: (-g,),
    exact="fneg",
    samples=(-9, 9),
    doc="Minus x.",
)
div: Op = primitive(
    "div",
    np.divide,
    lambda g, y, a, b: (choose(y == y, lambda: g / b, lambda: g * y), -(g * over_square(y, a, b))),
    exact="fdiv",
    domain="b != 0",
    kinks="a/0: infinite partials by the sign of the zero; 0/0 and inf/inf: all NaN",
    samples=(-9, 9),
    doc="Quotient of a and b.",
)
square: Op = primitive(
    "square",
    np.square,
    lambda g, y, x: (g * (2 * x),),
    exact=lambda mp, x: x * x,
    samples=(-9, 9),
    doc="Product of x with itself.",
)
reciprocal: Op = primitive(
    "reciprocal",
    np.reciprocal,
    lambda g, y, x: (-(g * square(y)),),
    exact=lambda mp, x: 1 / x,
    domain="x != 0",
    kinks="0: infinite by the sign of the zero, derivative -inf on both sides",
    samples=(-9, 9),
    doc="One divided by x.",
)
sign: Op = primitive(
    "sign",
    np.sign,
    lambda g, y, x: (choose(x == x, lambda: None, lambda: g * x),),
    exact="sign",
    kinks="0: a jump, derivative 0 as everywhere",
    samples=(-9, 9),
    doc="Minus one, zero or one, as x is negative, zero or positive.",
)
abs: Op = primitive(
    "abs",
    np.absolute,
    lambda g, y, x: (g * sign(x),),
    exact="fabs",
    kinks="0: derivative 0, the least-norm subgradient",
    samples=(-9, 9),
    doc="Absolute value of x.",
)
copysign: Op = primitive(
    "copysign",
    np.copysign,
    lambda g, y, a, b: (g * (sign(a) * copysign(1, b)), None),
    exact=lambda mp, a, b: -mp.fabs(a) if b < 0 else mp.fabs(a),
    kinks="a = 0: derivative 0, the least-norm subgradient; b = 0: a jump, derivative 0",
    samples=(-9, 9),
    doc="Size of a with the sign of b, where zeros have signs too.",
)
fma: Op = primitive(
    "fma",
    fma_forward,
    lambda g, y, a, b, c: (g * b, g * a, g),
    exact=lambda mp, a, b, c: a * b + c,
    kinks="rounded once by exact sums and products; a subnormal result is rounded twice",
    samples=(-9, 9),
    source="Boldo, Melquiond, Emulation of FMA and correctly rounded sums, 2008",
    doc="a*b + c rounded once, or twice if the result is subnormal.",
)
floor_divide: Op = primitive(
    "floor_divide",
    np.floor_divide,
    lambda g, y, a, b: (
        choose(y == y, lambda: None, lambda: g * y),
        choose(y == y, lambda: None, lambda: g * y),
    ),
    exact=lambda mp, a, b: mp.floor(a / b),
    domain="b != 0",
    kinks="a/b whole: a jump, derivative 0 as everywhere",
    samples=(0.5, 9),
    doc="The whole number next to a/b from below.",
)
remainder: Op = primitive(
    "remainder",
    np.remainder,
    lambda g, y, a, b: (
        choose(y == y, lambda: g, lambda: g * y),
        choose(y == y, lambda: -(g * floor_divide(a, b)), lambda: g * y),
    ),
    exact=lambda mp, a, b: a - b * mp.floor(a / b),
    domain="b != 0",
    kinks="a/b whole: a jump, the partials stay 1 and -floor(a/b); b = 0: all NaN",
    samples=(0.5, 9),
    aliases=("mod",),
    doc="Remainder of a by b, with the sign of b as in Python.",
)
azmul: Op = primitive(
    "azmul",
    azmul_forward,
    lambda g, y, a, b: (g * b, azmul(a, g)),  # a zero that varies passes nothing on, but varies
    exact="fmul",
    kinks="a = 0: a zero whatever b is, infinite or NaN too, and nothing is passed on to b",
    samples=(-9, 9),
    source="azmul of CppAD",
    companion=True,
    doc="Product of a and b in which a zero a is absolute.",
)
azdiv: Op = primitive(
    "azdiv",
    lambda a, b: choose(a == 0, lambda: a, lambda: a / b),
    lambda g, y, a, b: (
        g / b,
        choose(a == 0, lambda: None, lambda: -(g * over_square(y, a, b))),
    ),
    exact="fdiv",
    kinks="a = 0: a zero whatever b is, zero or NaN too, and nothing is passed on to b",
    samples=(0.5, 9),
    companion=True,
    doc="Quotient of a and b in which a zero a is absolute.",
)
azprod: Op = primitive(
    "azprod",
    azprod_forward,
    lambda g, y, a, b: (azprod(b, g), azprod(a, g)),
    exact="fmul",
    kinks="a = 0 or b = 0: a zero whatever the other is, infinite or NaN too",
    samples=(-9, 9),
    companion=True,
    doc="Product of a and b in which every zero is absolute.",
)
