"""The gamma family in the language of rows; special.py makes rows of it.

From `steps` up the functions are asymptotic series, below it a polynomial over one unit and the
recurrence, below 0 the reflection.  Where rounding would spoil the last bits (the exponent of
gamma, and log gamma and digamma, whose zeros lie between the poles) the sums run in pairs.
"""

from typing import Any

from typedgrad.op import choose, constant, machine, polynomial
from typedgrad.ops import coefficients as table
from typedgrad.ops.arithmetic import abs, square
from typedgrad.ops.coefficients import (
    cot_rest,
    cot_words,
    digamma_one_table,
    digamma_table,
    digamma_zeros,
    gamma_two_table,
    lgamma_two_table,
    lgamma_zeros,
    pair_steps,
    sine_rest,
    sine_table,
    sine_words,
    steps,
    stirling_table,
)
from typedgrad.ops.elementary import exp, log, log1p
from typedgrad.ops.pairs import (
    exp_words,
    joined,
    log_words,
    margin,
    margin_down,
    margin_up,
    minus,
    over,
    plus,
    polynomial_words,
    split,
    times,
)
from typedgrad.ops.piecewise import floor, round

tiny: Any = machine(lambda p: f"1/{2 ** (p.bits + 2)}")
half: Any = constant("0.5", "1/2")
stirling_words: Any = machine(
    lambda p: table.in_words("0.4189385332046727417803297364056176398613974736377834", p)
)
digamma_root: Any = machine(
    lambda p: table.near("0.461632144968362341262659542325721328468196204006446", p)
)
digamma_offsets: Any = machine(lambda p: tuple(range(table.shift(p) - 2, 0, -1)))
few_offsets: Any = machine(lambda p: tuple(range(table.shift(p) - 3, 0, -1)))
# Up to here the products are quicker than Stirling's series, and exact where a factorial fits.
gamma_reach: Any = machine(lambda p: 15 if p.bits <= 24 else 24)
many_offsets: Any = machine(lambda p: tuple(range((15 if p.bits <= 24 else 24) - 3, 0, -1)))
gamma_top: Any = machine(lambda p: 36 if p.bits <= 24 else 172 if p.bits <= 53 else 1756)
gamma_bottom: Any = machine(lambda p: 64 if p.bits <= 24 else 224 if p.bits <= 53 else 2048)


def gamma_from_two(z: Any) -> Any:
    """Return gamma(2 + z) for z from 0 to 1, exact at both."""
    return (1 + z) + z * (z - 1) * polynomial(2 * z - 1, gamma_two_table)


def gamma_step(total: Any, x: Any, k: Any) -> Any:
    """Return total times x - k where gamma(x) has that factor above gamma(2 + z)."""
    return choose(x < k + 2, lambda: total, lambda: total * (x - k))


def gamma_stepped(x: Any, offsets: Any) -> Any:
    """Return gamma(x) for x from 2 to above the first of the falling offsets by 3.

    The factors multiply from the smallest up, so the factorials of whole x are exact.
    """
    total = gamma_from_two(x - floor(x))
    for k in offsets:
        total = gamma_step(total, x, k)
    return total


def gamma_small(x: Any) -> Any:
    """Return gamma(x) for x between 0 and steps."""
    return choose(
        x < 2,
        lambda: choose(
            x < 1,
            lambda: gamma_from_two(x) / (x * (x + 1)),
            lambda: gamma_from_two(x - 1) / x,
        ),
        lambda: gamma_stepped(x, few_offsets),
    )


def stirling_rest(v: Any) -> Any:
    """Return the part of Stirling's series that has no logarithm, at x = 1/v."""
    return stirling_words[0] + (stirling_words[1] + v * polynomial(v * v, stirling_table))


def log_gamma_words(y: Any) -> Any:
    """Return log gamma of a pair from steps up, by Stirling's series, as a pair."""
    bulk = times(minus(y, (half, 0)), minus(log_words(y), (1, 0)))
    v = 1 / (y[0] + y[1])
    rest = stirling_words[1] + v * polynomial(v * v, stirling_table)
    return plus(bulk, (stirling_words[0], rest))


def gamma_large(x: Any) -> Any:
    """Return gamma(x) for x from steps to gamma_top."""
    e = log_gamma_words(split(x))
    return exp_words(e[0] - margin, e[1]) * margin_up


def sinpi(r: Any) -> Any:
    """Return sin(pi*r)/pi for r between -1/2 and 1/2."""
    z = r * r
    return r + r * (z * polynomial(z, sine_table))


def gamma_far_below(x: Any, s: Any) -> Any:
    """Return pi/(sin(pi*r) gamma(1-x)) for x < -steps, where s is sin(pi*r)/pi times a weight."""
    kept = choose(x > -gamma_bottom, lambda: x, lambda: -gamma_bottom)
    e = log_gamma_words(minus((1, 0), split(kept)))
    return exp_words(margin - e[0], -e[1]) / s * margin_down


def gamma_below(x: Any, weight: Any) -> Any:
    """Return weight * gamma(x) for x < 0, rounded to the format's range once; NaN at the poles."""
    n = round(x)
    r = x - n
    s = (1 - 2 * (n - 2 * floor(n / 2))) * sinpi(r) / weight
    return choose(
        r == 0,
        lambda: r / r,
        lambda: choose(
            x > -steps,
            lambda: -1 / (x * gamma_small(-x) * s),
            lambda: gamma_far_below(x, s),
        ),
    )


def gamma_forward(x: Any) -> Any:
    """Return gamma(x)."""
    return choose(
        x < steps,
        lambda: choose(
            abs(x) < tiny,
            lambda: 1 / x,
            lambda: choose(x < 0, lambda: gamma_below(x, 1), lambda: gamma_small(x)),
        ),
        lambda: choose(
            x < gamma_reach,
            lambda: gamma_stepped(x, many_offsets),
            lambda: choose(x < gamma_top, lambda: gamma_large(x), lambda: exp(square(x))),
        ),
    )


def gamma_slope_forward(x: Any) -> Any:
    """Return gamma(x) * digamma(x), with the range of the product."""
    return choose(
        x < -1,
        lambda: gamma_below(x, digamma_forward(x)),
        lambda: gamma_forward(x) * digamma_forward(x),
    )


def digamma_from_one(z: Any) -> Any:
    """Return digamma(1 + z) for z from 0 to 1, relative to the distance from its zero."""
    d = (z - digamma_root[0]) - digamma_root[1]
    return d * polynomial(2 * z - 1, digamma_one_table)


def digamma_step(total: Any, x: Any, k: Any) -> Any:
    """Return total plus 1/(x - k) where digamma(x) has that term above digamma(1 + z)."""
    return choose(x < k + 1, lambda: total, lambda: total + 1 / (x - k))


def digamma_small(x: Any) -> Any:
    """Return digamma(x) for x between 1 and steps."""
    total = digamma_from_one(x - floor(x))
    for k in digamma_offsets:
        total = digamma_step(total, x, k)
    return total


def digamma_large(x: Any) -> Any:
    """Return digamma(x) for x from steps up."""
    v = 1 / x
    return log(x) - v * (half + v * polynomial(v * v, digamma_table))


def digamma_words(y: Any) -> Any:
    """Return digamma of a pair from steps up as a pair."""
    v = 1 / (y[0] + y[1])
    v = v * v
    lead = minus(log_words(y), over((half, 0), y))
    return lead[0], lead[1] - v * polynomial(v, digamma_table)


def stepped_digamma_words(y: Any) -> Any:
    """Return digamma of a pair as a pair: 1/(y+k) and 1/(y+steps-1-k) are summed as one."""
    t = times(y, plus(y, (steps - 1, 0)))
    total = over((1, 0), t)
    for k in pair_steps:
        total = plus(total, over((1, 0), plus(t, (k, 0))))
    total = times(total, plus(plus(y, y), (steps - 1, 0)))
    return minus(digamma_words(plus(y, (steps, 0))), total)


def cotangent_words(r: Any) -> Any:
    """Return pi*cot(pi*r) for a pair of size up to 1/2, as a pair."""
    return minus(over((1, 0), r), times(r, polynomial_words(times(r, r), cot_words, cot_rest)))


def at_zeros(value: Any, x: Any, zeros: Any) -> Any:
    """Return the value, or next to one of the zeros what is accurate relative to the distance."""
    for zero in zeros:
        value = at_zero(value, x, zero)
    return value


def at_zero(value: Any, x: Any, zero: Any) -> Any:
    """Return the value, or next to the zero a polynomial times the distance."""
    d = (x - zero[0]) - zero[1]
    return choose(abs(d) * zero[2] < 1, lambda: d * polynomial(d, zero[3:]), lambda: value)


def digamma_below(x: Any) -> Any:
    """Return digamma(x) for x < 0, NaN at the poles."""
    value = digamma_reflected(x)
    return choose(8 * abs(value) < 1, lambda: at_zeros(value, x, digamma_zeros), lambda: value)


def digamma_reflected(x: Any) -> Any:
    """Return digamma(x) for x < 0 in pairs, as there is a zero between any two poles."""
    r = x - round(x)
    y = minus((1, 0), split(x))
    return choose(
        r == 0,
        lambda: r / r,
        lambda: choose(
            y[0] < steps,
            lambda: joined(minus(stepped_digamma_words(y), cotangent_words(split(r)))),
            lambda: joined(minus(digamma_words(y), cotangent_words(split(r)))),
        ),
    )


def digamma_forward(x: Any) -> Any:
    """Return digamma(x)."""
    return choose(
        x < 1,
        lambda: choose(
            abs(x) < tiny,
            lambda: -1 / x,
            lambda: choose(x < 0, lambda: digamma_below(x), lambda: digamma_from_one(x) - 1 / x),
        ),
        lambda: choose(x < steps, lambda: digamma_small(x), lambda: digamma_large(x)),
    )


def lgamma_from_two(z: Any) -> Any:
    """Return log gamma(2 + z) for z from -3/4 to 1, relative to z."""
    return z * polynomial(8 * z - 1, lgamma_two_table)


def lgamma_small(x: Any) -> Any:
    """Return log gamma for x between tiny and steps, relative to the distance from 1 and 2."""
    return choose(
        4 * x > 5,
        lambda: choose(x < 3, lambda: lgamma_from_two(x - 2), lambda: log(gamma_small(x))),
        lambda: choose(
            2 * x > 1,
            lambda: lgamma_from_two(x - 1) - log1p(x - 1),
            lambda: log(gamma_small(x)),
        ),
    )


def lgamma_large(x: Any) -> Any:
    """Return log gamma for x from steps up; past 256 its terms need no pairs."""
    return choose(
        x < 256,
        lambda: joined(log_gamma_words(split(x))),
        lambda: (x - half) * (log(x) - 1) + stirling_rest(1 / x),
    )


def stepped_lgamma_below(y: Any, s: Any) -> Any:
    """Return -log(s * gamma(y)) of pairs, with the step up to Stirling's reach in the ratio."""
    t = times(y, plus(y, (steps - 1, 0)))
    rising = t
    for k in pair_steps:
        rising = times(rising, plus(t, (k, 0)))
    return joined(minus(log_words(over(rising, s)), log_gamma_words(plus(y, (steps, 0)))))


def lgamma_below(x: Any) -> Any:
    """Return log abs(gamma(x)) for x < 0, +inf at the poles."""
    value = lgamma_reflected(x)
    return choose(16 * abs(value) < 1, lambda: at_zeros(value, x, lgamma_zeros), lambda: value)


def lgamma_reflected(x: Any) -> Any:
    """Return log abs(gamma(x)) for x < 0 in pairs, as there are zeros between the poles."""
    r = split(abs(x - round(x)))
    s = times(r, polynomial_words(times(r, r), sine_words, sine_rest))
    y = minus((1, 0), split(x))
    return choose(
        x == floor(x),
        lambda: 1 / (0 * exp(x)),
        lambda: choose(
            y[0] < steps,
            lambda: stepped_lgamma_below(y, s),
            lambda: -joined(plus(log_gamma_words(y), log_words(s))),
        ),
    )


def lgamma_forward(x: Any) -> Any:
    """Return log abs(gamma(x))."""
    return choose(
        x < steps,
        lambda: choose(
            abs(x) < tiny,
            lambda: -log(abs(x)),
            lambda: choose(x < 0, lambda: lgamma_below(x), lambda: lgamma_small(x)),
        ),
        lambda: lgamma_large(x),
    )
