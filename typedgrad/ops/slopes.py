"""Forwards of the smooth activations and of their slopes, accurate next to zeros and in tails.

A slope with a zero at r is written in d = x - r, with r as the nearest number and a rest, in terms
that all have the sign of d: what cancels at the zero has been cancelled on paper.
"""

from __future__ import annotations

from typing import Any

from typedgrad.numbers import Constant
from typedgrad.op import choose, constant, machine, polynomial
from typedgrad.ops.arithmetic import abs, square
from typedgrad.ops.coefficients import in_words, near
from typedgrad.ops.elementary import exp, expm1, log, log1p
from typedgrad.ops.pairs import exp_words, leading, margin, margin_down, plus, split, times
from typedgrad.ops.piecewise import clip, maximum, minimum
from typedgrad.ops.special import erfc, erfc_scaled

half: Constant = constant("0.5", "1/2")
e: Constant = constant("2.718281828459045235360287471352662497757247093699959575", "e")
root_half: Constant = constant(
    "0.70710678118654752440084436210484903928483593768847403659", "sqrt(1/2)"
)
bell_top: Constant = constant(
    "0.39894228040143267793994605993438186847585863116493465767", "1/sqrt(2*pi)"
)
# Beyond these arguments every format has reached the limit, and infinity would give 0 * inf.
far: Any = machine(lambda p: 256 if p.max_exponent < 16384 else 32768)
lowest: Any = machine(lambda p: -2 * p.max_exponent)
highest: Any = machine(lambda p: 2 * p.max_exponent)

entr_root: Any = machine(
    lambda p: near("0.36787944117144232159552377016146086744581113103176783451", p)
)
silu_root: Any = machine(
    lambda p: near("-1.2784645427610737951093587390229801554394774886197457655", p)
)
silu_exp: Constant = constant("0.27846454276107379510935873902298015543947748861974576545")
gelu_text = "0.75179152469356445745790494677952403966447115342345384839"
gelu_root: Any = machine(lambda p: near("-" + gelu_text, p))
mish_root: Any = machine(
    lambda p: near("-1.1924312145154952121375883404207394056006864093225293146", p)
)
mish_exp: Constant = constant("0.30348253528152892882143674353964305836449075179660787944")
mish_first: Constant = constant("3.9344403718529639352263013115535581235942668063735070123")
mish_second: Constant = constant("4.9104476058445867864643102306189291750934722553898236383")
bent_root: Any = machine(
    lambda p: near("-0.75246142207101625848795444328891609060539217803762927064", p)
)
bent_exp: Constant = constant("0.29195521191476713459497683327812580584222617100232062264")
bent_scale: Constant = constant(
    "1.5957691216057307117597842397375274739034345246597386307", "2*sqrt(2/pi)"
)
bent_cube: Constant = constant("0.044715", "44715/10**6")
bent_bend: Constant = constant(
    "0.21406444881780074632901625683959062298677622431048063864", "6*sqrt(2/pi)*44715/10**6"
)
bent_first: Constant = constant("1.6985945751154082210969245485192608347890962528841216733")
bent_second: Constant = constant("-2.2573842662130487754638633298667482718161765341128878119")
bent_words: Any = machine(
    lambda p: (
        *in_words("1.5957691216057307117597842397375274739034345246597386307", p),
        *in_words("0.07135481627260024877633875227986354099559207477016021287", p),
    )
)


def mills_series(p: Any) -> tuple[str, ...]:
    """Return the Taylor series, over d, of d -> M(t - d) - (t - d) about its zero t.

    M is the ratio of Mills, and M' = t*M - 1 gives each coefficient from the two before it.
    """
    unit = 10**50
    t = int(gelu_text.replace("0.", "")[:50])
    before, now = t, t * t // unit - unit
    terms = [unit - now]
    while size(terms[-1]) << p.bits >> len(terms) > unit >> 4:
        order = len(terms) + 1
        before, now = now, (t * now // unit + before) // order
        terms.append(now if order % 2 == 0 else -now)
    return tuple(f"{term}/{unit}" for term in terms)


def size(x: int) -> int:
    """Return the absolute value of a plain integer; abs is a row here."""
    return -x if x < 0 else x


mills_table: Any = machine(mills_series)


def away(x: Any, root: Any) -> Any:
    """Return the distance of x from a root, accurate however near."""
    return (x - root[0]) - root[1]


def decayed(p: Any, h: Any) -> Any:
    """Return p * h, where a p that has reached 0 wins over an infinite h."""
    return choose(p == 0, lambda: p, lambda: p * h)


def tail(x: Any, factor: Any) -> Any:
    """Return exp(x) * factor with one rounding near underflow; x below -margin."""
    return exp(x + margin) * factor * margin_down


def gated_tail(x: Any, factor: Any, near_form: Any) -> Any:
    """Return exp(x) * factor far below 0 and near_form() before."""
    return choose(x < -margin, lambda: tail(x, factor), near_form)


def sigmoid_forward(x: Any) -> Any:
    """Return 1/(1 + exp(-x)) without overflow."""
    return choose(x < 0, lambda: over_next(exp(x)), lambda: 1 / (1 + exp(-x)))


def over_next(t: Any) -> Any:
    """Return t/(1 + t)."""
    return t / (1 + t)


def logit_forward(x: Any) -> Any:
    """Return log(x/(1 - x)); near 1/2, where that is near 0, by log1p."""
    return choose(
        4 * x < 1,
        lambda: log(x / (1 - x)),
        lambda: choose(
            4 * x > 3,
            lambda: -log((1 - x) / x),
            lambda: choose(
                2 * x < 1,
                lambda: -log1p((1 - 2 * x) / x),
                lambda: log1p((2 * x - 1) / (1 - x)),
            ),
        ),
    )


def silu_forward(x: Any) -> Any:
    """Return x * sigmoid(x)."""
    return choose(
        x < 0,
        lambda: silu_below(maximum(x, lowest)),
        lambda: x / (1 + exp(-x)),
    )


def silu_below(x: Any) -> Any:
    """Return x * sigmoid(x) below 0."""
    return gated_tail(x, x, lambda: x * over_next(exp(x)))


def silu_slope_forward(x: Any) -> Any:
    """Return s(x) * (1 + x*s(-x))."""
    return choose(
        x < 0,
        lambda: silu_slope_below(maximum(x, lowest)),
        lambda: silu_slope_above(minimum(x, highest), exp(-x)),
    )


def silu_slope_below(x: Any) -> Any:
    """Return the slope as exp(x) (d + c*expm1(d)) / (1 + exp(x))**2, with c = exp(root)."""
    d = away(x, silu_root)
    h = d + silu_exp * expm1(d)
    return gated_tail(x, h, lambda: gate_square(exp(x), h))


def gate_square(t: Any, h: Any) -> Any:
    """Return t * h / (1 + t)**2."""
    return t * h / square(1 + t)


def silu_slope_above(x: Any, t: Any) -> Any:
    """Return the slope from t = exp(-x)."""
    return (1 + (t + x * t)) / square(1 + t)


def bell_times(x: Any, factor: Any) -> Any:
    """Return exp(-x*x/2) * factor with the exponent exact; x within far of 0."""
    h = leading(x)
    rest = (h - x) * (h + x) * half
    return choose(
        abs(x) < 8,
        lambda: exp_words(-h * h * half, rest) * factor,
        lambda: exp_words(margin - h * h * half, rest) * factor * margin_down,
    )


def normal_pdf_forward(x: Any) -> Any:
    """Return exp(-x*x/2)/sqrt(2*pi)."""
    return bell_times(clip(x, -far, far), bell_top)


def normal_cdf_forward(x: Any) -> Any:
    """Return erfc(-x/sqrt(2))/2, in the tail by the scaled erfc of exact exponent."""
    return choose(
        4 * x < -3,
        lambda: normal_cdf_tail(maximum(x, -far)),
        lambda: half * erfc(-x * root_half),
    )


def normal_cdf_tail(x: Any) -> Any:
    """Return the normal distribution function below -3/4."""
    return bell_times(x, half * erfc_scaled(-x * root_half))


def gelu_forward(x: Any) -> Any:
    """Return x times the normal distribution function."""
    return choose(
        4 * x < -3,
        lambda: gelu_tail(maximum(x, -far)),
        lambda: x * (half * erfc(-x * root_half)),
    )


def gelu_tail(x: Any) -> Any:
    """Return gelu below -3/4."""
    return bell_times(x, x * (half * erfc_scaled(-x * root_half)))


def gelu_slope_forward(x: Any) -> Any:
    """Return normal_cdf(x) + x * normal_pdf(x), about its zero by a series."""
    d = away(x, gelu_root)
    return choose(
        2 * abs(d) < 1,
        lambda: bell_times(x, bell_top * (d * polynomial(d, mills_table))),
        lambda: choose(
            4 * x < -3,
            lambda: gelu_slope_tail(maximum(x, -far)),
            lambda: gelu_slope_above(minimum(x, far)),
        ),
    )


def gelu_slope_above(x: Any) -> Any:
    """Return the slope of gelu above its zero."""
    return half * erfc(-x * root_half) + bell_times(x, bell_top) * x


def gelu_slope_tail(x: Any) -> Any:
    """Return the slope of gelu below its zero."""
    return bell_times(x, half * erfc_scaled(-x * root_half) + x * bell_top)


def bent(x: Any) -> Any:
    """Return 2*sqrt(2/pi) * (x + 0.044715 x**3), the exponent of gelu_tanh."""
    return bent_scale * (x + bent_cube * x * (x * x))


def bent_pair(x: Any) -> Any:
    """Return the exponent of gelu_tanh as a pair."""
    z = split(x)
    return times(z, plus(bent_words[:2], times(bent_words[2:], times(z, z))))


def bent_tail(u: Any, factor: Any, near_form: Any) -> Any:
    """Return exp(u) * factor of a pair u far below 0 and near_form() before."""
    return choose(
        u[0] < -margin,
        lambda: exp_words(u[0] + margin, u[1]) * factor * margin_down,
        near_form,
    )


def gelu_tanh_forward(x: Any) -> Any:
    """Return x * sigmoid(bent(x)) = x/2 * (1 + tanh(bent(x)/2))."""
    return choose(
        x < -1,
        lambda: gelu_tanh_below(maximum(x, -far)),
        lambda: x * sigmoid_forward(bent(x)),
    )


def gelu_tanh_below(x: Any) -> Any:
    """Return gelu_tanh below -1, where a rounded exponent would be felt."""
    u = bent_pair(x)
    return bent_tail(u, x, lambda: over_next(exp_words(u[0], u[1])) * x)


def gelu_tanh_slope_forward(x: Any) -> Any:
    """Return the derivative of x * sigmoid(u), u = bent(x): s(u) * (1 + x*u' * s(-u))."""
    return choose(
        2 * x < -3,
        lambda: bent_slope_tail(maximum(x, -far)),
        lambda: choose(
            x < 0,
            lambda: gate_square(exp(bent(x)), bent_factor(away(x, bent_root))),
            lambda: bent_slope_above(minimum(x, far)),
        ),
    )


def bent_rate(x: Any) -> Any:
    """Return x times the derivative of bent."""
    return x * (bent_scale + bent_bend * (x * x))


def bent_factor(d: Any) -> Any:
    """Return 1 + exp(u) + x*u' at a distance d from its zero."""
    cubes = bent_cube * (bent_first + d * (bent_second + d))
    return bent_scale * d * (1 + 3 * cubes) + bent_exp * expm1(bent_scale * d * (1 + cubes))


def bent_slope_tail(x: Any) -> Any:
    """Return the slope of gelu_tanh below -3/2."""
    u = bent_pair(x)
    t = exp_words(u[0], u[1])
    return bent_tail(u, 1 + bent_rate(x), lambda: gate_square(t, 1 + (t + bent_rate(x))))


def bent_slope_above(x: Any) -> Any:
    """Return the slope of gelu_tanh from 0 up."""
    t = exp(-bent(x))
    return (1 + (t + bent_rate(x) * t)) / square(1 + t)


def mish_gate(x: Any) -> Any:
    """Return the derivative of tanh(softplus(x))."""
    return choose(x < 0, lambda: mish_gate_below(exp(x)), lambda: mish_gate_above(exp(-x)))


def mish_gate_below(t: Any) -> Any:
    """Return the derivative of tanh(softplus(x)) from t = exp(x)."""
    return 4 * (t * (1 + t)) / square(2 + t * (t + 2))


def mish_gate_above(t: Any) -> Any:
    """Return the derivative of tanh(softplus(x)) from t = exp(-x)."""
    return 4 * (t * t * (1 + t)) / square(1 + 2 * t * (1 + t))


def mish_forward(x: Any) -> Any:
    """Return x * tanh(softplus(x)), a quotient in exp(x) or exp(-x)."""
    return choose(
        x < 0,
        lambda: mish_below(maximum(x, lowest)),
        lambda: mish_above(x, exp(-x)),
    )


def mish_below(x: Any) -> Any:
    """Return mish below 0."""
    t = exp(x)
    return gated_tail(x, x, lambda: x * (t * (t + 2) / (2 + t * (t + 2))))


def mish_above(x: Any, t: Any) -> Any:
    """Return mish from t = exp(-x)."""
    return x * ((1 + 2 * t) / (1 + 2 * t * (1 + t)))


def mish_slope_forward(x: Any) -> Any:
    """Return the derivative of mish."""
    return choose(
        x < 0,
        lambda: mish_slope_below(maximum(x, lowest)),
        lambda: mish_slope_above(minimum(x, highest), exp(-x)),
    )


def mish_slope_below(x: Any) -> Any:
    """Return the slope as t*b/(t*t + 2t + 2)**2 with t = exp(x), b about its zero."""
    d = away(x, mish_root)
    t = exp(x)
    m = mish_exp * expm1(d)
    b = m * (mish_first + m * (mish_second + m)) + 4 * d * (1 + t)
    return gated_tail(x, b / 4, lambda: t * b / square(2 + t * (t + 2)))


def mish_slope_above(x: Any, t: Any) -> Any:
    """Return the slope of mish from t = exp(-x)."""
    n = 1 + 2 * t * (1 + t)
    return ((1 + 2 * t) * n + 4 * (x * t) * (t * (1 + t))) / square(n)


def entr_slope_forward(x: Any) -> Any:
    """Return -log(x) - 1, near its zero 1/e as log1p."""
    return choose(
        abs(4 * x - 2) < 1,
        lambda: -log1p(away(x, entr_root) * e),
        lambda: -log(x) - 1,
    )


def log1mexp_forward(x: Any) -> Any:
    """Return log(1 - exp(-x)), switching at about log(2) as Maechler does."""
    return choose(10 * x < 7, lambda: log(-expm1(-x)), lambda: log1p(-exp(-x)))
