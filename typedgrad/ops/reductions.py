"""Rows of any number of arguments: sums, products, norms, logsumexp; and softmax made of rows.

Sums and dot products go from left to right, begin with the first term, and round every product
and every sum once (no fma). The `_compensated` rows have twice the digits inside.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import reduce
from itertools import accumulate
from typing import Any

import numpy as np

from typedgrad.errors import BadCall
from typedgrad.op import Op, choose, primitive
from typedgrad.ops.arithmetic import abs, add, sign, square
from typedgrad.ops.elementary import exp, exponent_below, log, log1p, sqrt
from typedgrad.ops.folds import (
    azdot_forward,
    azdot_rule,
    dot_compensated_forward,
    dot_forward,
    dot_rule,
    exact_dot,
    exact_largest,
    exact_mean,
    exact_product,
    exact_smallest,
    exact_sum,
    exact_variance,
    extreme_rule,
    gather_products,
    max_forward,
    mean_forward,
    mean_rule,
    min_forward,
    prod_forward,
    prod_rule,
    scatter_products,
    scatter_sum,
    sum_compensated_forward,
    sum_forward,
    sum_rule,
    var_forward,
    var_rule,
)
from typedgrad.ops.piecewise import equal, floor, ufp
from typedgrad.ops.slopes import over_next

RUMP = "Ogita, Rump, Oishi: Accurate Sum and Dot Product, 2005, algorithm "


def norm_forward(*xs: Any) -> Any:
    """Return the Euclidean norm, scaled by a power of two against overflow and underflow."""
    m = max_forward(*map(abs, xs))
    return choose(
        m == 0,
        lambda: m,
        lambda: choose(m - m == 0, lambda: scaled_norm(xs, ufp(m))[1] * ufp(m), lambda: m),
    )


def scaled_norm(xs: Sequence[Any], s: Any) -> tuple[list[Any], Any]:
    """Return all over s and the norm of that, where s is the power of two of the largest."""
    scaled = [x / s for x in xs]
    return scaled, sqrt(reduce(add, map(square, scaled)))


def norm_rule(g: Any, y: Any, *xs: Any) -> Any:
    """Return g times the unit vector; 0 for the zero vector and for what is beside an infinity."""
    m = max(tuple(map(abs, xs)))
    return choose(
        m == 0,
        lambda: (None,) * len(xs),
        lambda: choose(
            m - m == 0,
            lambda: unit_terms(g, *scaled_norm(xs, ufp(m))),
            lambda: tuple(infinite_term(g, m, x, xs) for x in xs),
        ),
    )


def unit_terms(g: Any, scaled: Sequence[Any], r: Any) -> Any:
    """Return g times each over r."""
    return tuple(g * (x / r) for x in scaled)


def infinite_term(g: Any, m: Any, x: Any, xs: Sequence[Any]) -> Any:
    """Return the term of x in an infinite norm: all to a lone infinity, NaN to one of several."""
    alone = reduce(add, [equal(abs(x), m) for x in xs]) == 1
    return choose(
        m == m,
        lambda: choose(
            abs(x) == m,
            lambda: choose(alone, lambda: g * sign(x), lambda: g * (x - x)),
            lambda: None,
        ),
        lambda: g * m,
    )


def logsumexp_forward(*xs: Any) -> Any:
    """Return m + log1p(the others' exp(x - m)) with m the largest."""
    m = max_forward(*xs)
    return choose(m - m == 0, lambda: m + log1p(exps_beside(xs, m)), lambda: m)


def logsumexp_rule(g: Any, y: Any, *xs: Any) -> Any:
    """Return g times softmax."""
    return tuple(g * p for p in portions(xs))


def exact_logsumexp(mp: Any, *xs: Any) -> Any:
    """Return logsumexp on real numbers."""
    return mp.log(exact_sum(mp, *[mp.exp(x) for x in xs]))


def exact_norm(mp: Any, *xs: Any) -> Any:
    """Return the Euclidean norm of real numbers."""
    return mp.sqrt(exact_sum(mp, *[x * x for x in xs]))


def exps_beside(xs: Sequence[Any], m: Any) -> Any:
    """Return the sum of exp(x - m) without one x that is m."""
    k = xs.index(m)
    return reduce(add, (exp_sub_forward(x, m) for x in (*xs[:k], *xs[k + 1 :])), m - m)


def exp_sub_forward(a: Any, b: Any) -> Any:
    """Return exp(a - b); the rounding error of a - b would show in the tail."""
    d, t = exponent_below(a, b)
    e = exp(d)
    return choose(e - e == 0, lambda: e + e * t, lambda: e)


def portion_forward(a: Any, b: Any) -> Any:
    """Return a/(a + b), also where one is infinite; NaN where one is negative."""
    return choose(
        a < 0,
        lambda: log(a),
        lambda: choose(
            b < 0,
            lambda: log(b),
            lambda: choose(b <= a, lambda: 1 / (1 + b / a), lambda: over_next(a / b)),
        ),
    )


def portion_rule(g: Any, y: Any, a: Any, b: Any) -> Any:
    """Return g times b/(a + b)**2 and -a/(a + b)**2, with the portions already known."""
    return choose(
        y == y,
        lambda: (g * over_sum(portion(b, a), a, b), -(g * over_sum(y, a, b))),
        lambda: (g * y, g * y),
    )


def over_sum(y: Any, a: Any, b: Any) -> Any:
    """Return y/(a + b) where the sum may overflow."""
    s = a + b
    return choose(s - s == 0, lambda: y / s, lambda: y / 2 / (a / 2 + b / 2))


def exact_portion(mp: Any, a: Any, b: Any) -> Any:
    """Return a/(a + b) for real numbers from 0 up."""
    return mp.nan if a < 0 or b < 0 else a / (a + b)


def weights(xs: Sequence[Any], m: Any) -> list[Any]:
    """Return numbers in proportion to exp(x), where m is the largest x.

    They are shifted by a whole number, which has no derivative; so the graph does not depend on
    which x is the largest.
    """
    found: list[Any] = choose(
        m - m == 0,
        lambda: [exp_sub(x, floor(m)) for x in xs],
        lambda: [infinite_weight(x, m) for x in xs],
    )
    return found


def infinite_weight(x: Any, m: Any) -> Any:
    """Return infinity for an x that is the infinite m, else 0; NaN where m is NaN."""
    return choose(x == m, lambda: x, lambda: exp(x - m))


def sums_of_others(xs: Sequence[Any]) -> list[Any]:
    """Return for each place the sum of all other places, without subtraction."""
    before = (0, *accumulate(xs[:-1], add))
    behind = (0, *accumulate(xs[:0:-1], add))
    return [a + b for a, b in zip(before, behind[::-1], strict=True)]


def portions(xs: Sequence[Any]) -> list[Any]:
    """Return exp(x) over the sum of all exp(x), for each x."""
    parts = weights(xs, max(xs))
    return [portion(a, b) for a, b in zip(parts, sums_of_others(parts), strict=True)]


def log_portions(xs: Sequence[Any]) -> list[Any]:
    """Return the logarithms of the portions; next to 0 they keep their digits."""
    m = max(xs)
    parts = weights(xs, m)
    each = zip(xs, parts, sums_of_others(parts), strict=True)
    return [log_portion(x, floor(m), a, b) for x, a, b in each]


def log_portion(x: Any, shift: Any, a: Any, b: Any) -> Any:
    """Return log(a/(a + b)) for a = exp(x - shift)."""
    return choose(b <= a, lambda: -log1p(b / a), lambda: (x - shift) - log(a + b))


def one_sequence(name: str, xs: Any) -> tuple[Any, ...]:
    """Return the numbers of a sequence, or raise what a row would raise."""
    hint = f"see help(tg.{name})"
    if not hasattr(xs, "__iter__"):
        raise BadCall(name=name, problem="takes sequences, not single numbers", hint=hint)
    found = tuple(xs)
    if not found:
        raise BadCall(name=name, problem="takes a sequence of length above 0", hint=hint)
    return found


def softmax(xs: Iterable[Any]) -> list[Any]:
    """Return exp(x) over the sum of all exp(x), for each x of a sequence.

    Each component and each of its derivatives keeps its digits, also where it is next to 0 or 1.
    A lone infinity gets 1; several, or nothing but -inf, give NaN. The work is linear.

    >>> import typedgrad as tg
    >>> p = tg.softmax([tg.Value(0.0), tg.Value(0.0)])
    >>> p[0].data
    np.float64(0.5)
    """
    with np.errstate(all="ignore"):
        return portions(one_sequence("softmax", xs))


def log_softmax(xs: Iterable[Any]) -> list[Any]:
    """Return the logarithm of each component of softmax.

    A component next to 0, whose probability is next to 1, keeps its digits.

    >>> import typedgrad as tg
    >>> [y.data for y in tg.log_softmax([tg.Value(0.0), tg.Value(-1000.0)])]
    [np.float64(-0.0), np.float64(-1000.0)]
    """
    with np.errstate(all="ignore"):
        return log_portions(one_sequence("log_softmax", xs))


sum: Op = primitive(
    "sum",
    sum_forward,
    sum_rule,
    scatter=scatter_sum,
    exact=exact_sum,
    sequences=1,
    doc="The sum of a sequence, left to right.",
)
sum_compensated: Op = primitive(
    "sum_compensated",
    sum_compensated_forward,
    sum_rule,
    scatter=scatter_sum,
    exact=exact_sum,
    sequences=1,
    doc="The sum of a sequence, as if summed with twice the digits and rounded once.",
    source=RUMP + "4.4 (Sum2), after Neumaier, 1974.",
)
mean: Op = primitive(
    "mean",
    mean_forward,
    mean_rule,
    exact=exact_mean,
    sequences=1,
    doc="The arithmetic mean of a sequence, summed left to right.",
)
var: Op = primitive(
    "var",
    var_forward,
    var_rule,
    exact=exact_variance,
    sequences=1,
    doc="The variance of a sequence, divided by its length (ddof = 0).",
    source="Two passes, the second corrected: Chan, Golub, LeVeque, American Statistician, 1983.",
)
prod: Op = primitive(
    "prod",
    prod_forward,
    prod_rule,
    exact=exact_product,
    sequences=1,
    doc="The product of a sequence, left to right.",
)
dot: Op = primitive(
    "dot",
    dot_forward,
    dot_rule,
    gather=gather_products,
    scatter=scatter_products,
    exact=exact_dot,
    sequences=2,
    doc="The sum of the products of two sequences, left to right, each step rounded once.",
)
azdot: Op = primitive(
    "azdot",
    azdot_forward,
    azdot_rule,
    exact=exact_dot,
    kinks="a zero of the first sequence makes its product zero whatever the other factor is",
    sequences=2,
    companion=True,
    doc="The dot product in which zeros of the first sequence are absolute: a sum of azmul.",
)
dot_compensated: Op = primitive(
    "dot_compensated",
    dot_compensated_forward,
    dot_rule,
    scatter=scatter_products,
    exact=exact_dot,
    sequences=2,
    doc="The dot product, as if computed with twice the digits and rounded once.",
    source=RUMP + "5.3 (Dot2); next to overflow the plain dot product.",
)
norm: Op = primitive(
    "norm",
    norm_forward,
    norm_rule,
    exact=exact_norm,
    kinks="all 0: partials 0; a lone infinity: 1 by its sign, several: NaN",
    sequences=1,
    doc="The Euclidean norm of a sequence, without overflow or underflow inside.",
)
max: Op = primitive(
    "max",
    max_forward,
    extreme_rule,
    exact=exact_largest,
    kinks="ties: equal shares",
    sequences=1,
    doc="The largest of a sequence; NaN if one is NaN.",
)
min: Op = primitive(
    "min",
    min_forward,
    extreme_rule,
    exact=exact_smallest,
    kinks="ties: equal shares",
    sequences=1,
    doc="The smallest of a sequence; NaN if one is NaN.",
)
logsumexp: Op = primitive(
    "logsumexp",
    logsumexp_forward,
    logsumexp_rule,
    exact=exact_logsumexp,
    kinks="a lone +inf: 1 for it and 0 for the others; several, or all -inf: NaN",
    sequences=1,
    doc="log of the sum of exp(x) over a sequence; its partials are softmax.",
)
exp_sub: Op = primitive(
    "exp_sub",
    exp_sub_forward,
    lambda g, y, a, b: (g * y, -(g * y)),
    exact=lambda mp, a, b: mp.exp(a - b),
    samples=(-9, 9),
    companion=True,
    doc="exp(a - b), accurate where the rounding of a - b would show.",
)
portion: Op = primitive(
    "portion",
    portion_forward,
    portion_rule,
    exact=exact_portion,
    domain="a, b >= 0",
    samples=(0.1, 9),
    companion=True,
    doc="The share a/(a + b) of a in the sum.",
)
