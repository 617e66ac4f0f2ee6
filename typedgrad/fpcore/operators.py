"""The operators of FPCore by name: rows of the table, or compositions of them."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

from typedgrad.op import TABLE

# FPCore's name: the row that it is.
ROWS = {
    **{"+": "add", "-": "sub", "*": "mul", "/": "div", "fabs": "abs", "fma": "fma"},
    **{"exp": "exp", "exp2": "exp2", "expm1": "expm1", "pow": "pow", "sqrt": "sqrt"},
    **{"log": "log", "log10": "log10", "log2": "log2", "log1p": "log1p", "cbrt": "cbrt"},
    **{"hypot": "hypot", "sin": "sin", "cos": "cos", "tan": "tan", "asin": "asin"},
    **{"acos": "acos", "atan": "atan", "atan2": "atan2", "sinh": "sinh", "cosh": "cosh"},
    **{"tanh": "tanh", "asinh": "asinh", "acosh": "acosh", "atanh": "atanh", "erf": "erf"},
    **{"erfc": "erfc", "tgamma": "gamma", "lgamma": "lgamma", "ceil": "ceil"},
    **{"floor": "floor", "trunc": "trunc", "nearbyint": "round", "copysign": "copysign"},
    **{"fmax": "maximum", "fmin": "minimum"},
}
COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    ">": operator.gt,
    "<=": operator.le,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}


def row(name: str, *args: Any) -> Any:
    """Return a row applied to nodes."""
    return TABLE[name](*args)


def difference(a: Any, b: Any) -> Any:
    """Return a - b where a is the larger, else 0."""
    return row("where", row("less_equal", a, b), 0, a - b)


def modulo(a: Any, b: Any) -> Any:
    """Return what is left of a by b, with the sign of a; exact."""
    return row("copysign", row("remainder", abs(a), abs(b)), a)


def nearest_remainder(a: Any, b: Any) -> Any:
    """Return a - n*b for the integer n nearest to a/b, ties to even; exact (IEEE 754, 5.3.1).

    The remainder by 2*b is brought down by b once or twice, as in FreeBSD's e_remainder.c.
    """
    size = abs(b)
    r = row("remainder", abs(a), size + size)
    once = r - size
    twice = row("where", row("greater_equal", once + once, size), once - size, once)
    return row("where", row("greater", r + r, size), twice, r) * row("copysign", 1, a)


def rounded(x: Any) -> Any:
    """Return the integer nearest to x, ties away from zero."""
    t = row("trunc", x)
    up = row("greater_equal", abs(x - t) * 2, 1)
    return row("where", up, t + row("copysign", 1, x), t)


COMPOSED: dict[str, tuple[int, Callable[..., Any]]] = {
    "fdim": (2, difference),
    "fmod": (2, modulo),
    "remainder": (2, nearest_remainder),
    "round": (1, rounded),
}


def is_normal(x: Any) -> bool:
    """Tell whether x is neither zero, subnormal, infinite nor NaN."""
    tiny = getattr(x.numbers, "tiny", 0)
    return bool(x - x == 0) and bool(x != 0) and bool(abs(x) >= tiny)


PREDICATES: dict[str, Callable[[Any], bool]] = {
    "isfinite": lambda x: x - x == 0,
    "isinf": lambda x: abs(x) == float("inf"),
    "isnan": lambda x: x != x,
    "isnormal": is_normal,
    "signbit": lambda x: row("copysign", 1, x) < 0,
}


def arity(name: str) -> str:
    """Return how many arguments an operator takes, in words; empty for what is no operator."""
    if name == "-":
        return "1 or 2"
    if name in ROWS:
        return str(TABLE[ROWS[name]].arity)
    if name in COMPOSED:
        return str(COMPOSED[name][0])
    return "1" if name in PREDICATES else ""
