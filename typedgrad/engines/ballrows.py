"""Rows on balls: a table of functions, and mpmath's names for the meanings that have no choice."""

from __future__ import annotations

import operator
from collections.abc import Callable
from functools import partial
from typing import Any, TypeAlias

from flint import arb

from typedgrad.engines.ballmath import (
    NOUGHT,
    ONE,
    absolute_dot,
    absolute_product,
    absolute_quotient,
    alike,
    at_most,
    atan2,
    base_slope,
    below,
    clip,
    copysign,
    cube_root,
    direction,
    exponent_slope,
    first_places,
    greater,
    heaviside,
    largest,
    lesser,
    lgamma,
    log1mexp,
    logaddexp,
    logaddexp2,
    monotone,
    nearest,
    normal_cdf,
    normal_pdf,
    ordered,
    polygamma,
    portion,
    power,
    same,
    selu,
    sinc_slope,
    smallest,
    times_log,
    variance,
    where,
)
from typedgrad.op import TABLE

# A lambda gets its parameters from one of these.
Function: TypeAlias = (
    Callable[[arb], arb] | Callable[[arb, arb], arb] | Callable[[arb, arb, arb], arb]
)


class Context:
    """What a meaning calls: mpmath's names for balls."""

    def __getattr__(self, name: str) -> Any:
        if name in CONSTANTS:
            return CONSTANTS[name]()
        try:
            return NAMES[name]
        except KeyError:
            raise AttributeError(name) from None


CONTEXT = Context()
CONSTANTS: dict[str, Callable[[], arb]] = {
    "pi": arb.pi,
    "e": arb.const_e,
    "euler": arb.const_euler,
    "catalan": arb.const_catalan,
}
SAME = (
    *("sqrt", "exp", "expm1", "log", "log1p", "floor", "ceil", "erf", "erfc", "gamma", "digamma"),
    *("sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh", "tanh", "sech"),
    *("asinh", "acosh", "atanh"),
)
NAMES: dict[str, Function] = {
    **{name: getattr(arb, name) for name in SAME},
    "fadd": operator.add,
    "fsub": operator.sub,
    "fmul": operator.mul,
    "fdiv": vars(operator)["truediv"],
    "fneg": operator.neg,
    "fabs": operator.abs,
    "sign": arb.sgn,
    "power": lambda x, p: power(arb(x), p),
    "hypot": lambda a, b: (a * a + b * b).sqrt(),
    "log10": lambda x: x.log_base(10),
    "atan2": atan2,
    "mpf": arb,
    "sincpi": arb.sinc_pi,
    "cospi": arb.cos_pi,
    "npdf": normal_pdf,
    "nint": lambda x: monotone(x, nearest),
    "degrees": lambda x: x * 180 / arb.pi(),
    "radians": lambda x: x * arb.pi() / 180,
}
# Meanings without a choice in them: the text that mpmath runs serves balls too.
SMOOTH = frozenset(
    (
        *("square", "reciprocal", "fma", "floor_divide", "remainder", "rsqrt", "exp2"),
        *("share", "share2", "gauss", "gamma_slope", "sum", "sum_compensated", "mean"),
        *("prod", "dot", "dot_compensated", "norm", "logsumexp", "exp_sub", "inversion"),
        *("half_circle", "sigmoid", "silu_slope", "silu", "gelu_tanh_slope", "gelu_tanh"),
        *("mish_slope", "mish", "entr_slope"),
    )
)
ROWS: dict[str, Function] = {
    "copysign": copysign,
    "azmul": absolute_product,
    "azdiv": absolute_quotient,
    "azprod": lambda a, b: absolute_product(b, a) if b.is_zero() else absolute_product(a, b),
    "azdot": absolute_dot,
    "base_slope": base_slope,
    "exponent_slope": exponent_slope,
    "cbrt": cube_root,
    "expm1": arb.expm1,
    "log2": lambda x: x.log_base(2),
    "logaddexp": logaddexp,
    "logaddexp2": logaddexp2,
    "maximum": greater,
    "minimum": lesser,
    "max": largest,
    "min": smallest,
    "clip": clip,
    "where": where,
    "relu": lambda x: greater(x, NOUGHT),
    "leaky_relu": lambda x, slope: ordered(x, lambda x: slope * x, same),
    "elu": lambda x, alpha: ordered(x, lambda x: alpha * x.expm1(), same),
    "selu": selu,
    "trunc": lambda x: ordered(x, arb.ceil, arb.floor),
    "heaviside": heaviside,
    "ufp": first_places,
    "less": below,
    "less_equal": at_most,
    "greater": lambda a, b: below(b, a),
    "greater_equal": lambda a, b: at_most(b, a),
    "equal": alike,
    "not_equal": lambda a, b: 1 - alike(a, b),
    "polygamma": polygamma,
    "trigamma": lambda x: polygamma(ONE, x),
    "lgamma": lgamma,
    "var": variance,
    "portion": portion,
    "direction": direction,
    "half_hyperbola": lambda x: (x - 1).sqrt() * (x + 1).sqrt(),
    "sinc_slope": sinc_slope,
    "logit": lambda x: (x / (1 - x)).log(),
    "softplus": lambda x: x.exp().log1p(),
    "log_sigmoid": lambda x: -((-x).exp().log1p()),
    "normal_cdf": normal_cdf,
    "gelu": lambda x: x * normal_cdf(x),
    "gelu_slope": lambda x: normal_cdf(x) + x * normal_pdf(x),
    "xlogy": lambda x, y: times_log(x, y, y.log),
    "xlog1py": lambda x, y: times_log(x, 1 + y, y.log1p),
    "entr": lambda x: -times_log(x, x, x.log),
    "log1mexp": log1mexp,
}


def row_on_balls(name: str) -> Callable[..., Any] | None:
    """Return a row as a function of balls; None where only mpmath has its meaning."""
    exact: Any = TABLE[name].exact
    if name in ROWS:
        return ROWS[name]
    if name in SMOOTH:
        return partial(exact, CONTEXT)
    return NAMES.get(exact) if isinstance(exact, str) else None
