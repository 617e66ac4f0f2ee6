"""Rows of smooth activations and of logarithmic products, with slopes that do not cancel."""

from __future__ import annotations

from typing import Any

from typedgrad.op import Op, choose, primitive
from typedgrad.ops.arithmetic import abs
from typedgrad.ops.elementary import exp, expm1, log, log1p
from typedgrad.ops.piecewise import maximum
from typedgrad.ops.slopes import (
    bent,
    bent_bend,
    bent_scale,
    decayed,
    entr_slope_forward,
    gelu_forward,
    gelu_slope_forward,
    gelu_tanh_forward,
    gelu_tanh_slope_forward,
    log1mexp_forward,
    logit_forward,
    mish_forward,
    mish_gate,
    mish_slope_forward,
    normal_cdf_forward,
    normal_pdf_forward,
    sigmoid_forward,
    silu_forward,
    silu_slope_forward,
)
from typedgrad.ops.trigonometric import tanh

HENDRYCKS = "Hendrycks, Gimpel: Gaussian Error Linear Units, 2016."
MISRA = "Misra: Mish, a Self Regularized Non-Monotonic Activation Function, 2020."


def softplus_forward(x: Any) -> Any:
    """Return log(1 + exp(x)) with no threshold."""
    return maximum(x, 0) + log1p(exp(-abs(x)))


def silu_bend(x: Any) -> Any:
    """Return the second derivative of silu."""
    return decayed(sigmoid(x) * sigmoid(-x), 2 - x * tanh(x / 2))


def mish_bend(x: Any) -> Any:
    """Return the second derivative of mish."""
    fall = sigmoid(-x) - 2 * tanh(softplus(x)) * sigmoid(x)
    return decayed(mish_gate(x), 2 + x * fall)


def gelu_tanh_bend(x: Any) -> Any:
    """Return the second derivative of gelu_tanh."""
    u = bent(x)
    rate = bent_scale + bent_bend * (x * x)
    more = 2 * (bent_bend * x) - rate * rate * tanh(u / 2)
    return decayed(bent_gate(x) * bent_gate(-x), 2 * rate + x * more)


def bent_gate(x: Any) -> Any:
    """Return sigmoid(bent(x)), in the tail from the row that has not rounded bent(x)."""
    return choose(x < -1, lambda: gelu_tanh(x) / x, lambda: sigmoid(bent(x)))


def times_log(x: Any, y: Any, z: Any) -> Any:
    """Return x * z for z = log(y), and 0 where x = 0 and y is 0 or more."""
    return choose(x == 0, lambda: choose(y >= 0, lambda: abs(x), lambda: z), lambda: x * z)


def log_share(g: Any, x: Any, y: Any) -> Any:
    """Return the term g * x/y of y in x*log(y); on the edge 0/0 it is 0, outside NaN."""
    return choose(
        y == 0,
        lambda: choose(x == 0, lambda: None, lambda: g * (x / abs(y))),
        lambda: choose(y < 0, lambda: g * log(y), lambda: g * (x / y)),
    )


def exact_normal_cdf(mp: Any, x: Any) -> Any:
    """Return the normal distribution function; mpmath's does not take sizes beyond a float."""
    return mp.ncdf(x) if -(10**9) < x < 10**9 else mp.mpf(x > 0)


def exact_gelu_tanh(mp: Any, x: Any) -> Any:
    """Return gelu_tanh on real numbers."""
    u = mp.sqrt(2 / mp.pi) * (x + 44715 * x**3 / mp.mpf(10) ** 6)
    return x / (1 + mp.exp(-2 * u))


def exact_gelu_tanh_slope(mp: Any, x: Any) -> Any:
    """Return the derivative of gelu_tanh on real numbers."""
    k = 2 * mp.sqrt(2 / mp.pi)
    a = mp.mpf(44715) / 10**6
    t = mp.exp(-k * (x + a * x**3))
    return (1 + t + k * (x + 3 * a * x**3) * t) / (1 + t) ** 2


def exact_mish_slope(mp: Any, x: Any) -> Any:
    """Return the derivative of mish on real numbers."""
    t = mp.tanh(mp.log1p(mp.exp(x)))
    return t + x * (1 - t * t) / (1 + mp.exp(-x))


sigmoid: Op = primitive(
    "sigmoid",
    sigmoid_forward,
    lambda g, y, x: (g * (y * sigmoid(-x)),),  # y*(1 - y) has lost all digits at 37
    exact=lambda mp, x: 1 / (1 + mp.exp(-x)),
    samples=(-40, 40),
    doc="The logistic function 1/(1 + exp(-x)).",
)
logit: Op = primitive(
    "logit",
    logit_forward,
    lambda g, y, x: (choose(y == y, lambda: g / (abs(x) * (1 - x)), lambda: g * y),),
    exact=lambda mp, x: mp.log(x) - mp.log1p(-x),
    domain="0 <= x <= 1",
    samples=(0.01, 0.99),
    doc="The inverse of sigmoid: log(x/(1 - x)).",
)
softplus: Op = primitive(
    "softplus",
    softplus_forward,
    lambda g, y, x: (g * sigmoid(x),),
    exact=lambda mp, x: (x if x > 0 else 0) + mp.log1p(mp.exp(-mp.fabs(x))),
    samples=(-40, 40),
    doc="log(1 + exp(x)), at every x without a threshold.",
)
log_sigmoid: Op = primitive(
    "log_sigmoid",
    lambda x: -softplus_forward(-x),
    lambda g, y, x: (g * sigmoid(-x),),
    exact=lambda mp, x: (x if x < 0 else 0) - mp.log1p(mp.exp(-mp.fabs(x))),
    samples=(-40, 40),
    doc="The logarithm of sigmoid.",
)
silu_slope: Op = primitive(
    "silu_slope",
    silu_slope_forward,
    lambda g, y, x: (g * silu_bend(x),),
    exact=lambda mp, x: (1 + x / (1 + mp.exp(x))) / (1 + mp.exp(-x)),
    samples=(-30, 30),
    companion=True,
    doc="The derivative of silu, with relative accuracy next to its zero -1.2785.",
)
silu: Op = primitive(
    "silu",
    silu_forward,
    lambda g, y, x: (g * silu_slope(x),),
    exact=lambda mp, x: x / (1 + mp.exp(-x)),
    samples=(-30, 30),
    doc="The sigmoid linear unit x * sigmoid(x), also called swish.",
    source="Elfwing, Uchibe, Doya: Sigmoid-Weighted Linear Units, 2018.",
)
normal_pdf: Op = primitive(
    "normal_pdf",
    normal_pdf_forward,
    lambda g, y, x: (g * -decayed(y, x),),
    exact="npdf",
    samples=(-10, 10),
    doc="The density of the standard normal distribution.",
)
normal_cdf: Op = primitive(
    "normal_cdf",
    normal_cdf_forward,
    lambda g, y, x: (g * normal_pdf(x),),
    exact=exact_normal_cdf,
    samples=(-10, 10),
    doc="The standard normal distribution function, accurate in its lower tail.",
)
gelu_slope: Op = primitive(
    "gelu_slope",
    gelu_slope_forward,
    lambda g, y, x: (g * decayed(normal_pdf(x), 2 - x * x),),
    exact=lambda mp, x: exact_normal_cdf(mp, x) + x * mp.npdf(x),
    samples=(-10, 10),
    companion=True,
    doc="The derivative of gelu, with relative accuracy next to its zero -0.7518.",
)
gelu: Op = primitive(
    "gelu",
    gelu_forward,
    lambda g, y, x: (g * gelu_slope(x),),
    exact=lambda mp, x: x * exact_normal_cdf(mp, x),
    samples=(-10, 10),
    doc="The exact Gaussian error linear unit x * normal_cdf(x).",
    source=HENDRYCKS,
)
gelu_tanh_slope: Op = primitive(
    "gelu_tanh_slope",
    gelu_tanh_slope_forward,
    lambda g, y, x: (g * gelu_tanh_bend(x),),
    exact=exact_gelu_tanh_slope,
    samples=(-6, 6),
    companion=True,
    doc="The derivative of gelu_tanh, with relative accuracy next to its zero -0.7525.",
)
gelu_tanh: Op = primitive(
    "gelu_tanh",
    gelu_tanh_forward,
    lambda g, y, x: (g * gelu_tanh_slope(x),),
    exact=exact_gelu_tanh,
    samples=(-6, 6),
    doc="The tanh approximation of gelu: x/2 * (1 + tanh(sqrt(2/pi) * (x + 0.044715 x**3))).",
    source=HENDRYCKS,
)
mish_slope: Op = primitive(
    "mish_slope",
    mish_slope_forward,
    lambda g, y, x: (g * mish_bend(x),),
    exact=exact_mish_slope,
    samples=(-30, 30),
    companion=True,
    doc="The derivative of mish, with relative accuracy next to its zero -1.1924.",
)
mish: Op = primitive(
    "mish",
    mish_forward,
    lambda g, y, x: (g * mish_slope(x),),
    exact=lambda mp, x: x * mp.tanh(mp.log1p(mp.exp(x))),
    samples=(-30, 30),
    doc="x * tanh(softplus(x)).",
    source=MISRA,
)
xlogy: Op = primitive(
    "xlogy",
    lambda x, y: times_log(x, y, log(y)),
    lambda g, y, a, b: (g * log(b), log_share(g, a, b)),
    exact=lambda mp, x, y: mp.nan if y < 0 else x * mp.log(y) if x else x,
    domain="y >= 0",
    names=("x", "y"),
    samples=(0.1, 5),
    doc="x * log(y), and 0 where x = 0 and y >= 0.",
)
xlog1py: Op = primitive(
    "xlog1py",
    lambda x, y: times_log(x, 1 + y, log1p(y)),
    lambda g, y, a, b: (g * log1p(b), log_share(g, a, 1 + b)),
    exact=lambda mp, x, y: mp.nan if y < -1 else x * mp.log1p(y) if x else x,
    domain="y >= -1",
    names=("x", "y"),
    samples=(0.1, 5),
    doc="x * log(1 + y), and 0 where x = 0 and y >= -1.",
)
entr_slope: Op = primitive(
    "entr_slope",
    entr_slope_forward,
    lambda g, y, x: (choose(y == y, lambda: -g / abs(x), lambda: g * y),),
    exact=lambda mp, x: -mp.log(x) - 1,
    domain="x >= 0",
    samples=(0.01, 5),
    companion=True,
    doc="The derivative of entr, with relative accuracy next to its zero 1/e.",
)
entr: Op = primitive(
    "entr",
    lambda x: -times_log(x, x, log(x)),
    lambda g, y, x: (g * entr_slope(x),),
    exact=lambda mp, x: -x * mp.log(x) if x else mp.mpf(0),
    domain="x >= 0",
    samples=(0.01, 5),
    doc="The entropy term -x * log(x), 0 at 0; below 0 it is NaN, where SciPy says -inf.",
)
log1mexp: Op = primitive(
    "log1mexp",
    log1mexp_forward,
    lambda g, y, x: (choose(y == y, lambda: g * (exp(-x) / abs(expm1(-x))), lambda: g * y),),
    exact=lambda mp, x: mp.log(-mp.expm1(-x)) if x < 1 else mp.log1p(-mp.exp(-x)),
    domain="x >= 0",
    samples=(0.01, 40),
    doc="log(1 - exp(-x)) for x above 0, Maechler's sign of the argument.",
    source="Maechler: Accurately Computing log(1 - exp(-|a|)), Rmpfr vignette, 2012.",
)
